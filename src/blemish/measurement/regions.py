"""Defects of any shape as regions: where they are, how large, how certain."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Region:
    """One connected piece (8-connected) of a mask.

    Attributes:
        bbox_px: (x, y, width, height), pixels, origin at the top left.
        area_px: number of pixels.
        centroid_px: (x, y), pixel centres at whole numbers.
        score: highest map value inside.
        mean_score: mean map value inside.
        label: the defect class, where classes are known.
    """

    bbox_px: tuple[int, int, int, int]
    area_px: int
    centroid_px: tuple[float, float]
    score: float
    mean_score: float
    label: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def find_regions(
    mask: NDArray[np.bool_],
    heat_map: NDArray[np.float32],
    *,
    min_area_px: int = 1,
    label: str | None = None,
) -> tuple[tuple[Region, ...], NDArray[np.bool_]]:
    """Regions of a mask, worst first, and the mask without the specks below ``min_area_px``.

    Args:
        mask: bool (H, W).
        heat_map: float32 (H, W), higher is worse.
        min_area_px: smaller pieces are dropped.
        label: class name given to every region.

    Returns:
        The regions by falling score, then area, and the cleaned mask, bool (H, W).
    """
    count, pieces, stats, centroids = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= min_area_px
    keep[0] = False
    if not keep.any():
        return (), np.zeros_like(mask)
    flat = pieces.ravel()
    sums = np.bincount(flat, weights=heat_map.ravel(), minlength=count)
    peaks = np.full(count, -np.inf, dtype=np.float32)
    inside = flat > 0
    np.maximum.at(peaks, flat[inside], heat_map.ravel()[inside])
    regions = [
        Region(
            bbox_px=(
                int(stats[i, cv2.CC_STAT_LEFT]),
                int(stats[i, cv2.CC_STAT_TOP]),
                int(stats[i, cv2.CC_STAT_WIDTH]),
                int(stats[i, cv2.CC_STAT_HEIGHT]),
            ),
            area_px=int(areas[i]),
            centroid_px=(float(centroids[i, 0]), float(centroids[i, 1])),
            score=float(peaks[i]),
            mean_score=float(sums[i] / areas[i]),
            label=label,
        )
        for i in np.flatnonzero(keep)
    ]
    regions.sort(key=lambda region: (-region.score, -region.area_px, region.bbox_px))
    return tuple(regions), keep[pieces]
