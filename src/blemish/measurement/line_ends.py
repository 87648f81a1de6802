"""Where a crack's centre line ends.

Thinning stops about half a width short of a crack's end, or wanders off into one of its corners. So the last
pixels are cut and the line is drawn on, straight, to the edge of the mask. One exception: an end as round as the
crack is wide is the print of a round brush or of a disc that drew the mask; there the line ends at the disc's
centre, as it was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Points, lengths_along
from blemish.measurement.sampling import sample

# Below this half width, in pixels, a round end cannot be told from a square one.
_ROUND_FROM_PX = 2.0
_STEP_PX = 0.25


@dataclass(frozen=True, slots=True)
class OpenEnd:
    """A free end to be drawn on.

    Attributes:
        line: number of the line.
        last: whether it is the line's last point, rather than its first.
        point: (2,), where the trustworthy part of the line ends.
        heading: (2,), unit vector out of the line.
        radius_px: half width of the crack there.
    """

    line: int
    last: bool
    point: Points
    heading: Points
    radius_px: float


def trim(points: Points, radii_px: NDArray[np.float64], *, start: bool, end: bool) -> slice:
    """The part of a pixel chain that is far enough from its free ends to be trusted.

    An end's zone reaches to the first point that lies further from the end than 1.5 times its own distance to
    the mask's edge.

    Args:
        points: float64 (N, 2).
        radii_px: float64 (N,).
        start: whether the first point is a free end.
        end: whether the last one is.

    Returns:
        A slice into the chain, possibly of a single point in the middle of a short one.
    """
    count = len(points)
    first = _zone(points, radii_px) if start else 0
    last = count - _zone(points[::-1], radii_px[::-1]) if end else count
    if last - first >= 2:
        return slice(first, last)
    middle = min(max((first + last) // 2, 0), count - 1)
    return slice(middle, middle + 1)


def _zone(points: Points, radii_px: NDArray[np.float64]) -> int:
    outside = lengths_along(points) >= 1.5 * radii_px
    return int(np.argmax(outside)) if outside.any() else len(points)


def reach_of_ends(image: NDArray[np.uint8], ends: list[OpenEnd]) -> NDArray[np.float64]:
    """How far each line is to be drawn on, in pixels.

    Args:
        image: uint8 (H, W), 255 inside the mask.
        ends: the free ends.

    Returns:
        float64 (E,), 0 where the mask has ended already.
    """
    if not ends:
        return np.empty(0)
    reaches = np.zeros(len(ends))
    radii = np.array([end.radius_px for end in ends])
    octave = np.ceil(np.log2(np.maximum(radii, 1.0))).astype(int)
    for power in np.unique(octave):
        chosen = np.flatnonzero(octave == power)
        reaches[chosen] = _reaches(image, [ends[i] for i in chosen], 4.0 * 2.0**power + 6.0)
    return reaches


def _reaches(image: NDArray[np.uint8], ends: list[OpenEnd], furthest_px: float) -> NDArray[np.float64]:
    points = np.array([end.point for end in ends])
    headings = np.array([end.heading for end in ends])
    normals = np.column_stack([-headings[:, 1], headings[:, 0]])
    radii = np.array([end.radius_px for end in ends])
    step = _STEP_PX * max(1.0, furthest_px / 64)
    along = np.arange(0.0, furthest_px, step)
    # Rays side by side over the middle 80 % of the width; the middle ray decides where the line ends.
    lateral = np.linspace(-0.8, 0.8, 9)
    base = points[:, np.newaxis] + (radii[:, np.newaxis] * lateral)[..., np.newaxis] * normals[:, np.newaxis]
    rays = base[:, :, np.newaxis] + along[:, np.newaxis] * headings[:, np.newaxis, np.newaxis]
    values = sample(image, rays[..., 0].reshape(-1, along.size), rays[..., 1].reshape(-1, along.size), outside=0.0)
    inside = np.minimum.accumulate(values.reshape(len(ends), lateral.size, along.size) / 255.0, axis=2)
    depth = step * np.maximum(inside.sum(axis=2) - 0.5, 0.0)
    reach = depth[:, lateral.size // 2]

    # Measured from the disc's centre, half a width before the tip, a disc's outline falls off by 1 - sqrt(1 - u^2)
    # half widths at u half widths beside the middle; a square end does not. Halfway between decides.
    fall = (reach[:, np.newaxis] - depth)[:, [0, -1]].mean(axis=1) / radii
    is_round = (radii >= _ROUND_FROM_PX) & (fall > 0.2) & (fall < 0.6) & (depth.min(axis=1) > 0)
    return np.where(is_round, np.maximum(reach - radii, 0.0), reach)
