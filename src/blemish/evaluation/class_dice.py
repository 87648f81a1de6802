"""Dice of each class over images, as Kaggle scored Severstal's steel, and what that score hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError


def dice(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """``2 |P ∩ T| / (|P| + |T|)``, and 1 where both are empty, as Kaggle has it."""
    area = int(np.count_nonzero(predicted)) + int(np.count_nonzero(truth))
    return 1.0 if area == 0 else 2 * int(np.count_nonzero(predicted & truth)) / area


@dataclass(frozen=True, slots=True)
class ClassDiceRow:
    """Metrics of one class, or of all together. A metric is None where no image counts for it.

    Attributes:
        label: the class; "all" takes every pair of image and class as one.
        n: pairs of image and class.
        n_with: pairs in which the image shows the class.
        mean_dice: over all pairs, 1 where nothing is there and nothing was found: Kaggle's score. Beware: where most
            pairs are empty, finding nothing scores well; on Severstal's test images an empty answer had .856.
        dice_where_present: over the pairs in which the image shows the class: nothing found there is 0.
        false_positive_rate: fraction of the images without the class in which some pixel is called so.
        false_negative_rate: fraction of the images with the class in which no pixel is.
    """

    label: str
    n: int
    n_with: int
    mean_dice: float | None
    dice_where_present: float | None
    false_positive_rate: float | None
    false_negative_rate: float | None

    def to_record(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class ClassDice:
    """Gathers the masks of several classes image by image: `add`, then `rows`.

    Args:
        classes: names, in the order of the masks.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = tuple(classes)
        self._dice: list[list[float]] = []
        self._found: list[NDArray[np.bool_]] = []
        self._there: list[NDArray[np.bool_]] = []

    def add(self, predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
        """Add one image.

        Args:
            predicted: bool (K, H, W).
            truth: bool (K, H, W).

        Raises:
            DataError: not one mask a class, or sizes that differ.
        """
        if predicted.shape != truth.shape or predicted.ndim != 3 or len(predicted) != len(self._classes):
            raise DataError(
                f"Masks of {len(self._classes)} classes must have the shape (K, H, W) on both sides; "
                f"got {predicted.shape} and {truth.shape}."
            )
        self._dice.append([dice(one, other) for one, other in zip(predicted, truth, strict=True)])
        self._found.append(np.asarray(predicted.any(axis=(1, 2))))
        self._there.append(np.asarray(truth.any(axis=(1, 2))))

    def rows(self) -> tuple[ClassDiceRow, ...]:
        """A row for each class, then one of all; empty where no image was added."""
        if not self._dice:
            return ()
        scores, found, there = np.array(self._dice), np.array(self._found), np.array(self._there)
        each = [_row(label, scores[:, k], found[:, k], there[:, k]) for k, label in enumerate(self._classes)]
        return (*each, _row("all", scores.ravel(), found.ravel(), there.ravel()))


def _row(label: str, scores: NDArray[np.float64], found: NDArray[np.bool_], there: NDArray[np.bool_]) -> ClassDiceRow:
    def mean(values: NDArray[Any]) -> float | None:
        return float(values.mean()) if values.size else None

    return ClassDiceRow(
        label=label,
        n=len(scores),
        n_with=int(there.sum()),
        mean_dice=mean(scores),
        dice_where_present=mean(scores[there]),
        false_positive_rate=mean(found[~there]),
        false_negative_rate=mean(~found[there]),
    )
