"""Pixel metrics of a whole split, pooled over all its pixels, image by image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.evaluation.confusion import Confusion
from blemish.evaluation.pooled import PooledMetrics, PooledScores
from blemish.evaluation.ranking import BestF1
from blemish.evaluation.tolerance import ToleranceCounts, count_within

TOLERANCES_PX = (2.0, 5.0)
PRO_LIMIT = 0.3


@dataclass(frozen=True, slots=True)
class PixelResult:
    """Pooled pixel metrics. A metric is None where it has no meaning.

    Attributes:
        n_images: images added.
        n_px: pixels added.
        ranking: metrics of the anomaly maps, whatever the threshold.
        confusion: counts of the predicted masks; None when no mask was given.
        tolerance: counts of the predicted masks by tolerance, px; empty when no mask was given.
        per_image: counts of each image's predicted mask, in order: what confidence intervals resample.
    """

    n_images: int = 0
    n_px: int = 0
    ranking: PooledMetrics = field(default_factory=PooledMetrics)
    confusion: Confusion | None = None
    tolerance: dict[float, ToleranceCounts] = field(default_factory=dict)
    per_image: tuple[Confusion, ...] = field(default=(), repr=False)

    def to_record(self) -> dict[str, float | None]:
        """The nine metrics of ``evaluate --json``; all None where no mask marks a defect."""
        marked = self.confusion is not None and self.confusion.true_positives + self.confusion.false_negatives > 0
        at = self.confusion if marked else None
        near = self.tolerance.get(2.0) if marked else None
        return {
            "auroc": self.ranking.auroc,
            "average_precision": self.ranking.average_precision,
            "precision": at.precision if at else None,
            "recall": at.recall if at else None,
            "accuracy": at.accuracy if at else None,
            "f1": at.f1 if at else None,
            "iou": at.iou if at else None,
            "dice": at.dice if at else None,
            "f1_2px": near.f1 if near else None,
        }

    def details(self) -> dict[str, Any]:
        """Everything else, as plain values."""
        record: dict[str, Any] = {
            "n_images": self.n_images,
            "n_px": self.n_px,
            "auroc_error": self.ranking.auroc_error,
            "aupro": self.ranking.aupro,
            "best_f1": self.ranking.best_f1,
            "best_threshold": self.ranking.best_threshold,
            "mean_iou": self.confusion.mean_iou if self.confusion else None,
            "confusion": self.confusion.to_record() if self.confusion else None,
        }
        for tolerance_px, counts in self.tolerance.items():
            record[f"precision_{tolerance_px:g}px"] = counts.precision
            record[f"recall_{tolerance_px:g}px"] = counts.recall
            record[f"f1_{tolerance_px:g}px"] = counts.f1
        return record


class PixelMetrics:
    """Accumulates pixel metrics: `add` image by image, then `result`.

    Ranking metrics (AUROC, average precision, AUPRO, best F1) are exact up to ``exact_limit`` pixels; see
    `blemish.evaluation.pooled` for what happens beyond. All counts are exact however many images follow.

    Args:
        exact_limit: number of pixels up to which ranking metrics are exact.
        rank: False leaves the ranking metrics out, and with them the memory that they need.
    """

    def __init__(self, exact_limit: int = 1 << 27, *, rank: bool = True) -> None:
        self._scores = PooledScores(exact_limit) if rank else None
        self._n_images = 0
        self._n_px = 0
        self._per_image: list[Confusion] = []
        self._tolerance = [ToleranceCounts() for _ in TOLERANCES_PX]

    def add(
        self,
        anomaly_map: NDArray[np.floating[Any]],
        truth: NDArray[np.bool_],
        predicted: NDArray[np.bool_] | None = None,
        ignored: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add one image.

        Args:
            anomaly_map: float32 (H, W), finite, higher is worse. Other float types are rounded to float32.
            truth: bool (H, W), True where defective.
            predicted: bool (H, W), True where the detector says so; None where it draws no mask. Give it for every
                image or for none.
            ignored: bool (H, W), pixels that count in no metric; None: all count.

        Raises:
            DataError: sizes that differ, NaN or infinite values, or masks for some images only.
        """
        values, true_mask = _checked(anomaly_map, truth, predicted)
        if self._n_images and (predicted is not None) != bool(self._per_image):
            raise DataError("A predicted mask must be given for every image or for none.")
        self._n_images += 1
        decided = None if predicted is None else np.ascontiguousarray(predicted, dtype=np.bool_)
        if ignored is not None:
            true_mask = true_mask & ~ignored
            decided = None if decided is None else decided & ~ignored
        counted = np.s_[:] if ignored is None else ~ignored
        self._n_px += values[counted].size
        if self._scores is not None:
            # Regions are 8-connected, as in MVTec's own evaluation.
            _, regions, stats, _ = cv2.connectedComponentsWithStats(true_mask.view(np.uint8), connectivity=8)
            areas_px = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
            self._scores.add(values[counted], regions.astype(np.int32, copy=False)[counted], areas_px)
        if decided is not None:
            self._per_image.append(Confusion.of(decided, true_mask, ignored))
            here = count_within(decided, true_mask, TOLERANCES_PX)
            self._tolerance = [total + counts for total, counts in zip(self._tolerance, here, strict=True)]

    def result(self) -> PixelResult:
        """The metrics over everything added so far; more may be added after."""
        masks = bool(self._per_image)
        return PixelResult(
            n_images=self._n_images,
            n_px=self._n_px,
            ranking=self._scores.metrics(PRO_LIMIT) if self._scores is not None else PooledMetrics(),
            confusion=sum(self._per_image, Confusion()) if masks else None,
            tolerance=dict(zip(TOLERANCES_PX, self._tolerance, strict=True)) if masks else {},
            per_image=tuple(self._per_image),
        )


