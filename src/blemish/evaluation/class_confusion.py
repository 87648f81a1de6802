"""Which class was taken for which: a count for every pair of true and predicted class, normal being one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.evaluation.confusion import ratio

NORMAL = "normal"


class ClassConfusion:
    """Counts images by their true and their predicted class: `add` one after another.

    Args:
        classes: names of the defect classes. `NORMAL` stands before them.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.labels = (NORMAL, *classes)
        self.counts: NDArray[np.int64] = np.zeros((len(self.labels), len(self.labels)), dtype=np.int64)
        """int64 (K + 1, K + 1): rows truth, columns prediction, in the order of ``labels``."""

    def add(self, truth: str | None, predicted: str | None) -> None:
        """Count one image; None stands for normal.

        Raises:
            DataError: a class that was not declared.
        """
        self.counts[self._place(truth), self._place(predicted)] += 1

    @property
    def n(self) -> int:
        """Number of images."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float | None:
        """Fraction of the images put into their own class; None without images."""
        return ratio(int(np.trace(self.counts)), self.n)

    @property
    def recalls(self) -> dict[str, float | None]:
        """Fraction of the images of each class that were put into it; None for a class without images."""
        return {label: ratio(int(row[k]), int(row.sum())) for k, (label, row) in enumerate(self._rows())}

    @property
    def balanced_accuracy(self) -> float | None:
        """Mean of the recalls of the classes that have images: a rare class counts as much as a common one."""
        known = [recall for recall in self.recalls.values() if recall is not None]
        return ratio(sum(known), len(known))

    def to_record(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "labels": list(self.labels),
            "counts": self.counts.tolist(),
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "recalls": self.recalls,
        }

    def _rows(self) -> list[tuple[str, NDArray[np.int64]]]:
        return list(zip(self.labels, self.counts, strict=True))

    def _place(self, label: str | None) -> int:
        name = NORMAL if label is None else label
        if name not in self.labels:
            raise DataError(f'There is no class "{name}" among {", ".join(self.labels)}.')
        return self.labels.index(name)
