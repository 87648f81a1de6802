"""What a graph must answer: its shapes and numbers are somebody else's, so each answer is held against the schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from blemish.detectors.runtime import SURFACE, Prediction
from blemish.detectors.schema import DetectorSpec
from blemish.errors import DetectorError


@dataclass(frozen=True, slots=True)
class Output:
    """What matters of one output of a graph.

    Attributes:
        shape: its sizes.
        finite: whether all of its values are finite numbers.
    """

    shape: tuple[int, ...]
    finite: bool

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> Self:
        """That of an array."""
        return cls(values.shape, bool(np.isfinite(values).all()))


def check_answer(found: Prediction, spec: DetectorSpec, batch: tuple[int, ...]) -> Prediction:
    """The answer as it is, once `check_outputs` has nothing against it."""
    check_outputs(outputs_of(found), spec, batch)
    return found


def outputs_of(found: Prediction) -> dict[str, Output]:
    """What matters of an answer."""
    arrays = {"score": found.scores, "map": found.maps, SURFACE: found.surfaces}
    return {name: Output.of(values) for name, values in arrays.items() if values is not None}


def check_outputs(outputs: Mapping[str, Output], spec: DetectorSpec, batch: tuple[int, ...]) -> None:
    """Compare what a graph gave with what its detector says that it gives.

    Args:
        outputs: by name, ``score``, ``map`` and ``surface``.
        spec: of the detector.
        batch: shape of what the graph was given: (N, H, W, 3), or (N, L, C) of a series.

    Raises:
        DetectorError: scores, maps or surfaces are missing, of another shape or number of classes, or have values that
            are no finite numbers: these would pass every threshold without a word.
    """
    count, *places = batch[:-1]
    classes = (len(spec.classes),) if len(spec.classes) > 1 else ()
    wanted: dict[str, tuple[int, ...]] = {"score": (count,)}
    if spec.localises:
        wanted["map"] = (count, *classes, *places)
    if spec.knows_surfaces:
        wanted[SURFACE] = (count,)
    if set(outputs) != set(wanted):
        raise DetectorError(
            f"The detector's graph gives {' and '.join(sorted(outputs))} where {' and '.join(sorted(wanted))} "
            "are stated; get the detector again."
        )
    for name, shape in wanted.items():
        if outputs[name].shape != shape:
            raise DetectorError(
                f"The detector's graph gives a {name} of shape {outputs[name].shape} where {shape} is right; "
                "get the detector again."
            )
        if not outputs[name].finite:
            raise DetectorError(
                f"The detector's graph gives a {name} with values that are no finite numbers; train it again."
            )
