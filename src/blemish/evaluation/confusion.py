"""What one threshold gets right and wrong: four counts, and the metrics read from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.evaluation.ranking import checked_pairs


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of items (images or pixels) by truth and decision.

    Every metric is a quotient of counts, and None where that is 0/0. Nothing flagged at all, for one, leaves precision
    None, recall 0 and F1 0; no defect and nothing flagged leaves only the accuracy, 1.

    Attributes:
        true_positives: defective and flagged.
        false_positives: normal and flagged.
        false_negatives: defective and missed.
        true_negatives: normal and passed.
    """

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int = 0

    @classmethod
    def of(cls, flagged: ArrayLike, defective: ArrayLike, ignored: NDArray[np.bool_] | None = None) -> Self:
        """Count decisions against the truth, bool arrays of one shape, without those that are ignored."""
        decided, truth = np.asarray(flagged, dtype=np.bool_), np.asarray(defective, dtype=np.bool_)
        if ignored is not None:
            decided, truth = decided[~ignored], truth[~ignored]
        both, n_decided, n_truth = (int(np.count_nonzero(a)) for a in (decided & truth, decided, truth))
        return cls(both, n_decided - both, n_truth - both, truth.size - n_decided - n_truth + both)

    @classmethod
    def at(cls, threshold: float, scores: ArrayLike, defective: ArrayLike) -> Self:
        """Count with ``score >= threshold`` as the decision.

        Raises:
            DataError: scores that are NaN or infinite, or lengths that differ.
        """
        values, truth = checked_pairs(scores, defective)
        return cls.of(values >= threshold, truth)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.true_negatives + other.true_negatives,
        )

    @property
    def total(self) -> int:
        """Number of items."""
        return self.true_positives + self.false_positives + self.false_negatives + self.true_negatives

    @property
    def accuracy(self) -> float | None:
        """Fraction of the items decided rightly."""
        return ratio(self.true_positives + self.true_negatives, self.total)

    @property
    def precision(self) -> float | None:
        """Fraction of the flagged items that are defective."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """Fraction of the defective items that are flagged."""
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def false_alarm_rate(self) -> float | None:
        """Fraction of the normal items that are flagged."""
        return ratio(self.false_positives, self.false_positives + self.true_negatives)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
        return ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    @property
    def dice(self) -> float | None:
        """Dice coefficient of the two sets: for one class the same number as F1, under the name that masks go by."""
        return self.f1

    @property
    def iou(self) -> float | None:
        """Intersection over union of the defective class alone (no mean with the background)."""
        return ratio(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)

    @property
    def mean_iou(self) -> float | None:
        """The mean of the intersections over union of the defective and of the normal class, as papers print it."""
        background = ratio(self.true_negatives, self.true_negatives + self.false_positives + self.false_negatives)
        return None if self.iou is None or background is None else (self.iou + background) / 2

    def matrix(self) -> NDArray[np.int64]:
        """int64 (2, 2): rows truth (normal, defective), columns decision (passed, flagged)."""
        return np.array(
            [[self.true_negatives, self.false_positives], [self.false_negatives, self.true_positives]], dtype=np.int64
        )

    def to_record(self) -> dict[str, int]:
        """The four counts by name."""
        return {
            "true_positives": self.true_positives,
            "false_positives": self.false_positives,
            "false_negatives": self.false_negatives,
            "true_negatives": self.true_negatives,
        }


def ratio(part: float, whole: float) -> float | None:
    """``part / whole``, None where both are nothing."""
    return part / whole if whole else None
