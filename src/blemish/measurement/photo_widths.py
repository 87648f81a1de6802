"""Crack widths from the photo's grey levels: how much darkness lies across the line, over how dark a crack is.

Below about 2 px no pixel shows only crack, and a mask's width is mostly rounding. The darkness missing across the
line, integrated, does not depend on focus nor on where the pixel grid falls; divided by the full contrast between
crack and surface it is the width. Cho, Yoon and Jung, "Effects of the ground resolution and thresholding on crack
width measurements", Sensors 18 (2018), trace the error of thresholded widths to the same mixed pixels, and find it
least at the threshold half way between crack and surface.

The full contrast must be known. It is taken, in this order, from the crack's own wide parts; from the mask, if
that is plainly a threshold of this photo, half way between surface and crack; from wide parts of other cracks in
the photo. Where none of these exists the mask's width stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from blemish.measurement.bundle import LineBundle, Values
from blemish.measurement.profiles import Edges
from blemish.measurement.sampling import sample

STEP_PX = 0.5
# Blur reaches this far past an edge; the surface's grey level is read beyond it, over FLANK_PX.
MARGIN_PX = 2.5
FLANK_PX = 3.0
# Grey level of the crack itself: at least this far inside its edges.
CORE_DEPTH_PX = 2.5
# Wide enough points needed before a crack's, or the photo's, contrast is trusted.
CORE_POINTS_CRACK, CORE_POINTS_PHOTO = 8, 30
# Fainter than this share of the surface's grey level, or these grey levels, is not a crack's full contrast.
MIN_CONTRAST_SHARE, MIN_CONTRAST_LEVELS = 0.05, 8.0
# A mask whose edge pixels are split by one grey level with fewer mistakes than this is a threshold of the photo.
THRESHOLD_MISTAKES = 0.01
THRESHOLD_MIN_PIXELS = 40
# Standard deviation of the blur, by the lens and by reading between pixels, of a photo that is still called sharp.
MOST_BLUR_PX = 1.0
# Above this width (mask) grey levels are not consulted: the mask's rounding no longer matters.
WIDEST_PX = 24.0

# The lowest and the highest grey level of a range.
Levels = tuple[float, float]


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


def photo_widths(
    photo: NDArray[np.uint8], bundle: LineBundle, edges: Edges, usable: NDArray[np.bool_], levels: Levels | None
) -> Values:
    """Widths by grey-level integration.

    Args:
        photo: uint8 (H, W), grey; cracks are darker than the surface.
        bundle: the centre lines.
        edges: where the mask ends across them.
        usable: bool (M,), points where no other crack meets this one.
        levels: what grey levels the mask may be a threshold at, if it is one: see `threshold_levels`.

    Returns:
        float64 (M,) in pixels, NaN where the contrast is unknown, too low or out of reach.
    """
    result = np.full(len(bundle.points), np.nan)
    chosen = np.flatnonzero(usable & (edges.width_px <= WIDEST_PX))
    if not chosen.size:
        return result
    read = _read(photo, bundle, edges, chosen)
    # Noise is averaged along the crack, where surface and contrast change slowly.
    surface = bundle.smooth(read.surface, 4.0)
    contrast = _contrast(bundle, surface, read, levels, edges.width_px)
    enough = contrast >= np.maximum(MIN_CONTRAST_SHARE * surface, MIN_CONTRAST_LEVELS)
    np.divide(read.darkness, contrast, out=result, where=enough)
    width = result + read.core_px
    return np.where(width > 0, width, np.nan)


def _read(photo: NDArray[np.uint8], bundle: LineBundle, edges: Edges, chosen: NDArray[np.intp]) -> _Readings:
    darkness, core_px, core, middle, surface = (np.full(len(bundle.points), np.nan) for _ in range(5))
    half = edges.width_px[chosen] / 2 + MARGIN_PX + FLANK_PX
    octave = np.ceil(np.log2(half)).astype(int)
    for power in np.unique(octave):
        rows = chosen[octave == power]
        offsets = np.arange(-(2.0**power), 2.0**power + STEP_PX / 2, STEP_PX)
        across = offsets + edges.middle_px[rows, np.newaxis]
        x = bundle.points[rows, :1] + across * bundle.normals[rows, :1]
        y = bundle.points[rows, 1:] + across * bundle.normals[rows, 1:]
        grey = sample(photo, x, y)
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


def _contrast(bundle: LineBundle, surface: Values, read: _Readings, levels: Levels | None, width_px: Values) -> Values:
    """Surface minus crack, in grey levels, (M,), NaN where nothing tells."""
    share = 1.0 - read.core / np.where(surface > 0, surface, np.nan)
    local = bundle.smooth(share, 5.0)
    own = _per_line(bundle, share, CORE_POINTS_CRACK, 50)
    contrast = surface * np.where(np.isfinite(local) & np.isfinite(own), local, own)
    if levels is not None:
        # A threshold half way is half the contrast below the surface. Of the levels that would give the same mask,
        # the one is taken that fits the darkest that the crack is seen to be, and none that not even a blurred lens
        # could have hidden in a crack so wide.
        darkest = _per_line(bundle, bundle.smooth(surface - read.middle, 2.0), 1, 90)
        halfway = np.clip(darkest, 2 * (surface - levels[1]), 2 * (surface - levels[0]))
        width = _per_line(bundle, width_px, 1, 50)
        halfway = np.minimum(halfway, darkest / erf(width / (np.sqrt(8) * MOST_BLUR_PX)))
        return np.where(np.isfinite(contrast), contrast, halfway)
    known = np.isfinite(share)
    if known.sum() >= CORE_POINTS_PHOTO:
        contrast = np.where(np.isfinite(contrast), contrast, surface * np.median(share[known]))
    return contrast


def _per_line(bundle: LineBundle, values: Values, least: int, percentile: float) -> Values:
    """A percentile over each line's known values, at every point of it, (M,); NaN for lines with too few."""
    known = np.isfinite(values)
    found = np.full(len(bundle.closed), np.nan)
    for line in np.flatnonzero(np.bincount(bundle.owner[known], minlength=len(found)) >= least):
        part = slice(bundle.starts[line], bundle.starts[line + 1])
        found[line] = np.percentile(values[part][known[part]], percentile)
    return found[bundle.owner]


def threshold_levels(photo: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Levels | None:
    """The grey levels at which thresholding the photo gives the mask, or None where it is not a threshold.

    Only pixels on both sides of the mask's edge are asked: if one grey level parts them with at most 1 % mistakes,
    the mask was drawn at that level.

    Args:
        photo: uint8 (H, W), grey, cracks darker.
        mask: uint8 (H, W), 255 inside.

    Returns:
        The lowest and the highest level that part the pixels best.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = photo[(mask > 0) & (cv2.erode(mask, cross) == 0)]
    outer = photo[(mask == 0) & (cv2.dilate(mask, cross) > 0)]
    if min(inner.size, outer.size) < THRESHOLD_MIN_PIXELS:
        return None
    too_bright = inner.size - np.cumsum(np.bincount(inner, minlength=256))
    too_dark = np.cumsum(np.bincount(outer, minlength=256))
    mistakes = too_bright + too_dark
    best = mistakes.min()
    if best > THRESHOLD_MISTAKES * (inner.size + outer.size):
        return None
    # Level g has grey g as the last one inside.
    levels = np.flatnonzero(mistakes == best) + 0.5
    return float(levels[0]), float(levels[-1])
