"""Homographies: what perspective does to places, directions and widths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Points


def project(matrix: NDArray[np.float64], points: Points) -> Points:
    """Apply a homography (3, 3) to points, (N, 2) -> (N, 2)."""
    lifted = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(lifted[:, :2] / lifted[:, 2:])


def jacobians(matrix: NDArray[np.float64], points: Points) -> NDArray[np.float64]:
    """Derivative of a homography at points, (N, 2) -> (N, 2, 2)."""
    lifted = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    weight = lifted[:, 2, np.newaxis, np.newaxis]
    return np.asarray((matrix[:2, :2] - (lifted[:, :2, np.newaxis] / weight) * matrix[2, :2]) / weight)


def project_widths(
    matrix: NDArray[np.float64], widths: NDArray[np.float64], points: Points, tangents: Points
) -> NDArray[np.float64]:
    """Apply a homography to widths across a line.

    What is square to the line before is not after: the local area ratio over the local stretch along the line is the
    ratio across it.

    Args:
        matrix: (3, 3).
        widths: (N,), across the line.
        points: (N, 2), where.
        tangents: (N, 2), unit vectors along the line.

    Returns:
        (N,), widths square to the projected line.
    """
    local = jacobians(matrix, points)
    stretch = np.hypot(*np.einsum("nij,nj->ni", local, tangents).T)
    return np.asarray(widths * np.abs(np.linalg.det(local)) / stretch)
