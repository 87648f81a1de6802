"""Cracks as drawn: their exact extent at every pixel, and the truth about them for measuring tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets.synthesis.crack_paths import CrackPath
from blemish.datasets.synthesis.noise import Field, Generator, fractal_noise
from blemish.datasets.synthesis.strokes import FAR_PX, Points, coverage, normals, stroke_field

THIN_PX = 3.0
"""Up to this width edges are not roughened: a pixel could not show it, and the width stays that of the profile."""


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
    """All cracks of a photo at each of its pixels.

    Attributes:
        depth_px: how far inside the edge of a crack the pixel centre lies, float32 (H, W); negative outside.
        half_width_px: half-width of the crack there, float32 (H, W).
        index: the nearest of all the paths' points taken in a row, int32 (H, W).
        strength: how dark to draw it, float32 (H, W).
    """

    depth_px: Field
    half_width_px: Field
    index: NDArray[np.int32]
    strength: Field

    def coverage(self) -> Field:
        """Share of each pixel that cracks cover, 0 to 1."""
        return coverage(self.depth_px, self.half_width_px)

    def mask(self, least_width_px: float) -> NDArray[np.bool_]:
        """Pixels whose centre lies in a crack, bool (H, W); cracks thinner than ``least_width_px`` count as that wide."""
        lift = np.maximum(np.float32(least_width_px / 2) - self.half_width_px, 0)
        return np.asarray((self.depth_px + lift > 0) & (self.half_width_px > 0))


def crack_field(
    rng: Generator,
    paths: Sequence[CrackPath],
    shape: tuple[int, int],
    *,
    raggedness: float,
    grain_px: float,
    margin_px: float,
) -> CrackField:
    """Draw the extent of all paths.

    Args:
        rng: source of chance, for the ragged edges.
        paths: at least one.
        shape: (height, width) of the photo.
        raggedness: how far the edges of wide cracks wander, relative to the half-width; 0 for smooth edges.
        grain_px: size of the surface's grain, around which edges break.
        margin_px: the field reaches this far outside the cracks.
    """
    depth = np.full(shape, FAR_PX, dtype=np.float32)
    half = np.zeros(shape, dtype=np.float32)
    index = np.zeros(shape, dtype=np.int32)
    first = np.cumsum([0] + [len(path.points) for path in paths])
    # Thin cracks share one pass: between them no crack can be swallowed by a wider neighbour's centre line.
    thin = [number for number, path in enumerate(paths) if path.width_px.max() <= 2 * THIN_PX]
    groups = [[number] for number in range(len(paths)) if number not in set(thin)] + ([thin] if thin else [])
    for group in groups:
        points = np.concatenate([paths[number].points for number in group])
        widths = np.concatenate([paths[number].width_px for number in group])
        origin = np.concatenate([np.arange(first[number], first[number + 1]) for number in group])
        drawn = widths > 0
        if drawn.sum() < 2:
            continue
        field = stroke_field(points[drawn], widths[drawn] / 2, shape, margin_px=margin_px)
        if field is None:
            continue
        deeper = field.depth_px > depth[field.window]
        origin = origin[drawn]
        nearest = origin[np.clip(np.rint(field.along), 0, len(origin) - 1).astype(np.intp)]
        depth[field.window] = np.where(deeper, field.depth_px, depth[field.window])
        half[field.window] = np.where(deeper, field.half_width_px, half[field.window])
        index[field.window] = np.where(deeper, nearest, index[field.window])
    if raggedness > 0 and half.max() > THIN_PX / 2:
        reach = np.clip(half - THIN_PX / 2, 0, None)
        size = max(4.0, min(float(half.max()), 6 * grain_px))
        ragged = fractal_noise(rng, shape, size, 1.5, persistence=0.8)
        depth += ragged * np.minimum(reach * np.float32(raggedness), np.float32(1.2 * grain_px + 1.5))
    strengths = np.concatenate([path.strength for path in paths]).astype(np.float32)
    return CrackField(depth, half, index, strengths[index])


def measure(paths: Sequence[CrackPath], field: CrackField, visible: NDArray[np.bool_]) -> tuple[SyntheticCrack, ...]:
    """The truth: each path as drawn, cut to its visible stretches.

    Wide cracks are measured on the drawn field, across the centre line to the first edge on either side (to about
    .05 px), and their points moved to the middle; thin ones have the width of their profile.

    Args:
        paths: as given to `crack_field`.
        field: what it returned.
        visible: bool (H, W), False where something hides the crack or the photo cannot show it.
    """
    height, width = field.depth_px.shape
    found: list[SyntheticCrack] = []
    for path in paths:
        points, widths = _as_drawn(path, field)
        column = np.rint(points[:, 0]).astype(np.intp)
        row = np.rint(points[:, 1]).astype(np.intp)
        keep = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (widths > 0)
        keep[keep] = visible[row[keep], column[keep]]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
        for start, stop in zip(edges[0::2], edges[1::2], strict=True):
            if stop - start >= 4:
                found.append(SyntheticCrack(points[start:stop], widths[start:stop]))
    return tuple(found)


def _as_drawn(path: CrackPath, field: CrackField) -> tuple[Points, NDArray[np.float64]]:
    wide = path.width_px > THIN_PX
    if not wide.any():
        return path.points, path.width_px
    # Across the general direction, not across each tooth of the roughness.
    span = max(2, int(np.median(path.width_px[wide])))
    general = path.points.copy()
    if len(general) > 2 * span:
        kernel = np.ones(2 * span + 1) / (2 * span + 1)
        padded = np.pad(general, ((span, span), (0, 0)), mode="reflect", reflect_type="odd")
        general = np.stack([np.convolve(padded[:, axis], kernel, mode="valid") for axis in (0, 1)], axis=1)
    side = normals(general)[wide]
    centre = path.points[wide]
    reach = np.arange(0, float(path.width_px.max()) * 0.9 + 6, 0.25, dtype=np.float32)
    sides = []
    for sign in (1.0, -1.0):
        x = (centre[:, :1] + sign * side[:, :1] * reach).astype(np.float32)
        y = (centre[:, 1:] + sign * side[:, 1:] * reach).astype(np.float32)
        depth = cv2.remap(field.depth_px, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        outside = depth <= 0
        crossing = np.where(outside.any(axis=1), outside.argmax(axis=1), len(reach) - 1)
        inner = np.maximum(crossing - 1, 0)
        each = np.arange(len(centre))
        high, low = depth[each, inner], depth[each, crossing]
        share = np.where(high > low, high / np.maximum(high - low, 1e-6), 0.0)
        sides.append(np.where(crossing > 0, reach[inner] + 0.25 * np.clip(share, 0, 1), 0.0))
    points, widths = path.points.copy(), path.width_px.copy()
    points[wide] = centre + side * ((sides[0] - sides[1]) / 2)[:, None]
    widths[wide] = sides[0] + sides[1]
    return points, widths
