"""Pixel metrics of one map at a handful of thresholds, as papers print them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.evaluation.confusion import Confusion
from blemish.evaluation.pixels import TOLERANCES_PX
from blemish.evaluation.tolerance import ToleranceCounts, count_within

Clean = Callable[[NDArray[np.bool_]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class SweepRow:
    """Pooled counts at one threshold.

    Attributes:
        threshold: a pixel is defective at ``map >= threshold``.
        confusion: counts at 0 px.
        tolerance: counts by tolerance, px.
    """

    threshold: float
    confusion: Confusion
    tolerance: dict[float, ToleranceCounts]

    def to_record(self) -> dict[str, float | None]:
        """Threshold, precision, recall, accuracy and F1 at 0 px, F1 by tolerance."""
        at = self.confusion
        record = {
            "threshold": self.threshold,
            "precision": at.precision,
            "recall": at.recall,
            "accuracy": at.accuracy,
            "f1": at.f1,
        }
        return record | {f"f1_{px:g}px": counts.f1 for px, counts in self.tolerance.items()}


class ThresholdSweep:
    """Accumulates counts at several thresholds: `add` image by image, then `rows`.

    Args:
        thresholds: of the map.
        clean: what is done to each mask before it is counted, such as removing small components.
        tolerances_px: distances up to which a pixel counts as right, beside 0.
    """

    def __init__(
        self,
        thresholds: Sequence[float],
        *,
        clean: Clean | None = None,
        tolerances_px: tuple[float, ...] = TOLERANCES_PX,
    ) -> None:
        # In float32, as anomaly maps are compared with a threshold.
        self._thresholds = [float(np.float32(each)) for each in thresholds]
        self._names = [float(each) for each in thresholds]
        self._clean = clean
        self._tolerances_px = tolerances_px
        self._confusions = [Confusion() for _ in thresholds]
        self._near = [tuple(ToleranceCounts() for _ in tolerances_px) for _ in thresholds]

    def add(self, anomaly_map: NDArray[np.float32], truth: NDArray[np.bool_]) -> None:
        """Add one image.

        Args:
            anomaly_map: float32 (H, W), higher is worse.
            truth: bool (H, W).

        Raises:
            DataError: sizes that differ.
        """
        if anomaly_map.shape != truth.shape or anomaly_map.ndim != 2:
            raise DataError(
                f"An anomaly map and its true mask must have the same size; got {anomaly_map.shape} and {truth.shape}."
            )
        for place, threshold in enumerate(self._thresholds):
            mask = anomaly_map >= threshold
            if self._clean is not None:
                mask = self._clean(mask)
            self._confusions[place] += Confusion.of(mask, truth)
            if self._tolerances_px:
                here = count_within(mask, truth, self._tolerances_px)
                self._near[place] = tuple(a + b for a, b in zip(self._near[place], here, strict=True))

    def rows(self) -> tuple[SweepRow, ...]:
        """One row for each threshold, in order."""
        return tuple(
            SweepRow(name, confusion, dict(zip(self._tolerances_px, near, strict=True)))
            for name, confusion, near in zip(self._names, self._confusions, self._near, strict=True)
        )

    def best(self) -> SweepRow:
        """The row with the highest F1 at 0 px, the first where several tie."""
        return max(self.rows(), key=lambda row: row.confusion.f1 or 0.0)
