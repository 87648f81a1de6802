"""Precision and recall of masks when a few pixels' distance is forgiven.

Hand-drawn crack labels are off by a pixel or two, so the crack literature counts a pixel as right when the other mask
comes within 2 or 5 px of it (CrackForest, Shi et al. 2016; CrackTree, Zou et al. 2012). The tolerance changes F1 by
twenty points and more: a metric without its tolerance says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.evaluation.confusion import ratio


@dataclass(frozen=True, slots=True)
class ToleranceCounts:
    """Counts pooled over images, at one tolerance t.

    Attributes:
        predicted_px: predicted pixels.
        predicted_near_px: of these, within t px (Euclidean, pixel centre to pixel centre, t included) of a true pixel.
        truth_px: true pixels.
        truth_near_px: of these, within t px of a predicted pixel.
    """

    predicted_px: int = 0
    predicted_near_px: int = 0
    truth_px: int = 0
    truth_near_px: int = 0

    def __add__(self, other: ToleranceCounts) -> ToleranceCounts:
        return ToleranceCounts(
            self.predicted_px + other.predicted_px,
            self.predicted_near_px + other.predicted_near_px,
            self.truth_px + other.truth_px,
            self.truth_near_px + other.truth_near_px,
        )

    @property
    def precision(self) -> float | None:
        """Fraction of the predicted pixels that lie near the truth; None when nothing was predicted."""
        return ratio(self.predicted_near_px, self.predicted_px)

    @property
    def recall(self) -> float | None:
        """Fraction of the true pixels that lie near the prediction; None when there are none."""
        return ratio(self.truth_near_px, self.truth_px)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two: 0 where one of them is 0 or None, None where both are None."""
        precision, recall = self.precision, self.recall
        if precision is None and recall is None:
            return None
        if not precision or not recall:
            return 0.0
        return 2.0 * precision * recall / (precision + recall)


def count_within(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], tolerances_px: tuple[float, ...]
) -> tuple[ToleranceCounts, ...]:
    """Count one image at several tolerances, with two exact distance transforms in all.

    Args:
        predicted: bool (H, W).
        truth: bool (H, W).
        tolerances_px: distances, px, >= 0.

    Returns:
        One `ToleranceCounts` for each tolerance, in order.
    """
    to_truth = distance_to(truth)[predicted]
    to_predicted = distance_to(predicted)[truth]
    return tuple(
        ToleranceCounts(
            predicted_px=to_truth.size,
            predicted_near_px=int(np.count_nonzero(to_truth <= tolerance)),
            truth_px=to_predicted.size,
            truth_near_px=int(np.count_nonzero(to_predicted <= tolerance)),
        )
        for tolerance in tolerances_px
    )


def distance_to(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Exact Euclidean distance from each pixel's centre to the nearest True pixel's, px; infinite where there is none.

    Args:
        mask: bool (H, W).

    Returns:
        float32 (H, W).
    """
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    inverse = np.logical_not(mask).view(np.uint8)
    distance = cv2.distanceTransform(inverse, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, dtype=np.float32)
