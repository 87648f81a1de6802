"""Where a mask ends on both sides of a line, to a fraction of a pixel.

Across the line the mask is read between its pixels (bilinear), from the line outwards until it has faded to
nothing. A yes-or-no mask is integrated: the sum of what was read times the spacing. On average over a crack that
is exactly area over length, so it has no bias, unlike twice the distance transform. A probability map is
followed to the point where it crosses the mask's level, or half its height on the line where that comes first: a low
level says where faint cracks are, and is far outside the edges of clear ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Points, Values
from blemish.measurement.sampling import Image, sample

SPACING_PX = 0.5
# A smoothed line may lie beside a hairline's pixels: the profile starts from the mask's best value this near.
_SEEK_PX = 1.5
# As many rays are read together as keep tables of positions below 10 MB each.
RAYS = 1 << 12
# Beyond the edge, a rise by this much is another crack.
_RISE = 0.05
_FADED = 0.02


@dataclass(frozen=True, slots=True)
class Edges:
    """Signed positions of a mask's two edges across a line, along the normal, from the line's point.

    Attributes:
        left_px: float64 (M,), towards the negative normal, NaN where no edge was found.
        right_px: float64 (M,), towards the positive normal, NaN where no edge was found.
    """

    left_px: Values
    right_px: Values

    @property
    def width_px(self) -> Values:
        """Distance between the edges, (M,)."""
        return self.right_px - self.left_px

    @property
    def middle_px(self) -> Values:
        """How far the middle between the edges lies from the line, (M,)."""
        return (self.right_px + self.left_px) / 2

    def replaced_by(self, other: Edges, *, where: NDArray[np.bool_]) -> Edges:
        """The other edges at some points, bool (M,), these at the rest."""
        return Edges(np.where(where, other.left_px, self.left_px), np.where(where, other.right_px, self.right_px))


def find_edges(
    image: Image, points: Points, normals: Points, reach_px: Values, *, level: float = 0.5, crossing: bool = False
) -> Edges:
    """Edges of a mask across many lines.

    Args:
        image: uint8 (H, W) with 255 for the mask, or float32 (H, W).
        points: float64 (M, 2), (x, y).
        normals: float64 (M, 2), unit vectors.
        reach_px: float64 (M,), how far from the line an edge may lie; what is wider gives NaN.
        level: fraction of the full value from which a pixel belongs to the mask.
        crossing: find where the profile crosses ``level``, or half its height, instead of integrating it.

    Returns:
        The edges; NaN where the mask is not met within 1.5 px of a point or does not end within reach.
    """
    full = 255.0 if image.dtype == np.uint8 else 1.0
    left, right = np.full(len(points), np.nan), np.full(len(points), np.nan)
    # Rays of similar length are read together: one table of positions per power of two.
    octave = np.ceil(np.log2(np.maximum(reach_px, 4.0))).astype(int)
    for power in np.unique(octave):
        # Very wide things need no half pixels: 256 samples to a side are enough.
        spacing = max(SPACING_PX, 2.0**power / 256)
        steps = np.arange(0.0, 2.0**power + spacing, spacing)
        rays = np.flatnonzero(octave == power)
        for first in range(0, len(rays), RAYS):
            chosen = rays[first : first + RAYS]
            shift = _nearest_best(image, points[chosen], normals[chosen])
            base = points[chosen] + shift[:, np.newaxis] * normals[chosen]
            sides = []
            for sign in (-1.0, 1.0):
                x = base[:, :1] + sign * steps * normals[chosen, :1]
                y = base[:, 1:] + sign * steps * normals[chosen, 1:]
                values = sample(image, x, y, outside=0.0) / full
                sides.append(spacing * (_cross(values, level) if crossing else _integrate(values, level)))
            left[chosen] = shift - sides[0]
            right[chosen] = shift + sides[1]
    return Edges(left, right)


def _nearest_best(image: Image, points: Points, normals: Points) -> Values:
    """Offset within 1.5 px at which the image is highest; of equals the one nearest to the line, (M,)."""
    offsets = np.arange(-_SEEK_PX, _SEEK_PX + SPACING_PX / 2, SPACING_PX)
    x, y = points[:, :1] + offsets * normals[:, :1], points[:, 1:] + offsets * normals[:, 1:]
    values = sample(image, x, y, outside=0.0) / (255.0 if image.dtype == np.uint8 else 1.0)
    return np.asarray(offsets[np.argmax(values - 0.05 * np.abs(offsets), axis=1)])


def _integrate(values: NDArray[np.float32], level: float) -> Values:
    """Samples from the first one to the edge, (M, K) -> (M,), NaN where the mask does not end."""
    lowest = np.minimum.accumulate(values, axis=1)
    over = (lowest < level) & (values > lowest + _RISE)
    np.logical_or.accumulate(over, axis=1, out=over)
    lowest[over] = 0.0
    distance = lowest.sum(axis=1, dtype=np.float64) - lowest[:, 0] / 2
    known = (lowest[:, -1] <= _FADED) & (values[:, 0] >= 0.25)
    return np.where(known, distance, np.nan)


def _cross(values: NDArray[np.float32], level: float) -> Values:
    """Samples from the first one to where the values fall through ``level`` or half the first, (M, K) -> (M,)."""
    levels = np.maximum(level, values[:, 0] / 2)
    below = values < levels[:, np.newaxis]
    index = np.argmax(below, axis=1)
    rows = np.arange(len(values))
    inner, outer = values[rows, np.maximum(index - 1, 0)], values[rows, index]
    part = (inner - levels) / np.where(inner > outer, inner - outer, 1.0)
    known = below.any(axis=1) & (index > 0)
    return np.where(known, index - 1 + part, np.nan)
