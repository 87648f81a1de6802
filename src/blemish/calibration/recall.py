"""What labelled defects allow to be said about the fraction of defects that is caught.

At a threshold that was chosen without them, the number caught of n defects is binomial, and Clopper and Pearson
("The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934) give the
lower bound. Where the defects themselves choose the threshold, the k-th lowest of their scores catches a fraction that
follows Beta(n - k + 1, k): order statistics, as for false alarms.

Both need defects like those to come, each of another part, that the detector never saw in training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from blemish.calibration.exact import at_least
from blemish.calibration.scores import TooFewImagesError, checked_fraction, checked_scores
from blemish.text import percent


@dataclass(frozen=True, slots=True)
class Recall:
    """What is known of the fraction of defects that a threshold catches.

    Attributes:
        threshold: caught at ``score >= threshold``.
        at_least: lower bound of the fraction caught, in [0, 1].
        confidence: with which it holds.
        n: labelled defects.
        caught: how many of them are.
    """

    threshold: float
    at_least: float
    confidence: float
    n: int
    caught: int

    def describe(self) -> str:
        """The bound in one sentence."""
        return (
            f"With {percent(self.confidence)} confidence, at least {percent(math.floor(self.at_least * 1000) / 1000)} "
            f"of defects like these are caught ({self.caught} of {self.n} labelled defects)."
        )


def recall_at(defect_scores: ArrayLike, threshold: float, confidence: float = 0.95) -> Recall:
    """The fraction that a threshold catches, which was chosen without these defects.

    Args:
        defect_scores: (n,) scores of labelled defects.
        threshold: caught at ``score >= threshold``.
        confidence: in (0, 1).

    Raises:
        DataError: NaN or infinite scores, or none.
        SettingsError: confidence outside (0, 1).
    """
    checked_fraction(confidence, "confidence")
    scores = checked_scores(defect_scores, "scores of defects")
    n, caught = scores.size, int(np.count_nonzero(scores >= threshold))
    return Recall(threshold, at_least(caught, n, confidence), confidence, n, caught)


def highest_recall(n: int, confidence: float = 0.95) -> float:
    """The highest fraction that n labelled defects can guarantee: all of them caught.

    Args:
        n: labelled defects, at least 1.
        confidence: in (0, 1).

    Returns:
        (1 - confidence)^(1 / n).
    """
    return math.exp(math.log1p(-checked_fraction(confidence, "confidence")) / n)


def recall_threshold(defect_scores: ArrayLike, recall: float, confidence: float = 0.95) -> Recall:
    """The highest threshold with: "with this confidence at least this fraction of defects is caught".

    Args:
        defect_scores: (n,) scores of labelled defects.
        recall: guaranteed fraction caught, in (0, 1).
        confidence: in (0, 1).

    Returns:
        The threshold, ``at_least`` being ``recall``.

    Raises:
        TooFewImagesError: no threshold can guarantee it with so few; the message says what can be, and how many it
            would take.
        DataError: NaN or infinite scores, or none.
        SettingsError: a fraction outside (0, 1).
    """
    from scipy.special import bdtr

    checked_fraction(recall, "recall")
    checked_fraction(confidence, "confidence")
    ascending = np.sort(checked_scores(defect_scores, "scores of defects"))
    n = ascending.size
    # Missing k of n has at least this risk of a recall below the one wanted; it rises with k.
    risks = np.asarray(bdtr(np.arange(n, dtype=np.float64), n, 1 - recall))
    missed = int(np.count_nonzero(risks <= 1 - confidence)) - 1
    if missed < 0:
        needed = math.ceil(math.log1p(-confidence) / math.log(recall))
        most = math.ceil(highest_recall(n, confidence) * 1000) / 1000
        raise TooFewImagesError(
            f"With {n} labelled defects, no threshold can guarantee that more than {percent(most)} are caught, with "
            f"{percent(confidence)} confidence; {percent(recall)} takes {needed}.",
            given=n,
            needed=needed,
        )
    threshold = float(ascending[missed])
    return Recall(threshold, recall, confidence, n, int(np.count_nonzero(ascending >= threshold)))
