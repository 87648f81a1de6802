"""Centre lines as polylines: smoothing and resampling, length, direction, tortuosity; many lines as one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

Points = NDArray[np.float64]
Values = NDArray[np.float64]
Direction = Literal["horizontal", "vertical", "diagonal", "map"]


def lengths_along(points: Points) -> NDArray[np.float64]:
    """Distance from the first point along the line, (N, 2) -> (N,), in the points' unit."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


def length_of(points: Points, *, closed: bool = False) -> float:
    """Length of a line, (N, 2), in the points' unit; ``closed`` adds the way back to the first point."""
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    return length + float(np.hypot(*(points[0] - points[-1]))) if closed else length


def resample(points: Points, *, closed: bool = False) -> Points:
    """The same line with points a pixel apart, or as near to it as divides the length evenly; both ends kept.

    Args:
        points: float64 (N, 2), N >= 1.
        closed: the line runs back to its first point, which is not repeated, neither here nor in the result.

    Returns:
        float64 (M, 2), M >= 2 unless the line has no length.
    """
    if closed:
        points = np.concatenate([points, points[:1]])
    along = lengths_along(points)
    if along[-1] == 0:
        return points[:1]
    steps = max(1, round(along[-1]))
    wanted = np.arange(steps if closed else steps + 1) * (along[-1] / steps)
    return np.column_stack([np.interp(wanted, along, points[:, axis]) for axis in (0, 1)])


def smooth(points: Points, sigma: float, *, closed: bool = False) -> Points:
    """Gaussian smoothing of evenly spaced points; open ends stay where they are.

    Args:
        points: float64 (N, 2).
        sigma: standard deviation, in points.
        closed: the line runs back to its first point.
    """
    if len(points) < 3:
        return points
    if closed:
        return np.asarray(scipy.ndimage.gaussian_filter1d(points, sigma, axis=0, mode="wrap"))
    # Odd reflection: what lies beyond an end mirrors the line through that end, so the end is a fixed point.
    reach = min(len(points) - 1, int(4 * sigma + 0.5))
    before = 2 * points[0] - points[reach:0:-1]
    after = 2 * points[-1] - points[-2 : -reach - 2 : -1]
    longer = scipy.ndimage.gaussian_filter1d(np.concatenate([before, points, after]), sigma, axis=0, mode="nearest")
    return np.asarray(longer[reach : reach + len(points)])


def tangents(points: Points, *, closed: bool = False) -> Points:
    """Unit vectors along the line, (N, 2) -> (N, 2); (1, 0) where a line has no extent."""
    if closed and len(points) > 2:
        steps = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    elif len(points) > 1:
        steps = np.gradient(points, axis=0)
    else:
        steps = np.array([[1.0, 0.0]])
    norms = np.hypot(*steps.T)[:, np.newaxis]
    return np.where(norms > 0, steps / np.where(norms > 0, norms, 1.0), np.array([1.0, 0.0]))


def orientation_of(points: Points, *, closed: bool = False) -> float:
    """Main direction of a line, degrees in [0, 180), counter-clockwise from the image's horizontal as one sees it.

    Length-weighted mean of the segments' directions, as axes (Mardia and Jupp, "Directional Statistics", 2000,
    9.1: the angles are doubled). 0 is horizontal, 45 rises to the right, 90 is vertical.
    """
    line = np.concatenate([points, points[:1]]) if closed else points
    dx, dy = np.diff(line, axis=0).T
    length = np.hypot(dx, dy)
    angle = np.arctan2(-dy, dx)
    doubled = np.arctan2((length * np.sin(2 * angle)).sum(), (length * np.cos(2 * angle)).sum())
    degrees = float(np.rad2deg(doubled) / 2 % 180.0)
    return 0.0 if degrees >= 180.0 else degrees


def direction_of(orientation_deg: float) -> Direction:
    """Horizontal and vertical within 22.5 degrees, diagonal between."""
    if abs(orientation_deg - 90.0) < 22.5:
        return "vertical"
    return "horizontal" if min(orientation_deg, 180.0 - orientation_deg) < 22.5 else "diagonal"


def tortuosity_of(points: Points, *, closed: bool = False) -> float | None:
    """Length over the distance between the ends, 1 for a straight line; None for a loop, which has no ends."""
    chord = float(np.hypot(*(points[-1] - points[0])))
    if closed or chord == 0:
        return None
    return max(1.0, length_of(points) / chord)


# Room between two lines in the joint array, in multiples of the smoothing's standard deviation.
_TRUNCATE = 3.0


@dataclass(frozen=True, slots=True)
class Polylines:
    """Lines with points about one pixel apart.

    Attributes:
        points: float64 (M, 2), (x, y), line after line.
        tangents: float64 (M, 2), unit vectors along the line.
        starts: (L + 1,), where each line begins in ``points``, and M at the end.
        closed: (L,), whether a line runs back to its first point.
    """

    points: Points
    tangents: Points
    starts: NDArray[np.intp]
    closed: tuple[bool, ...]

    @classmethod
    def of(cls, lines: Sequence[Points], closed: Sequence[bool]) -> Polylines:
        """Put lines together."""
        along = [tangents(line, closed=loop) for line, loop in zip(lines, closed, strict=True)]
        starts = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.intp)
        empty = np.empty((0, 2))
        return cls(np.concatenate([empty, *lines]), np.concatenate([empty, *along]), starts, tuple(closed))

    @property
    def normals(self) -> Points:
        """Unit vectors across the lines: the tangent turned clockwise as one sees it, (M, 2)."""
        return np.column_stack([-self.tangents[:, 1], self.tangents[:, 0]])

    @property
    def owner(self) -> NDArray[np.intp]:
        """The line that each point belongs to, (M,)."""
        return np.repeat(np.arange(len(self.closed)), np.diff(self.starts))

    def split(self, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Cut an array over all points, (M, ...), into one per line."""
        return np.split(values, self.starts[1:-1]) if len(self.closed) else []

    def smooth(self, values: Values, sigma_px: float) -> Values:
        """Gaussian mean along each line over the points that have a value; NaN where none is near.

        Args:
            values: float64 (M,), NaN where unknown.
            sigma_px: standard deviation along the line.

        Returns:
            float64 (M,).
        """
        gap = int(np.ceil(_TRUNCATE * sigma_px))
        size = len(self.points) + 2 * gap * len(self.closed)
        place = np.arange(len(self.points)) + gap * (2 * self.owner + 1)
        known = np.isfinite(values)
        sums, weights = np.zeros(size), np.zeros(size)
        sums[place] = np.where(known, values, 0.0)
        weights[place] = known
        for line in np.flatnonzero(self.closed):
            # A loop's margins repeat its other side.
            first, last = self.starts[line], self.starts[line + 1]
            around = np.arange(-gap, last - first + gap)
            target = place[first] + around
            source = place[first + around % (last - first)]
            sums[target], weights[target] = sums[source], weights[source]
        sums = scipy.ndimage.gaussian_filter1d(sums, sigma_px, mode="constant", truncate=_TRUNCATE)[place]
        weights = scipy.ndimage.gaussian_filter1d(weights, sigma_px, mode="constant", truncate=_TRUNCATE)[place]
        return np.where(weights > 1e-6, sums / np.maximum(weights, 1e-6), np.nan)
