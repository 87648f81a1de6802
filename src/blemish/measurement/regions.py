"""Defects of any shape as regions: where they are, how large, how certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Region:
    """One connected component (8-connected) of a mask.

    Attributes:
        bbox_px: (x, y, width, height), pixels, origin at the top left.
        area_px: number of pixels.
        centroid_px: (x, y), pixel centres at whole numbers.
        score: highest map value inside.
        mean_score: mean map value inside.
        label: the defect class, where classes are known.
        equivalent_diameter_px: diameter of the disc with the same area.
        elongation: longer over shorter axis of the ellipse with the same second moments; 1 for a disc or a square.
        orientation_deg: direction of the longer axis in [0, 180), counter-clockwise from the horizontal as one sees
            it; 0 where there is no longer one.
    """

    bbox_px: tuple[int, int, int, int]
    area_px: int
    centroid_px: tuple[float, float]
    score: float
    mean_score: float
    label: str | None = None
    equivalent_diameter_px: float | None = None
    elongation: float | None = None
    orientation_deg: float | None = None


def find_regions(
    mask: NDArray[np.bool_],
    anomaly_map: NDArray[np.float32],
    *,
    min_area_px: int = 1,
    min_peak: float = -np.inf,
    label: str | None = None,
) -> tuple[tuple[Region, ...], NDArray[np.bool_]]:
    """Regions of a mask, worst first, and the mask without small regions and those that are nowhere certain.

    Args:
        mask: bool (H, W).
        anomaly_map: float32 (H, W), higher is worse.
        min_area_px: smaller regions are dropped.
        min_peak: so are those whose highest map value is below this: with a mask from a lower threshold, two
            thresholds with hysteresis (Canny 1986), which follow a defect into its faint parts.
        label: class name given to every region.

    Returns:
        The regions by falling score, then area, and the cleaned mask, bool (H, W).
    """
    if not mask.any():
        return (), np.zeros_like(mask)
    # By blocks of pixels: the same components in the same order as OpenCV's default, in a third of its time.
    _, labels, stats, centroids = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.astype(np.uint8), 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    # Only the mask's own pixels are visited: defects are a small part of an image.
    inside = np.flatnonzero(labels)
    label_of = labels.ravel()[inside].astype(np.intp)
    areas = stats[:, cv2.CC_STAT_AREA]
    means = np.bincount(label_of, weights=anomaly_map.ravel()[inside], minlength=len(areas)) / np.maximum(areas, 1)
    peaks = np.full(len(areas), -np.inf, dtype=np.float32)
    np.maximum.at(peaks, label_of, anomaly_map.ravel()[inside])
    rows, columns = np.divmod(inside, mask.shape[1])
    axes = _axes(columns - centroids[label_of, 0], rows - centroids[label_of, 1], label_of, areas)
    keep = (areas >= min_area_px) & (peaks >= np.float32(min_peak))
    keep[0] = False
    boxes = stats[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    kept = np.flatnonzero(keep)
    worst_first = kept[np.lexsort((*boxes[kept].T[::-1], -areas[kept], -peaks[kept]))]
    # As lists, since a mask of noise has a hundred thousand components.
    columns_of_each = (boxes, areas, centroids, peaks, means, 2 * np.sqrt(areas / np.pi), *axes)
    regions = tuple(
        Region(tuple(box), area, tuple(centroid), peak, mean, label, *shape)
        for box, area, centroid, peak, mean, *shape in zip(
            *(column[worst_first].tolist() for column in columns_of_each), strict=True
        )
    )
    cleaned = np.zeros(mask.shape, dtype=np.bool_)
    cleaned.ravel()[inside] = keep[label_of]
    return regions, cleaned


def _axes(
    x: NDArray[np.float64], y: NDArray[np.float64], label_of: NDArray[np.intp], areas: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Elongation and orientation by component, from each pixel's place relative to its component's centroid."""

    def moment(products: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(label_of, weights=products, minlength=len(areas)) / np.maximum(areas, 1))

    # A pixel is a square of side 1 and has a moment of 1/12 of its own.
    xx, yy, xy = moment(x * x) + 1 / 12, moment(y * y) + 1 / 12, moment(x * y)
    spread = np.hypot((xx - yy) / 2, xy)
    mean = (xx + yy) / 2
    elongation = np.sqrt((mean + spread) / np.maximum(mean - spread, 1 / 12))
    angle = np.where(spread > 1e-9, np.rad2deg(np.arctan2(-2 * xy, xx - yy)) / 2 % 180.0, 0.0)
    return elongation, np.where(angle >= 180.0, 0.0, angle)
