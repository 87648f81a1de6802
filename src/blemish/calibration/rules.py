"""Thresholds by the rules of publications, from scores of normal images. None of them guarantees anything.

They repeat a published experiment as it was decided. A detector in use should have a threshold of
`blemish.calibration.guarantee`.

==============  =================================  =====================================================================
rule            threshold                          from
==============  =================================  =====================================================================
``mean-std:K``  mean + K standard deviations       García-de-la-Puente et al. 2023, K = 1
``min-max:F``   min + F · (max - min)              scores scaled by minimum and maximum, as in GANomaly's code
``fixed:T``     T                                  a published or earlier threshold
==============  =================================  =====================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast, get_args

from numpy.typing import ArrayLike

from blemish.calibration.scores import checked_scores
from blemish.errors import SettingsError, did_you_mean

RuleName = Literal["mean-std", "min-max", "fixed"]


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """A rule and its number: an image is flagged at ``score >= threshold``."""

    name: RuleName
    value: float

    @classmethod
    def parse(cls, text: str) -> ThresholdRule:
        """``mean-std:1``, ``min-max:0.5`` or ``fixed:0.2366``.

        Raises:
            SettingsError: no such rule, no number, or a fraction of ``min-max`` outside [0, 1].
        """
        name, _, number = text.partition(":")
        if name not in get_args(RuleName):
            known = ", ".join(f"{rule}:NUMBER" for rule in get_args(RuleName))
            hint = did_you_mean(name, get_args(RuleName))
            raise SettingsError(f'There is no threshold rule "{text}"; there are {known}.{hint}')
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise SettingsError(f'The threshold rule "{text}" needs a number, such as {name}:1.')
        if name == "min-max" and not 0 <= value <= 1:
            raise SettingsError(f"The fraction of min-max must lie between 0 and 1; got {value:g}.")
        return cls(cast(RuleName, name), value)

    def threshold(self, scores: ArrayLike) -> float:
        """The threshold from scores (n,) of normal images that the detector was not fitted on.

        Raises:
            DataError: none, or NaN or infinite ones; ``fixed`` needs none.
        """
        if self.name == "fixed":
            return self.value
        values = checked_scores(scores)
        if self.name == "mean-std":
            return float(values.mean() + self.value * values.std())
        return float(values.min() + self.value * (values.max() - values.min()))

    def describe(self, n: int) -> str:
        """The rule in one sentence, for ``n`` images."""
        if self.name == "fixed":
            return f"Fixed at {self.value:g}; no guarantee."
        of = f"the scores of {n} normal images; no guarantee"
        if self.name == "mean-std":
            return f"Mean + {self.value:g} standard deviations of {of}."
        return f"At {self.value:g} of the way from the minimum to the maximum of {of}."
