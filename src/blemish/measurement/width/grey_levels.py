"""Crack widths from the image's grey levels: how much darkness lies across the line, over how dark a crack is.

Below about 2 px no pixel shows only crack, and a mask's width is mostly rounding. The darkness missing across the
line, integrated, does not depend on focus nor on where the pixel grid falls; divided by the full contrast between
crack and surface it is the width. Cho, Yoon and Jung, "Effects of the ground resolution and thresholding on crack
width measurements", Sensors 18 (2018), trace the error of thresholded widths to the same mixed pixels, and find it
least at the threshold half way between crack and surface.

The full contrast must be known. It is taken, in this order, from the crack's own wide parts; from a blurred box
that fits its mean profile; from the mask, if that is plainly a threshold of this image, half way between surface
and crack; from other cracks in the image. Where none of these exists the mask's width stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Polylines, Values
from blemish.measurement.sampling import sample
from blemish.measurement.width.contrast import MAX_BOX_PX, OFFSETS_PX, Levels, contrast_by_shape, contrast_by_threshold
from blemish.measurement.width.profiles import Edges

STEP_PX = 0.5
# Blur reaches this far past an edge; the surface's grey level is read beyond it, over FLANK_PX.
MARGIN_PX = 2.5
FLANK_PX = 3.0
# Grey level of the crack itself: at least this far inside its edges.
CORE_DEPTH_PX = 2.5
# Wide enough points needed before a crack's, or the image's, contrast is trusted.
CORE_POINTS_CRACK, CORE_POINTS_IMAGE = 8, 30
# Fainter than this fraction of the surface's grey level, or these grey levels, is not a crack's full contrast.
MIN_CONTRAST_FRACTION, MIN_CONTRAST_LEVELS = 0.05, 8.0
# A blurred box is fitted to the mean of at most this many profiles of a crack, and of no fewer than the first.
BOX_POINTS = (12, 256)
# An image that puts the mean width of a crack further from the mask's than this shows something else than the mask.
AGREEMENT_PX = 0.6
# Nor is an image better than a mask where half its widths are further than this from that mean difference.
MAX_SCATTER_PX = 0.3
# The mask's rounding is no scatter of the image: the mask's widths are smoothed by this before.
SCATTER_SMOOTH_PX = 5.0
# Above this width (mask) grey levels are not consulted: the mask's rounding no longer matters.
MAX_WIDTH_PX = 24.0


@dataclass(frozen=True, slots=True)
class _Readings:
    """What the profiles say, each float64 (M,), NaN where there is none.

    Attributes:
        darkness: grey levels missing around the two edges, times pixels.
        core_px: width of the middle part, further than ``CORE_DEPTH_PX`` inside the edges.
        core: mean grey level of that part, NaN without one.
        middle: grey level in the middle of the crack.
        surface: mean grey level beside the crack.
    """

    darkness: Values
    core_px: Values
    core: Values
    middle: Values
    surface: Values


@dataclass(frozen=True, slots=True)
class ImageWidths:
    """What an image says about widths.

    Attributes:
        width_px: float64 (M,), NaN where the contrast is unknown, too low or out of reach.
        clear_box: bool (M,), points of cracks that look like an evenly wide, sharp, dark line just where the mask is:
            there the image is better than the mask.
    """

    width_px: Values
    clear_box: NDArray[np.bool_]


def image_widths(
    image: NDArray[np.uint8], polylines: Polylines, edges: Edges, usable: NDArray[np.bool_], levels: Levels | None
) -> ImageWidths:
    """Widths by grey-level integration.

    Args:
        image: uint8 (H, W), grey; cracks are darker than the surface.
        polylines: the centre lines.
        edges: where the mask ends across them.
        usable: bool (M,), points where no other crack meets this one.
        levels: what grey levels the mask may be a threshold at, if it is one.
    """
    width = np.full(len(polylines.points), np.nan)
    clear_box = np.zeros(len(polylines.points), dtype=np.bool_)
    chosen = np.flatnonzero(usable & (edges.width_px <= MAX_WIDTH_PX))
    if not chosen.size:
        return ImageWidths(width, clear_box)
    read = _read(image, polylines, edges, chosen)
    # Noise is averaged along the crack, where surface and contrast change slowly.
    surface = polylines.smooth(read.surface, 4.0)
    by_box = _box_fractions(image, polylines, edges, surface)
    contrast = _contrast(polylines, surface, read, by_box)
    sure = np.isfinite(by_box)
    if levels is not None:
        darkest = _per_line(polylines, polylines.smooth(surface - read.middle, 2.0), 1, 90)
        at_level = contrast_by_threshold(levels, surface, darkest, _per_line(polylines, edges.width_px, 1, 50))
        sure |= np.isfinite(at_level)
        contrast = np.where(np.isfinite(contrast), contrast, at_level)
    contrast = np.where(np.isfinite(contrast), contrast, surface * _image_fraction(read, surface, by_box))
    enough = contrast >= np.maximum(MIN_CONTRAST_FRACTION * surface, MIN_CONTRAST_LEVELS)
    np.divide(read.darkness, contrast, out=width, where=enough)
    width += read.core_px
    width[~(width > 0)] = np.nan
    beside_mask = np.where(sure, width - polylines.smooth(edges.width_px, SCATTER_SMOOTH_PX), np.nan)
    off = _per_line(polylines, beside_mask, 1, 50)
    scatter = _per_line(polylines, np.abs(beside_mask - off), 1, 50)
    return ImageWidths(width, (np.abs(off) <= AGREEMENT_PX) & (scatter <= MAX_SCATTER_PX))


def _read(image: NDArray[np.uint8], polylines: Polylines, edges: Edges, chosen: NDArray[np.intp]) -> _Readings:
    darkness, core_px, core, middle, surface = (np.full(len(polylines.points), np.nan) for _ in range(5))
    half = edges.width_px[chosen] / 2 + MARGIN_PX + FLANK_PX
    octave = np.ceil(np.log2(half)).astype(int)
    for power in np.unique(octave):
        rows = chosen[octave == power]
        offsets = np.arange(-(2.0**power), 2.0**power + STEP_PX / 2, STEP_PX)
        across = offsets + edges.middle_px[rows, np.newaxis]
        x = polylines.points[rows, :1] + across * polylines.normals[rows, :1]
        y = polylines.points[rows, 1:] + across * polylines.normals[rows, 1:]
        grey = sample(image, x, y)
        beyond = np.abs(offsets) - edges.width_px[rows, np.newaxis] / 2
        flank = (beyond > MARGIN_PX) & (beyond <= MARGIN_PX + FLANK_PX)
        level = (_mean(grey, flank & (offsets < 0)) + _mean(grey, flank & (offsets > 0))) / 2
        # Only the edges are weighed: what lies deep inside is crack, whatever its texture. The window is symmetric,
        # so a surface that brightens evenly from one side to the other cancels out.
        deep = beyond <= -CORE_DEPTH_PX
        counted = np.clip(0.5 + (MARGIN_PX - beyond) / STEP_PX, 0.0, 1.0) * ~deep
        darkness[rows] = STEP_PX * (counted * (level[:, np.newaxis] - grey)).sum(axis=1)
        surface[rows] = level
        middle[rows] = grey[:, offsets.size // 2]
        core_px[rows] = STEP_PX * deep.sum(axis=1)
        core[rows] = np.where(deep.any(axis=1), _mean(grey, deep), np.nan)
    return _Readings(darkness, core_px, core, middle, surface)


def _mean(values: NDArray[np.float32], where: NDArray[np.bool_]) -> Values:
    counts = where.sum(axis=1)
    return np.asarray(np.where(where, values, 0.0).sum(axis=1) / np.maximum(counts, 1), dtype=np.float64)


def _box_fractions(image: NDArray[np.uint8], polylines: Polylines, edges: Edges, surface: Values) -> Values:
    """How dark each crack is in full, as a fraction of the surface, by a blurred box, (M,); NaN where none fits."""
    fractions = np.full(len(polylines.points), np.nan)
    at_line, widths = [], []
    for start, stop in pairwise(polylines.starts):
        points = start + np.flatnonzero(np.isfinite(surface[start:stop]))
        width = float(np.median(edges.width_px[points])) if points.size >= BOX_POINTS[0] else np.inf
        if width > MAX_BOX_PX:
            points = points[:0]
        at_line.append(points[:: max(1, -(-points.size // BOX_POINTS[1]))])
        widths.append(width)
    rows = np.concatenate(at_line)
    across = OFFSETS_PX + edges.middle_px[rows, np.newaxis]
    x = polylines.points[rows, :1] + across * polylines.normals[rows, :1]
    y = polylines.points[rows, 1:] + across * polylines.normals[rows, 1:]
    darker = 1.0 - sample(image, x, y) / np.maximum(surface[rows, np.newaxis], 1.0)
    ends = np.cumsum([0] + [points.size for points in at_line])
    for line, (first, last) in enumerate(pairwise(ends)):
        if last > first:
            contrast = contrast_by_shape(darker[first:last].mean(axis=0), widths[line])
            fractions[polylines.starts[line] : polylines.starts[line + 1]] = contrast
    return fractions


def _contrast(polylines: Polylines, surface: Values, read: _Readings, by_box: Values) -> Values:
    """Surface minus crack by the crack itself, in grey levels, (M,), NaN where it does not tell."""
    by_core = _core_fraction(read, surface)
    local = polylines.smooth(by_core, 5.0)
    own = _per_line(polylines, by_core, CORE_POINTS_CRACK, 50)
    by_core = np.where(np.isfinite(local) & np.isfinite(own), local, own)
    return surface * np.where(np.isfinite(by_core), by_core, by_box)


def _core_fraction(read: _Readings, surface: Values) -> Values:
    return np.asarray(1.0 - read.core / np.where(surface > 0, surface, np.nan))


def _image_fraction(read: _Readings, surface: Values, by_box: Values) -> float:
    """How dark the cracks of the image are in full, as a fraction of the surface; NaN where too few of them tell."""
    fraction = np.where(np.isfinite(by_box), by_box, _core_fraction(read, surface))
    known = fraction[np.isfinite(fraction)]
    return float(np.median(known)) if known.size >= CORE_POINTS_IMAGE else np.nan


def _per_line(polylines: Polylines, values: Values, least: int, percentile: float) -> Values:
    """A percentile over each line's known values, at every point of it, (M,); NaN for lines with too few."""
    known = np.isfinite(values)
    found = np.full(len(polylines.closed), np.nan)
    for line in np.flatnonzero(np.bincount(polylines.owner[known], minlength=len(found)) >= least):
        part = slice(polylines.starts[line], polylines.starts[line + 1])
        found[line] = np.percentile(values[part][known[part]], percentile)
    return found[polylines.owner]
