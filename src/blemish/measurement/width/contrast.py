"""How dark a crack is in full, where no pixel shows only crack: by the shape of its profile, or by its mask.

The shape: across an evenly wide crack, an image shows a box blurred by the lens (a Gaussian), by the pixels (a box of
1 px) and by interpolation between them (a triangle). The mean profile of a whole crack is good enough to fit such a box
to. Only a fit that is close, sharp and leaves little choice of width counts: cracks in stains and shadows, ragged ones
and hairlines as thin as the blur have none.

The mask: a threshold half way between surface and crack lies half the contrast below the surface. Cho, Yoon and Jung
(2018, see `grey_levels`) find the error of widths least there, and Otsu's method and the like end up there.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.polylines import Values

# Mean profiles are read here, in pixels from the crack's middle.
OFFSETS_PX = np.arange(-14.0, 14.25, 0.5)
# Cracks wider than this by their mask are not fitted: their own middle shows how dark they are.
MAX_BOX_PX = 14.0
# The fit covers the crack and this much beside it.
BESIDE_PX = 2.5
# The boxes that are tried: widths, and standard deviations of the lens's blur.
_WIDTHS_PX = np.concatenate([np.arange(0.3, 4.0, 0.1), np.arange(4.0, MAX_BOX_PX + 1.0, 0.2)])
_BLURS_PX = np.arange(0.0, 1.21, 0.05)
# Largest standard deviation of an image's blur, by lens and interpolation: above it a crack has no clear edges.
_MAX_BLUR_PX = 1.0
# Largest root mean square misfit, as a fraction of the box's height.
_MISFIT = 0.065
# Widths whose squared misfit is within this many times its mean square from the least are as good as the best ...
_AS_GOOD = 8.0
# ... or, since it need not be noise, within what this root mean square of noise would cause, ...
_NOISE = 0.015
# ... and those may differ by this fraction of the width.
_CHOICE = 0.12


@cache
def _boxes() -> NDArray[np.float64]:
    """All boxes that are tried, of height 1, (blurs, widths, offsets)."""
    per_px = 20
    fine = np.arange(OFFSETS_PX[0] * per_px, OFFSETS_PX[-1] * per_px + 1) / per_px
    sharp = np.clip((_WIDTHS_PX[:, np.newaxis] / 2 - np.abs(fine)) * per_px + 0.5, 0.0, 1.0)
    for _ in range(3):  # the triangle is two boxes of a pixel
        sharp = scipy.ndimage.uniform_filter1d(sharp, per_px, axis=1, mode="nearest")
        sharp = (sharp + sharp[:, ::-1]) / 2  # an even number of taps would shift it
    blurred = [
        scipy.ndimage.gaussian_filter1d(sharp, blur * per_px, axis=1) if blur > 0 else sharp for blur in _BLURS_PX
    ]
    return np.stack(blurred)[:, :, :: round(per_px * (OFFSETS_PX[1] - OFFSETS_PX[0]))]


def contrast_by_shape(profile: Values, width_px: float) -> float:
    """Height of the blurred box that fits a crack's mean profile, by least squares over widths, blurs and heights.

    Args:
        profile: float64 (K,) at ``OFFSETS_PX``: darkness against the surface beside the crack.
        width_px: by the mask, at most ``MAX_BOX_PX``; tells what belongs to the crack.

    Returns:
        How dark the crack is in full, in the profile's unit; NaN where the fit is not close and sharp, or leaves a
        choice of widths.
    """
    near = np.abs(OFFSETS_PX) <= width_px / 2 + BESIDE_PX
    total = float(profile[near].sum())
    if not total > 0:
        return np.nan
    middle = float(np.clip((profile * OFFSETS_PX)[near].sum() / total, -1.0, 1.0))
    seen = np.interp(OFFSETS_PX + middle, OFFSETS_PX, profile)[near]
    boxes = _boxes()[:, :, near]
    square = (boxes * boxes).sum(axis=2)
    height = boxes @ seen / square
    misfit = np.maximum((seen @ seen) - height**2 * square, 0.0)
    blur, width = np.unravel_index(int(misfit.argmin()), misfit.shape)
    least, best = float(misfit[blur, width]), float(_WIDTHS_PX[width])
    mean_square = least / seen.size
    found = float(height[blur, width])
    noise = min(mean_square, (_NOISE * found) ** 2)
    as_good = _WIDTHS_PX[(misfit <= least + _AS_GOOD * noise).any(axis=0)]
    believed = (
        found > 0
        and _BLURS_PX[blur] <= _MAX_BLUR_PX
        and mean_square <= (_MISFIT * found) ** 2
        and float(as_good[-1] - as_good[0]) <= _CHOICE * best + 0.1
    )
    return found if believed else np.nan


# A mask whose edge pixels are split by one grey level with fewer mistakes than this is a threshold of the image.
_MISTAKES = 0.01
_MIN_PIXELS = 40
# No crack shows darker than it is, by more than this fraction: noise.
_TOO_DARK = 1.1

# The lowest and the highest grey level of a range.
Levels = tuple[float, float]


def threshold_levels(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Levels | None:
    """The grey levels at which thresholding the image gives the mask, or None where it is not a threshold.

    Only pixels on both sides of the mask's edge count: if one grey level separates them with at most 1 % mistakes,
    the mask was cut at that level.

    Args:
        image: uint8 (H, W), grey, cracks darker.
        mask: uint8 (H, W), 255 inside.

    Returns:
        The lowest and the highest level that separate the pixels best.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = image[(mask > 0) & (cv2.erode(mask, cross) == 0)]
    outer = image[(mask == 0) & (cv2.dilate(mask, cross) > 0)]
    if min(inner.size, outer.size) < _MIN_PIXELS:
        return None
    too_bright = inner.size - np.cumsum(np.bincount(inner, minlength=256))
    too_dark = np.cumsum(np.bincount(outer, minlength=256))
    mistakes = too_bright + too_dark
    best = mistakes.min()
    if best > _MISTAKES * (inner.size + outer.size):
        return None
    # Level g has grey g as the last one inside.
    levels = np.flatnonzero(mistakes == best) + 0.5
    return float(levels[0]), float(levels[-1])


def contrast_by_threshold(levels: Levels, surface: Values, darkest: Values, width_px: Values) -> Values:
    """Surface minus crack for a mask that was cut half way between them.

    Of the levels that would give the same mask, the one that fits the crack's darkest grey level is taken, but no
    contrast larger than blur could hide in a crack so wide.

    Args:
        levels: from `threshold_levels`.
        surface: grey level of the surface, (M,).
        darkest: how much darker than the surface the crack's middle is, (M,).
        width_px: of the crack, by its mask, (M,).

    Returns:
        Grey levels, (M,); NaN where the mask was not cut half way.
    """
    most = 2 * (surface - levels[0])
    contrast = np.clip(darkest, 2 * (surface - levels[1]), most)
    contrast = np.minimum(contrast, darkest / scipy.special.erf(width_px / (np.sqrt(8) * _MAX_BLUR_PX)))
    return np.where(darkest > _TOO_DARK * most, np.nan, contrast)