def best_f1_threshold(
    images: Iterable[tuple[NDArray[np.floating[Any]], NDArray[np.bool_], NDArray[np.bool_] | None]],
    exact_limit: int = 1 << 27,
) -> BestF1 | None:
    """The pixel threshold with the highest pooled F1 over labelled images, exactly.

    The images must be held out of training for this; taken from the test split, the answer is picked on the test.

    Args:
        images: anomaly map float32 (H, W), truth bool (H, W) and ignored pixels bool (H, W) or None, drawn one at a
            time.
        exact_limit: number of pixels up to which the answer is exact; see `blemish.evaluation.pooled`.

    Returns:
        Threshold, ``anomaly_map >= threshold`` being defective, and F1; None unless both kinds of pixel were seen.

    Raises:
        DataError: as `PixelMetrics.add`.
    """
    metrics = PixelMetrics(exact_limit)
    for anomaly_map, truth, ignored in images:
        metrics.add(anomaly_map, truth, ignored=ignored)
    ranking = metrics.result().ranking
    if ranking.best_threshold is None or ranking.best_f1 is None:
        return None
    return BestF1(threshold=ranking.best_threshold, f1=ranking.best_f1)


def _checked(
    anomaly_map: NDArray[np.floating[Any]], truth: NDArray[np.bool_], predicted: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    if anomaly_map.ndim != 2 or anomaly_map.size == 0 or anomaly_map.shape != truth.shape:
        raise DataError(
            f"An anomaly map and its true mask must have one size (H, W); got {anomaly_map.shape} and {truth.shape}."
        )
    if predicted is not None and predicted.shape != truth.shape:
        raise DataError(f"A predicted mask must be of its image's size {truth.shape}; got {predicted.shape}.")
    values = np.ascontiguousarray(anomaly_map, dtype=np.float32)
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise DataError(f"{bad} of the {values.size} values of an anomaly map are NaN or infinite; all must be finite.")
    return values, np.ascontiguousarray(truth, dtype=np.bool_)
