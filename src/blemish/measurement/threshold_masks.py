"""Masks that are a threshold of their image, and what that tells about a crack's full darkness.

A threshold half way between surface and crack lies half the contrast below the surface. Cho, Yoon and Jung (2018, see
`image_widths`) find the error of widths least there, and Otsu's method and the like end up there.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from blemish.measurement.bundle import Values

# A mask whose edge pixels are split by one grey level with fewer mistakes than this is a threshold of the image.
_MISTAKES = 0.01
_MIN_PIXELS = 40
# Standard deviation of the blur, by the lens and by reading between pixels, of an image that is still called sharp.
_MAX_BLUR_PX = 1.0
# No crack shows darker than it is, by more than this share: noise.
_TOO_DARK = 1.1

# The lowest and the highest grey level of a range.
Levels = tuple[float, float]


def threshold_levels(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Levels | None:
    """The grey levels at which thresholding the image gives the mask, or None where it is not a threshold.

    Only pixels on both sides of the mask's edge are asked: if one grey level parts them with at most 1 % mistakes,
    the mask was drawn at that level.

    Args:
        image: uint8 (H, W), grey, cracks darker.
        mask: uint8 (H, W), 255 inside.

    Returns:
        The lowest and the highest level that part the pixels best.
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

    Of the levels that would give the same mask, the one is taken that fits the darkest that the crack is seen to be,
    and none that not even a blurred lens could have hidden in a crack so wide.

    Args:
        levels: from `threshold_levels`.
        surface: grey level of the surface, (M,).
        darkest: how much darker than the surface the crack's middle is seen to be, (M,).
        width_px: of the crack, by its mask, (M,).

    Returns:
        Grey levels, (M,); NaN where the mask was not cut half way.
    """
    most = 2 * (surface - levels[0])
    contrast = np.clip(darkest, 2 * (surface - levels[1]), most)
    contrast = np.minimum(contrast, darkest / erf(width_px / (np.sqrt(8) * _MAX_BLUR_PX)))
    return np.where(darkest > _TOO_DARK * most, np.nan, contrast)
