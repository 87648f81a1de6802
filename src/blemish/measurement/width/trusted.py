"""The smallest width that an image can tell: where the ± of a width is no more than half of it."""

from __future__ import annotations

from functools import cache

import numpy as np

from blemish.measurement.width.box_model import DARKNESS, OFFSETS_PX, fit_boxes, line_profiles
from blemish.measurement.width.grey_profiles import CORRELATED, uncertainty_of

# ± of a width that can be trusted is at most this fraction of it.
MAX_UNCERTAINTY = 0.5
# No surface is plainer than this fraction of its grey level.
_PLAINEST = 0.02
_WIDTHS_PX = np.arange(0.5, 12.01, 0.1)


def smallest_trusted_px(blur_px: float, noise: float) -> float:
    """The width from which on ± is at most half of the width, in pixels.

    Profiles of ideal cracks behind such a blur are measured as those of images are.

    Args:
        blur_px: standard deviation of the image's blur.
        noise: standard deviation of noise, as a fraction of the surface's grey level.

    Returns:
        At most 12.
    """
    # Steps that no one can tell apart, so that thousands of images need few of these.
    return _smallest(round(max(blur_px, 0.45) * 10) / 10, round(max(noise, _PLAINEST) * 250) / 250)


@cache
def _smallest(blur_px: float, noise: float) -> float:
    profiles = DARKNESS * line_profiles(OFFSETS_PX, _WIDTHS_PX, np.full(_WIDTHS_PX.size, blur_px))
    fits = fit_boxes(profiles, np.full(_WIDTHS_PX.size, CORRELATED * noise), _WIDTHS_PX + 2 * blur_px)
    doubtful = np.flatnonzero(uncertainty_of(fits) > MAX_UNCERTAINTY * _WIDTHS_PX)
    return float(_WIDTHS_PX[min(doubtful[-1] + 1, _WIDTHS_PX.size - 1)]) if doubtful.size else float(_WIDTHS_PX[0])
