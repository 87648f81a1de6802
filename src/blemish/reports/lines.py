"""Centre lines as drawings want them: few points, and pixels told by their corners."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.measurement.crack import Crack

# A line may move by this much when points are left out: far below what a width or place is known to.
TOLERANCE_PX = 0.1


def essential_points(
    points: NDArray[np.float64], *, closed: bool = False, tolerance: float = TOLERANCE_PX
) -> NDArray[np.intp]:
    """Indices of the points that keep a line in place within a tolerance (Douglas and Peucker 1973).

    Args:
        points: float64 (N, 2).
        closed: the line runs back to its first point, which is not repeated.
        tolerance: in the points' unit.

    Returns:
        (M,), rising; the ends of an open line are always among them.
    """
    if len(points) < 3:
        return np.arange(len(points))
    line = points.astype(np.float32)
    kept = cv2.approxPolyDP(line[:, np.newaxis], tolerance, closed).reshape(-1, 2)
    # The result holds points of the line; closed lines may begin elsewhere, and lines may cross themselves.
    order = {point: number for number, point in enumerate(map(tuple, line.tolist()))}
    return np.array(sorted(order[point] for point in map(tuple, kept.tolist())), dtype=np.intp)


def corner_line(crack: Crack) -> NDArray[np.float64]:
    """A crack's centre line with few points, float64 (M, 2), where (0, 0) is the image's outer corner.

    A loop's first point is repeated at the end.
    """
    line = crack.polyline_px[essential_points(crack.polyline_px, closed=crack.closed)] + 0.5
    return np.concatenate([line, line[:1]]) if crack.closed else line
