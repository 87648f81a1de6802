"""Many lines as one array, so that profiles of all cracks of an image are read and smoothed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from blemish.measurement.polylines import Points, tangents

Values = NDArray[np.float64]

# Room between two lines in the joint array, in multiples of the smoothing's standard deviation.
_TRUNCATE = 3.0


@dataclass(frozen=True, slots=True)
class LineBundle:
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
    def of(cls, lines: Sequence[Points], closed: Sequence[bool]) -> LineBundle:
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
        sums = gaussian_filter1d(sums, sigma_px, mode="constant", truncate=_TRUNCATE)[place]
        weights = gaussian_filter1d(weights, sigma_px, mode="constant", truncate=_TRUNCATE)[place]
        return np.where(weights > 1e-6, sums / np.maximum(weights, 1e-6), np.nan)
