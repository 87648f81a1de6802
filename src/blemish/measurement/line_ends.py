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
from blemish.measurement.profiles import Values
from blemish.measurement.sampling import sample

# Below this half width, in pixels, a round end cannot be told from a square one.
_ROUND_FROM_PX = 1.5
# How far to believe in a round end, by the share of the last half width that the mask fills: a half disc fills
# pi / 4 = 0.79 of it, a square end all, a tapering one less. Small ends cannot be told apart and get some of both.
_ROUNDNESS = ((0.60, 0.70, 0.86, 0.95), (0.0, 1.0, 1.0, 0.0))
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

    An end's zone reaches to the first point that lies further from the end than the crack is wide there.

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
    outside = lengths_along(points) >= 2 * radii_px + 1
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
        reaches[chosen] = _reaches(image, [ends[i] for i in chosen], 5.0 * 2.0**power + 4.0)
    return reaches


def _reaches(image: NDArray[np.uint8], ends: list[OpenEnd], longest_px: float) -> NDArray[np.float64]:
    """Ends of similar size at once: the mask around each is read as a table, along its heading and across it."""
    points = np.array([end.point for end in ends])
    headings = np.array([end.heading for end in ends])
    normals = np.column_stack([-headings[:, 1], headings[:, 0]])
    step = max(_STEP_PX, longest_px / 128)
    along = np.arange(-longest_px, longest_px + step / 2, step)
    across = np.arange(-longest_px / 2, longest_px / 2 + step / 2, step)
    x = points[:, 0, None, None] + across[:, None] * normals[:, 0, None, None] + along * headings[:, 0, None, None]
    y = points[:, 1, None, None] + across[:, None] * normals[:, 1, None, None] + along * headings[:, 1, None, None]
    table = sample(image, x.reshape(-1, along.size), y.reshape(-1, along.size), outside=0.0)
    table = table.reshape(len(ends), across.size, along.size) / 255.0

    table = _connected(table)
    sections = step * table.sum(axis=1, dtype=np.float64)
    return np.array([_end_of(table[i], sections[i], along, across, end.radius_px) for i, end in enumerate(ends)])


def _connected(table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mask across the line, from the line outwards to where it first ends."""
    middle = table.shape[1] // 2
    after = np.minimum.accumulate(table[:, middle:], axis=1)
    before = np.minimum.accumulate(table[:, middle::-1], axis=1)[:, :0:-1]
    return np.concatenate([before, after], axis=1)


def _end_of(
    table: NDArray[np.float32], sections: Values, along: Values, across: Values, radius_px: float
) -> float:
    """Where the line ends: ``table`` (across, along) is the mask, ``sections`` its width at each place."""
    step = float(along[1] - along[0])
    ahead = np.minimum.accumulate(table[:, along >= 0], axis=1).sum(axis=1, dtype=np.float64)
    depths = np.maximum(step * (ahead - 0.5), 0.0)
    tip = float(depths[across.size // 2])
    body = (along <= tip - 1.5 * radius_px) & (along >= tip - 4 * radius_px - 2)
    half = float(np.median(sections[body])) / 2 if body.any() else 0.0
    if half < _ROUND_FROM_PX or tip < half / 2:
        return tip
    # The middle rays together place the tip better than one: the mask's rounding averages out.
    tip = float(depths[np.abs(across) <= 0.4 * half].mean())
    filled = step * float(sections[along > tip - half].sum()) / (2 * half * half)
    return tip - half * float(np.interp(filled, *_ROUNDNESS))
