"""Where a crack's centre line ends.

Thinning stops about half a width short of a crack's end, or wanders off into one of its corners. So the last
pixels are cut and the line is drawn on, bending as it did, to the edge of the mask. One exception: a crack whose ends
are as round as it is wide is the print of a round brush or of a disc that drew the mask; there the line ends at the
disc's centre, as it was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Points, Values, lengths_along
from blemish.measurement.sampling import sample

# Below this half width, in pixels, a round end cannot be told from a square one.
_ROUND_FROM_PX = 2.2
# Up to this one, blur makes square ends look round, so that a round look is believed in part.
_ROUND_SURE_PX = 5.0
# How far to believe in a round end, by the fraction of the last half width that the mask fills: a half disc fills
# pi / 4 = 0.79 of it, a square end all, a tapering one less. Small ends cannot be told apart and get some of both.
_ROUNDNESS = ((0.55, 0.65, 0.83, 0.89), (0.0, 1.0, 1.0, 0.0))
_STEP_PX = 0.25
# A line's direction and bend at its end are those of a parabola through this many half widths of it, or pixels.
_SPAN_RADII, _SPAN_PX = 4.0, 12
# No line bends more sharply than this many half widths.
_SHARPEST_RADII = 3.0
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
        bend: how the line bends on, 1 / radius in pixels, above 0 towards `aside`.
        radius_px: half width of the crack there.
    """

    line: int
    last: bool
    point: Points
    heading: Points
    bend: float
    radius_px: float

    @property
    def aside(self) -> Points:
        """Unit vector across the heading, (2,)."""
        return np.array([-self.heading[1], self.heading[0]])

    def onwards(self, reach_px: float) -> Points:
        """The line from here on, (N, 2), about a point per pixel, up to ``reach_px``."""
        along = np.linspace(0.0, reach_px, max(2, round(reach_px) + 1))[1:, np.newaxis]
        return np.asarray(self.point + along * self.heading + self.bend / 2 * along**2 * self.aside)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How an end looks.

    Attributes:
        tip_px: how far ahead of the end's point the mask ends.
        half_px: half the crack's width behind it.
        filled: fraction of the last half width that the mask fills.
    """

    tip_px: float
    half_px: float
    filled: float


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


def extend(
    lines: list[Points],
    free: list[tuple[bool, bool]],
    radii_px: list[float],
    image: NDArray[np.uint8],
    *,
    spare_round: bool,
) -> list[Points]:
    """Continue lines, bending as they did, to where the mask ends.

    Args:
        lines: float64 (N, 2) each, points about 1 px apart, N >= 2.
        free: whether each line's start and end lie open; only those are drawn on.
        radii_px: rough half width of each crack.
        image: uint8 (H, W), 255 inside the mask.
        spare_round: stop at the centre of a round end.

    Returns:
        The lines with some points more at each end.
    """
    ends = []
    for number, (line, radius) in enumerate(zip(lines, radii_px, strict=True)):
        span = min(len(line) - 1, max(_SPAN_PX, round(_SPAN_RADII * radius)))
        for last in (False, True):
            if free[number][last]:
                outwards = line[-1 - span :] if last else line[span::-1]
                heading, bend = _course(outwards, radius)
                ends.append(_OpenEnd(number, last, outwards[-1], heading, bend, radius))
    longer = list(lines)
    for end, reach in zip(ends, _reaches(image, ends, spare_round), strict=True):
        beyond = end.onwards(reach)
        parts = [longer[end.line], beyond] if end.last else [beyond[::-1], longer[end.line]]
        longer[end.line] = np.concatenate(parts)
    return longer


def _course(points: Points, radius_px: float) -> tuple[Points, float]:
    """Unit vector of a line's direction at its last point, and its bend there: those of a parabola through it."""
    along = lengths_along(points)
    along = along - along[-1]
    degree = 2 if len(points) > 6 else 1
    terms = np.vander(along / max(-float(along[0]), 1e-9), degree + 1)
    fitted = np.linalg.lstsq(terms, points, rcond=None)[0]
    slope = fitted[degree - 1]
    heading = slope / max(float(np.hypot(*slope)), 1e-9)
    if degree == 1:
        return heading, 0.0
    second = 2 * fitted[0] / max(float(along[0]) ** 2, 1e-9)
    sharpest = 1 / (_SHARPEST_RADII * max(radius_px, 1.0))
    return heading, float(np.clip(heading[0] * second[1] - heading[1] * second[0], -sharpest, sharpest))


def cut_back(line: Points, free: tuple[bool, bool], radius_px: float) -> Points:
    """Take a crack's half width off a line's free ends, but never more than its outer thirds."""
    cut = min(round(radius_px) + 1, (len(line) - 2) // 3)
    if cut <= 0:
        return line
    return line[cut if free[0] else 0 : -cut if free[1] else None]


def _reaches(image: NDArray[np.uint8], ends: list[_OpenEnd], spare_round: bool) -> Values:
    """How far each line is to be drawn on, in pixels, (E,); ends of similar size are read together."""
    reaches = np.zeros(len(ends))
    shapes: dict[int, _Shape] = {}
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
                    shapes[i] = _shape(table, along, across, float(reaches[i]), ends[i].radius_px)
    for i, shape in shapes.items():
        # A brush rounds both ends.
        both = [other.filled for j, other in shapes.items() if ends[j].line == ends[i].line]
        belief = float(np.interp(np.mean(both), *_ROUNDNESS)) * min(1.0, shape.half_px / _ROUND_SURE_PX)
        reaches[i] = max(0.0, shape.tip_px - shape.half_px * belief)
    return reaches


def _read(image: NDArray[np.uint8], ends: list[_OpenEnd], along: Values, across: Values) -> NDArray[np.float32]:
    """The mask around each end, (E, across, along), along its heading and across it, up to where it first ends."""
    points = np.array([end.point for end in ends])[:, :, np.newaxis, np.newaxis]
    heading = np.array([end.heading for end in ends])[:, :, np.newaxis, np.newaxis]
    bend = np.array([end.bend for end in ends])[:, np.newaxis, np.newaxis]
    aside = across[:, np.newaxis] + bend / 2 * along**2
    x = points[:, 0] + along * heading[:, 0] - aside * heading[:, 1]
    y = points[:, 1] + along * heading[:, 1] + aside * heading[:, 0]
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
    # A little above half: on the edge itself 8-bit values round either way.
    return np.asarray(step * np.count_nonzero(ridge > 0.505 * ridge[:, :1], axis=1))


def _shape(table: NDArray[np.float32], along: Values, across: Values, tip_px: float, radius_px: float) -> _Shape:
    """The shape of a wide crack's end, by all of the mask around it; one too short or thin to tell counts as square."""
    step = float(along[1] - along[0])
    sections = step * table.sum(axis=0, dtype=np.float64)
    body = (along <= tip_px - 1.5 * radius_px) & (along >= tip_px - 2.5 * radius_px - 2)
    half = float(np.median(sections[body])) / 2 if body.any() else 0.0
    if half < _ROUND_FROM_PX or tip_px < half / 2:
        return _Shape(tip_px, half, 1.0)
    # The middle rays together place the tip better than one: the mask's rounding averages out.
    middle = np.minimum.accumulate(table[np.abs(across) <= 0.4 * half][:, along >= 0], axis=1)
    tip_px = step * max(float(middle.sum(axis=1, dtype=np.float64).mean()) - 0.5, 0.0)
    filled = step * float(sections[along > tip_px - half].sum()) / (2 * half * half)
    return _Shape(tip_px, half, filled)
