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
_ROUND_FROM_PX = 1.8
# Up to this one, blur makes square ends look round, so that a round look is believed in part.
_ROUND_SURE_PX = 4.0
# How far to believe in a round end, by the share of the last half width that the mask fills: a half disc fills
# pi / 4 = 0.79 of it, a square end all, a tapering one less. Small ends cannot be told apart and get some of both.
_ROUNDNESS = ((0.55, 0.65, 0.85, 0.92), (0.0, 1.0, 1.0, 0.0))
_STEP_PX = 0.25
# A line's end is looked for this far to both sides.
_BESIDE_PX = 1.0
# Samples read at once.
_BATCH = 1 << 20


@dataclass(frozen=True, slots=True)
class _OpenEnd:
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


def draw_on(
    lines: list[Points],
    free: list[tuple[bool, bool]],
    radii_px: list[float],
    image: NDArray[np.uint8],
    *,
    spare_round: bool,
) -> list[Points]:
    """Continue lines straight to where the mask ends.

    Args:
        lines: float64 (N, 2) each, points about 1 px apart, N >= 2.
        free: whether each line's start and end lie open; only those are drawn on.
        radii_px: rough half width of each crack.
        image: uint8 (H, W), 255 inside the mask.
        spare_round: stop at the centre of a round end.

    Returns:
        The lines with up to one point more at each end.
    """
    ends = []
    for number, (line, radius) in enumerate(zip(lines, radii_px, strict=True)):
        span = min(len(line) - 1, max(6, round(2 * radius)))
        for last in (False, True):
            if free[number][last]:
                outwards = line[-1 - span :] if last else line[span::-1]
                ends.append(_OpenEnd(number, last, outwards[-1], _heading(outwards), radius))
    longer = list(lines)
    for end, reach in zip(ends, _reaches(image, ends, spare_round), strict=True):
        tip = (end.point + reach * end.heading)[np.newaxis]
        longer[end.line] = np.concatenate([longer[end.line], tip] if end.last else [tip, longer[end.line]])
    return longer


def _heading(points: Points) -> Points:
    """Unit vector of a line's direction at its last point: the end slope of a parabola through it."""
    half = (len(points) - 1) // 2
    slope = points[-1] - points[0]
    if half >= 3:
        slope = 3 * points[-1] - 4 * points[-1 - half] + points[-1 - 2 * half]
    return np.asarray(slope / max(float(np.hypot(*slope)), 1e-9))


def cut_back(line: Points, free: tuple[bool, bool], radius_px: float) -> Points:
    """Take a crack's half width off a line's free ends, but never more than its outer thirds."""
    cut = min(round(radius_px) + 1, (len(line) - 2) // 3)
    if cut <= 0:
        return line
    return line[cut if free[0] else 0 : -cut if free[1] else None]


def _reaches(image: NDArray[np.uint8], ends: list[_OpenEnd], spare_round: bool) -> Values:
    """How far each line is to be drawn on, in pixels, (E,); ends of similar size are read together."""
    reaches = np.zeros(len(ends))
    octave = np.array([max(0, int(np.ceil(np.log2(max(end.radius_px, 1.0))))) for end in ends], dtype=int)
    for power in np.unique(octave):
        radius = 2.0**power
        looks_at_shape = spare_round and radius > _ROUND_FROM_PX
        step = max(_STEP_PX * (2 if looks_at_shape else 1), radius / 16)
        along = step * np.arange(-np.ceil((2.5 * radius + 3) / step) if looks_at_shape else 0, (4 * radius + 6) / step)
        side = np.ceil((1.5 * radius + 2 if looks_at_shape else _BESIDE_PX) / step)
        across = step * np.arange(-side, side + 1)
        members = np.flatnonzero(octave == power)
        batch = max(1, _BATCH // (along.size * across.size))
        for first in range(0, members.size, batch):
            chosen = members[first : first + batch]
            tables = _read(image, [ends[i] for i in chosen], along, across)
            reaches[chosen] = _tips(tables, along, across)
            if looks_at_shape:
                for i, table in zip(chosen, tables, strict=True):
                    reaches[i] = _spared(table, along, across, float(reaches[i]), ends[i].radius_px)
    return reaches


def _read(image: NDArray[np.uint8], ends: list[_OpenEnd], along: Values, across: Values) -> NDArray[np.float32]:
    """The mask around each end, (E, across, along), along its heading and across it, up to where it first ends."""
    points = np.array([end.point for end in ends])[:, :, np.newaxis, np.newaxis]
    heading = np.array([end.heading for end in ends])[:, :, np.newaxis, np.newaxis]
    x = points[:, 0] + along * heading[:, 0] - across[:, np.newaxis] * heading[:, 1]
    y = points[:, 1] + along * heading[:, 1] + across[:, np.newaxis] * heading[:, 0]
    values = sample(image, x.reshape(-1, along.size), y.reshape(-1, along.size), outside=0.0)
    table = values.reshape(len(ends), across.size, along.size) / np.float32(255.0)
    middle = across.size // 2
    after = np.minimum.accumulate(table[:, middle:], axis=1)
    before = np.minimum.accumulate(table[:, middle::-1], axis=1)[:, :0:-1]
    return np.concatenate([before, after], axis=1)


def _tips(tables: NDArray[np.float32], along: Values, across: Values) -> Values:
    """Where the mask ends ahead of each line, (E, across, along) -> (E,)."""
    # The best of the rays within a pixel, where it falls to half: a hairline's mask is nowhere at its full value.
    near = tables[:, np.abs(across) <= _BESIDE_PX][:, :, along >= 0]
    ridge = np.minimum.accumulate(near, axis=2).max(axis=1)
    step = along[1] - along[0]
    return np.asarray(step * np.count_nonzero(ridge > ridge[:, :1] / 2, axis=1))


def _spared(table: NDArray[np.float32], along: Values, across: Values, tip: float, radius_px: float) -> float:
    """The same for one wide crack, by all of the mask around its end, and short of it where that is round."""
    step = float(along[1] - along[0])
    sections = step * table.sum(axis=0, dtype=np.float64)
    body = (along <= tip - 1.5 * radius_px) & (along >= tip - 2.5 * radius_px - 2)
    half = float(np.median(sections[body])) / 2 if body.any() else 0.0
    if half < _ROUND_FROM_PX or tip < half / 2:
        return tip
    # The middle rays together place the tip better than one: the mask's rounding averages out.
    middle = np.minimum.accumulate(table[np.abs(across) <= 0.4 * half][:, along >= 0], axis=1)
    tip = step * max(float(middle.sum(axis=1, dtype=np.float64).mean()) - 0.5, 0.0)
    filled = step * float(sections[along > tip - half].sum()) / (2 * half * half)
    belief = float(np.interp(filled, *_ROUNDNESS)) * min(1.0, half / _ROUND_SURE_PX)
    return max(0.0, tip - half * belief)
