"""Which pixels of a mask belong together: connected ones, and pieces that lie near one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Components:
    """The components of a mask, by label; 0 is the outside.

    Attributes:
        labels: int32 (H, W).
        areas_px: number of pixels, int (n,).
        boxes_px: x, y, width and height, int (n, 4).
        centroids_px: x and y, pixel centres at whole numbers, float64 (n, 2).
    """

    labels: NDArray[np.int32]
    areas_px: NDArray[Any]
    boxes_px: NDArray[Any]
    centroids_px: NDArray[np.float64]


def find_components(mask: NDArray[np.bool_], gap_px: int = 0) -> Components:
    """The 8-connected components of a mask; pieces near one another count as one.

    Args:
        mask: bool (H, W).
        gap_px: two pieces are one where at most so many rows and so many columns lie between two of their pixels; 0
            joins only what touches.
    """
    # By blocks of pixels: the same components in the same order as OpenCV's default, in a third of its time.
    _, found, stats, centroids = cv2.connectedComponentsWithStatsWithAlgorithm(
        np.ascontiguousarray(mask).view(np.uint8), 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    areas, boxes = stats[:, cv2.CC_STAT_AREA], stats[:, : cv2.CC_STAT_AREA]
    pieces = Components(np.asarray(found, np.int32), areas, boxes, np.asarray(centroids, np.float64))
    return pieces if gap_px == 0 or len(areas) < 3 else _joined(pieces, gap_px)


def _joined(pieces: Components, gap_px: int) -> Components:
    inside = pieces.labels > 0
    # Squares of this side around two pixels touch where the gap between these is no wider.
    side = gap_px + 1
    grown = cv2.dilate(inside.view(np.uint8), np.ones((side, side), np.uint8), borderValue=0)
    count, groups = cv2.connectedComponentsWithAlgorithm(grown, 8, cv2.CV_32S, cv2.CCL_BBDT)
    group_of = np.zeros(len(pieces.areas_px), np.intp)
    group_of[pieces.labels[inside]] = groups[inside]
    areas, centroids = np.zeros(count, pieces.areas_px.dtype), np.zeros((count, 2))
    np.add.at(areas, group_of, pieces.areas_px)
    np.add.at(centroids, group_of, pieces.centroids_px * pieces.areas_px[:, None])
    low, high = np.full((count, 2), np.iinfo(np.int32).max), np.zeros((count, 2), np.int64)
    np.minimum.at(low, group_of, pieces.boxes_px[:, :2])
    np.maximum.at(high, group_of, pieces.boxes_px[:, :2] + pieces.boxes_px[:, 2:])
    labels = np.asarray(groups * inside, np.int32)
    return Components(labels, areas, np.hstack([low, high - low]), centroids / np.maximum(areas, 1)[:, None])
