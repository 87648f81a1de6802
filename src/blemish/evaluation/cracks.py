"""The crack literature's own metrics: best thresholds per data set and per image, centre lines, length found.

All are pooled over images except OIS, which is a mean over images by definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError, SettingsError
from blemish.evaluation.confusion import ratio
from blemish.evaluation.tolerance import ToleranceCounts, count_within, distance_to
from blemish.measurement.skeleton.thin import thin

CENTRE_LINE_TOLERANCE_PX = 4.0
LENGTH_TOLERANCE_PX = 2.0
# Hundredths, as edge detection and the crack papers after it sweep probability maps (Martin, Fowlkes, Malik 2004).
PROBABILITIES = tuple(k / 100 for k in range(1, 100))


@dataclass(frozen=True, slots=True)
class CrackResult:
    """Crack metrics over a split. Each is None where it has no meaning.

    Attributes:
        tolerance_px: at which ODS and OIS count a pixel as right.
        ods: "optimal data-set scale": F1 of the pooled counts at the one threshold that is best for all images.
        ods_threshold: that threshold; the highest where several tie.
        ois: "optimal image scale": mean over images with a crack of the F1 at each image's own best threshold.
        centre_line_iou: IoU of predicted and true centre lines at 4 px (clIoU, Benz and Rodehorst, "OmniCrack30k",
            CVPR workshops 2024, as in the authors' code): true centre-line pixels within 4 px of the predicted line,
            over these, the rest of the true line, and predicted line pixels that are not within 4 px of the true one.
        length_recall: fraction of the true centre line, by pixels, within 2 px of the predicted mask: how much of the
            cracks' length was found, whatever the width.
    """

    tolerance_px: float
    ods: float | None = None
    ods_threshold: float | None = None
    ois: float | None = None
    centre_line_iou: float | None = None
    length_recall: float | None = None

    def details(self) -> dict[str, Any]:
        """Plain values, with the tolerances in the names."""
        at = f"{self.tolerance_px:g}px"
        return {
            f"ods_{at}": self.ods,
            f"ods_threshold_{at}": self.ods_threshold,
            f"ois_{at}": self.ois,
            f"centre_line_iou_{CENTRE_LINE_TOLERANCE_PX:g}px": self.centre_line_iou,
            f"length_recall_{LENGTH_TOLERANCE_PX:g}px": self.length_recall,
        }


class CrackMetrics:
    """Accumulates crack metrics: `add` image by image, then `result`. Memory does not grow with the images.

    Args:
        thresholds: tried by ODS and OIS, ascending; the default suits maps of probabilities.
        tolerance_px: distance (Euclidean) up to which ODS and OIS count a pixel as right; 0 is strict.

    Raises:
        SettingsError: no thresholds, not ascending, or a negative tolerance.
    """

    def __init__(self, thresholds: Sequence[float] = PROBABILITIES, *, tolerance_px: float = 2.0) -> None:
        # In float32, as anomaly maps are compared with a threshold.
        self._thresholds = np.asarray(thresholds, dtype=np.float32)
        if self._thresholds.size == 0 or not np.all(np.diff(self._thresholds) > 0):
            raise SettingsError("ODS and OIS need at least one threshold, in rising order without repeats.")
        if not tolerance_px >= 0:
            raise SettingsError(f"A tolerance is a distance in pixels, 0 or more; got {tolerance_px:g}.")
        self._tolerance_px = tolerance_px
        self._disc = _disc(tolerance_px)
        self._counts = np.zeros((4, self._thresholds.size), dtype=np.int64)
        self._best_f1: list[float] = []
        self._lines = ToleranceCounts()
        self._length_found_px = 0

    def add(
        self,
        anomaly_map: NDArray[np.floating[Any]],
        truth: NDArray[np.bool_],
        predicted: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add one image.

        Args:
            anomaly_map: float32 (H, W), finite, higher is worse.
            truth: bool (H, W), True on cracks.
            predicted: bool (H, W), for the centre-line metrics; None leaves the image out of them.

        Raises:
            DataError: sizes that differ, or NaN or infinite values.
        """
        shapes = {anomaly_map.shape, truth.shape} | (set() if predicted is None else {predicted.shape})
        if len(shapes) != 1 or anomaly_map.ndim != 2 or anomaly_map.size == 0:
            raise DataError(f"An anomaly map and its masks must have one size (H, W); got {sorted(shapes)}.")
        values = np.ascontiguousarray(anomaly_map, dtype=np.float32)
        if not np.isfinite(values).all():
            raise DataError("An anomaly map has NaN or infinite values; all must be finite.")
        counts = self._sweep(values, truth)
        self._counts += counts
        if truth.any():
            self._best_f1.append(float(_f1(counts).max()))
        if predicted is not None:
            true_line = thin(truth)
            self._lines += count_within(thin(predicted), true_line, (CENTRE_LINE_TOLERANCE_PX,))[0]
            self._length_found_px += int(np.count_nonzero(distance_to(predicted)[true_line] <= LENGTH_TOLERANCE_PX))

    def result(self) -> CrackResult:
        """The metrics over everything added so far; more may be added after."""
        f1 = _f1(self._counts)
        best = f1.size - 1 - int(np.argmax(f1[::-1]))
        known = bool(self._best_f1)
        lines = self._lines
        return CrackResult(
            tolerance_px=self._tolerance_px,
            ods=float(f1[best]) if known else None,
            ods_threshold=float(self._thresholds[best]) if known else None,
            ois=float(np.mean(self._best_f1)) if known else None,
            centre_line_iou=ratio(lines.truth_near_px, lines.truth_px + lines.predicted_px - lines.predicted_near_px),
            length_recall=ratio(self._length_found_px, lines.truth_px),
        )

    def _sweep(self, values: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Predicted, predicted near truth, true, true near predicted: int64 (4, thresholds).

        A true pixel lies near the prediction at a threshold just when the highest value in the disc around it reaches
        that threshold: one dilation serves all thresholds.
        """
        reach = np.asarray(cv2.dilate(values, self._disc), dtype=np.float32) if self._disc.size > 1 else values
        near = distance_to(truth) <= self._tolerance_px
        return np.stack(
            [
                self._at_or_above(values.ravel()),
                self._at_or_above(values[near]),
                np.full(self._thresholds.size, np.count_nonzero(truth)),
                self._at_or_above(reach[truth]),
            ]
        )

    def _at_or_above(self, values: NDArray[np.float32]) -> NDArray[np.int64]:
        """How many values reach each threshold, int64 (thresholds,)."""
        passed = np.searchsorted(self._thresholds, values, side="right")
        by_level = np.bincount(passed, minlength=self._thresholds.size + 1)
        return np.cumsum(by_level[::-1])[::-1][1:]


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 at each threshold, 0 where it is 0/0."""
    predicted, predicted_near, truth, truth_near = counts.astype(np.float64)
    precision = predicted_near / np.maximum(predicted, 1.0)
    recall = truth_near / np.maximum(truth, 1.0)
    return np.asarray(2.0 * precision * recall / np.maximum(precision + recall, 1e-300), dtype=np.float64)


def _disc(radius_px: float) -> NDArray[np.uint8]:
    """All offsets within the radius, uint8 (2 r + 1, 2 r + 1)."""
    reach = int(radius_px)
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(x * x + y * y <= radius_px * radius_px, dtype=np.uint8)
