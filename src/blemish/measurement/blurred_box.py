"""A crack's mean profile as a blurred box: how wide, how blurred, and how dark it is in full.

Across an evenly wide crack, an image shows a box blurred by the lens (a Gaussian), by the pixels (a box of 1 px) and by
reading between them (a triangle). The mean profile of a whole crack is good enough to fit such a box to. Only a fit
that is close, sharp and leaves little choice of width is believed: cracks in stains and shadows, ragged ones and
hairlines as thin as the blur are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from blemish.measurement.bundle import Values

# Mean profiles are read here, in pixels from the crack's middle.
OFFSETS_PX = np.arange(-14.0, 14.25, 0.5)
# Cracks wider than this by their mask are not fitted: their own middle shows how dark they are.
WIDEST_PX = 14.0
# The fit covers the crack and this much beside it.
BESIDE_PX = 2.5
# The boxes that are tried: widths, and standard deviations of the lens's blur.
_WIDTHS_PX = np.concatenate([np.arange(0.3, 4.0, 0.1), np.arange(4.0, WIDEST_PX + 1.0, 0.2)])
_BLURS_PX = np.arange(0.0, 1.21, 0.05)
# A blur above this is no lens but a crack without clear edges.
_MAX_BLUR_PX = 1.0
# Largest root mean square misfit, as a fraction of the box's height.
_MISFIT = 0.065
# Widths whose squared misfit is within this many times its mean square from the least are as good as the best ...
_AS_GOOD = 8.0
# ... or, since it need not be noise, within what this root mean square of noise would cause, ...
_NOISE = 0.015
# ... and those may differ by this fraction of the width.
_CHOICE = 0.12


@dataclass(frozen=True, slots=True)
class BlurredBox:
    """The fit for one crack.

    Attributes:
        width_px: full width.
        height: how dark the crack is in full, in the profile's unit.
        believed: whether the fit is close, sharp and leaves little choice.
    """

    width_px: float
    height: float
    believed: bool


@cache
def _boxes() -> NDArray[np.float64]:
    """All boxes that are tried, of height 1, (blurs, widths, offsets)."""
    per_px = 20
    fine = np.arange(OFFSETS_PX[0] * per_px, OFFSETS_PX[-1] * per_px + 1) / per_px
    sharp = np.clip((_WIDTHS_PX[:, np.newaxis] / 2 - np.abs(fine)) * per_px + 0.5, 0.0, 1.0)
    for _ in range(3):  # the triangle is two boxes of a pixel
        sharp = uniform_filter1d(sharp, per_px, axis=1, mode="nearest")
        sharp = (sharp + sharp[:, ::-1]) / 2  # an even number of taps would shift it
    blurred = [gaussian_filter1d(sharp, blur * per_px, axis=1) if blur > 0 else sharp for blur in _BLURS_PX]
    return np.stack(blurred)[:, :, :: round(per_px * (OFFSETS_PX[1] - OFFSETS_PX[0]))]


def fit_blurred_box(profile: Values, width_px: float) -> BlurredBox:
    """Fit a blurred box to a crack's mean profile, by least squares over widths, blurs and heights.

    Args:
        profile: float64 (K,) at ``OFFSETS_PX``: darkness against the surface beside the crack.
        width_px: by the mask, at most ``WIDEST_PX``; tells what belongs to the crack.
    """
    near = np.abs(OFFSETS_PX) <= width_px / 2 + BESIDE_PX
    total = float(profile[near].sum())
    if not total > 0:
        return BlurredBox(np.nan, np.nan, believed=False)
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
    return BlurredBox(best, found, believed)
