"""Lines with a width, drawn exactly: the signed distance to the edge of a stroke at each pixel centre.

Cracks, cables, joints and twigs are all strokes: a centre line with a half-width at each of its points.
Pixel centres lie at whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.noise import Field

FAR_PX = -1e4
"""Stands for "far outside" where a distance was not computed."""

BREAK_PX = 3.0
"""Consecutive points further apart than this are not joined: one call may draw several lines."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class StrokeField:
    """What a stroke is at the pixels of a window of the image.

    Attributes:
        window: rows and columns of the image.
        depth_px: how far inside the edge a pixel centre lies, px, float32 (h, w); negative outside.
        half_width_px: half-width of the stroke at the nearest centre-line point, float32 (h, w).
        along: index of the nearest centre-line point, float32 (h, w).
        across_px: signed distance to the centre line (positive right of the direction of travel, y down).
    """

    window: tuple[slice, slice]
    depth_px: Field
    half_width_px: Field
    along: Field
    across_px: Field

    def coverage(self) -> Field:
        """Fraction of each pixel that the stroke covers, 0 to 1 (a pixel taken as a box across the stroke)."""
        return coverage(self.depth_px, self.half_width_px)


def coverage(depth_px: Field, half_width_px: Field) -> Field:
    """Fraction of a one-pixel box at ``depth_px`` inside the edge of a stroke that the stroke covers, 0 to 1."""
    off_centre = half_width_px - depth_px
    fraction = np.minimum(off_centre + 0.5, half_width_px) - np.maximum(off_centre - 0.5, -half_width_px)
    return np.asarray(np.clip(fraction, 0, 1), dtype=np.float32)


def resample(points: Points, step_px: float = 0.7) -> Points:
    """The polyline with its points ``step_px`` apart; float64 (n, 2), n >= 2."""
    travelled = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    count = max(2, int(np.ceil(travelled[-1] / step_px)) + 1)
    at = np.linspace(0, travelled[-1], count)
    return np.stack([np.interp(at, travelled, points[:, 0]), np.interp(at, travelled, points[:, 1])], axis=1)


def normals(points: Points) -> Points:
    """Unit normals of a polyline (its direction turned by 90°, y down), float64 (n, 2)."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


def stroke_field(
    points: Points, half_width_px: NDArray[np.floating], shape: tuple[int, int], *, margin_px: float = 2.0
) -> StrokeField | None:
    """The stroke's distances in the part of the image that it touches.

    Args:
        points: centre line, float (n, 2) of (x, y), at most about a pixel apart (see `resample`); several lines may
            follow each other.
        half_width_px: (n,).
        shape: (height, width) of the image.
        margin_px: distances are known this far outside the edge too.

    Returns:
        The field, or None where the stroke with its margin lies outside the image.
    """
    height, width = shape
    reach = float(half_width_px.max()) + margin_px + 1.5
    # The window may leave the image by the half-width: a stroke that runs off is wide there, too.
    left = max(int(np.floor(points[:, 0].min() - reach)), -int(reach) - 1)
    top = max(int(np.floor(points[:, 1].min() - reach)), -int(reach) - 1)
    right = min(int(np.ceil(points[:, 0].max() + reach)) + 1, width + int(reach) + 1)
    bottom = min(int(np.ceil(points[:, 1].max() + reach)) + 1, height + int(reach) + 1)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if x0 >= x1 or y0 >= y1:
        return None
    column = np.rint(points[:, 0]).astype(np.intp) - left
    row = np.rint(points[:, 1]).astype(np.intp) - top
    inside = np.flatnonzero((column >= 0) & (column < right - left) & (row >= 0) & (row < bottom - top))
    if len(inside) == 0:
        return None
    free = np.full((bottom - top, right - left), 255, dtype=np.uint8)
    free[row[inside], column[inside]] = 0
    distance, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    nearest = np.zeros(int(labels.max()) + 1, dtype=np.intp)
    nearest[labels[row[inside], column[inside]]] = inside
    window = (slice(y0, y1), slice(x0, x1))
    crop = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    rows, columns = np.nonzero(distance[crop] <= reach)
    if len(rows) == 0:
        return None
    start = nearest[labels[crop][rows, columns]]
    depth, half, along, across = _refine(points, half_width_px, columns + x0, rows + y0, start)
    size = (y1 - y0, x1 - x0)
    planes = [np.full(size, fill, dtype=np.float32) for fill in (FAR_PX, 0.0, 0.0, 0.0)]
    for plane, values in zip(planes, (depth, half, along, across), strict=True):
        plane[rows, columns] = values
    return StrokeField(window, *planes)


def _refine(
    points: Points,
    half_width_px: NDArray[np.floating],
    x: NDArray[np.intp],
    y: NDArray[np.intp],
    start: NDArray[np.intp],
) -> tuple[Field, Field, Field, Field]:
    """Exact distances from pixels to the segments about the raster's nearest point."""
    line, half = points.astype(np.float32), half_width_px.astype(np.float32)
    step = np.diff(line, axis=0)
    square = np.maximum((step**2).sum(axis=1), np.float32(1e-9))
    # Points further apart than the contract allows are the end of one line and the start of the next.
    base = np.where(square > BREAK_PX**2, np.float32(FAR_PX), half[:-1])
    growth = np.diff(half)
    columns, rows = x.astype(np.float32), y.astype(np.float32)
    # The raster knows the nearest point only roughly, the worse the further away: one step along the line mends that.
    breaks = np.flatnonzero(square > BREAK_PX**2)
    piece = np.searchsorted(breaks, np.arange(len(line)))
    lowest = np.concatenate([[0], breaks + 1])[piece]
    highest = np.maximum(np.concatenate([breaks, [len(line) - 1]])[piece] - 1, lowest)
    at = np.arange(len(line))
    after, before = np.minimum(at + 3, highest + 1), np.maximum(at - 3, lowest)
    after = np.minimum(after, len(line) - 1)
    ahead = line[after] - line[before]
    ahead *= ((after - before) / np.maximum((ahead**2).sum(axis=1), 1e-9)).astype(np.float32)[:, None]
    onward = (columns - line[start, 0]) * ahead[start, 0] + (rows - line[start, 1]) * ahead[start, 1]
    moved = start + np.rint(np.clip(onward, -16, 16)).astype(np.intp)
    low, high = np.minimum(lowest[start], len(line) - 2), np.minimum(highest[start], len(line) - 2)
    best: list[Field] = []
    for offset in (-1, 0, -2, 1):
        first = np.clip(moved + offset, low, high)
        bx, by = step[first, 0], step[first, 1]
        px, py = columns - line[first, 0], rows - line[first, 1]
        fraction = np.clip((px * bx + py * by) / square[first], 0, 1)
        # OpenCV 4 makes a column of a row, OpenCV 5 does not.
        away = np.asarray(cv2.magnitude(px - fraction * bx, py - fraction * by), dtype=np.float32).reshape(-1)
        radius = base[first] + fraction * growth[first]
        side = np.copysign(away, bx * py - by * px)
        candidate = [radius - away, radius, first + fraction, side]
        if not best:
            best = candidate
            continue
        better = candidate[0] > best[0]
        for old, new in zip(best, candidate, strict=True):
            np.copyto(old, new, where=better)
    depth, radius, along, across = (plane.astype(np.float32, copy=False) for plane in best)
    return depth, radius, along, across
