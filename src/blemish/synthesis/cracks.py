"""Cracks as drawn: their exact extent at every pixel, and the truth about them for measuring tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.crack_paths import CrackPath
from blemish.synthesis.noise import Field
from blemish.synthesis.strokes import FAR_PX, Points, StrokeField, coverage, normals, stroke_field


@dataclass(frozen=True)
class SyntheticCrack:
    """The truth about one visible stretch of a crack.

    Attributes:
        points: centre line, float64 (n, 2) of (x, y) px, pixel centres at whole numbers.
        width_px: full width across the centre line at each point, float64 (n,).
    """

    points: Points
    width_px: NDArray[np.float64]

    @property
    def length_px(self) -> float:
        """Length of the centre line."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


@dataclass(frozen=True)
class CrackField:
    """All cracks of an image at each of its pixels.

    Attributes:
        depth_px: how far inside the edge of a crack the pixel centre lies, float32 (H, W); negative outside.
        half_width_px: half-width of the crack there, float32 (H, W).
        strength: how dark to draw it, float32 (H, W).
    """

    depth_px: Field
    half_width_px: Field
    strength: Field

    def coverage(self) -> Field:
        """Fraction of each pixel that cracks cover, 0 to 1."""
        return coverage(self.depth_px, self.half_width_px)

    def mask(self, min_width_px: float) -> NDArray[np.bool_]:
        """Pixels whose centre lies in a crack, bool (H, W); thinner cracks count as ``min_width_px`` wide."""
        lift = np.maximum(np.float32(min_width_px / 2) - self.half_width_px, 0)
        return np.asarray((self.depth_px + lift > 0) & (self.half_width_px > 0))


def crack_field(paths: Sequence[CrackPath], shape: tuple[int, int], *, margin_px: float) -> CrackField:
    """Draw the extent of all paths.

    Args:
        paths: at least one.
        shape: (height, width) of the image.
        margin_px: the field reaches this far outside the cracks.
    """
    depth = np.full(shape, FAR_PX, dtype=np.float32)
    half = np.zeros(shape, dtype=np.float32)
    strength = np.ones(shape, dtype=np.float32)
    # Thin cracks share one pass. A wide one has its own: its edge may lie beyond a neighbour's centre line.
    thin = [path for path in paths if path.width_px.max() <= 4.0]
    for group in ([path] for path in paths if path.width_px.max() > 4.0):
        _draw(group, shape, margin_px, depth, half, strength)
    if thin:
        _draw(thin, shape, margin_px, depth, half, strength)
    return CrackField(depth, half, strength)


def _draw(
    paths: Sequence[CrackPath], shape: tuple[int, int], margin_px: float, depth: Field, half: Field, strength: Field
) -> None:
    """Add the paths to the planes."""
    points = np.concatenate([path.points for path in paths])
    right = np.concatenate([path.right_px for path in paths])
    left = np.concatenate([path.left_px for path in paths])
    dark = np.concatenate([path.strength for path in paths])
    drawn = right + left > 0
    if drawn.sum() < 2:
        return
    points, right, left, dark = points[drawn], right[drawn], left[drawn], dark[drawn]
    field = stroke_field(points, np.maximum(np.maximum(right, left), 0.1), shape, margin_px=margin_px)
    if field is None:
        return
    inside, width, shown = _between_edges(field, points, right, left, dark)
    window = field.window
    deeper = inside > depth[window]
    depth[window] = np.where(deeper, inside, depth[window])
    half[window] = np.where(deeper, width / 2, half[window])
    strength[window] = np.where(deeper, shown, strength[window])


def _between_edges(
    field: StrokeField,
    points: Points,
    right: NDArray[np.float64],
    left: NDArray[np.float64],
    dark: NDArray[np.float64],
) -> tuple[Field, Field, Field]:
    """Depth inside the two edges, width and strength, from the place along and across the centre line."""
    known = field.depth_px > FAR_PX / 2
    first = np.clip(field.along[known].astype(np.intp), 0, len(points) - 2)
    fraction = field.along[known] - first
    across = field.across_px[known]
    step = np.hypot(*np.diff(points, axis=0).T)
    joined = np.append(step < 3.0, False)

    def at_pixel(values: NDArray[np.float64]) -> Field:
        line = values.astype(np.float32)
        return np.asarray(line[first] + fraction * (line[first + 1] - line[first]), dtype=np.float32)

    def steepness(edge: NDArray[np.float64]) -> NDArray[np.float64]:
        slope = np.where(joined[:-1], np.diff(edge) / np.maximum(step, 1e-6), 0.0)
        return np.asarray(1 / np.sqrt(1 + np.append(slope, 0.0) ** 2))

    # The distance to a sloping edge is its sideways distance times the cosine of the slope.
    to_right = (at_pixel(right) - across) * at_pixel(steepness(right))
    to_left = (at_pixel(left) + across) * at_pixel(steepness(left))
    inside = np.full(field.depth_px.shape, FAR_PX, dtype=np.float32)
    width, shown = np.zeros_like(inside), np.ones_like(inside)
    inside[known] = np.minimum(to_right, to_left)
    width[known] = at_pixel(right + left)
    shown[known] = at_pixel(dark)
    return inside, width, shown


def measure(paths: Sequence[CrackPath], visible: NDArray[np.bool_]) -> tuple[SyntheticCrack, ...]:
    """The truth: each path as drawn, its points midway between its edges, cut to its visible stretches.

    Args:
        paths: as given to `crack_field`.
        visible: bool (H, W), False where something hides the crack or the image cannot show it.
    """
    height, width = visible.shape
    found: list[SyntheticCrack] = []
    for path in paths:
        points = path.points + normals(path.points) * ((path.right_px - path.left_px) / 2)[:, None]
        column = np.rint(points[:, 0]).astype(np.intp)
        row = np.rint(points[:, 1]).astype(np.intp)
        keep = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (path.width_px > 0)
        keep[keep] = visible[row[keep], column[keep]]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
        for start, stop in zip(edges[0::2], edges[1::2], strict=True):
            if stop - start >= 4:
                found.append(SyntheticCrack(points[start:stop], path.width_px[start:stop]))
    return tuple(found)
