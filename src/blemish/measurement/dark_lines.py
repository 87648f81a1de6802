"""Whether an image shows a dark line where another image of the surface has a crack.

A detector misses cracks. So a crack that is outlined at one date only is new, or repaired, only where the image of the
other date shows no dark line there: a ridge of darkness along the place, darker than such ridges beside it are by
chance.
"""

from __future__ import annotations

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.polylines import Points, Values, tangents
from blemish.measurement.sampling import as_grey, sample

# Profiles are read at this spacing, this far beyond where the line may lie, and averaged along it by this Gaussian.
_STEP_PX, _BESIDE_PX, _ALONG_PX = 0.5, 14.0, 4.0
# A line is darker than what lies this far beyond its edges, over so much on both sides.
_BEYOND_PX, _FLANK_PX = 1.5, 3.0
# A dark line is darker by at least this fraction of the surface, and this many standard deviations of chance.
_MIN_DARKNESS, _MIN_ERRORS = 0.06, 4.0
# Standard deviations of a normal distribution in its median absolute deviation.
_ROBUST = 1.4826


def shows_dark_line(
    image: NDArray[np.uint8], points: Points, *, width_px: float, near_px: float, closed: bool = False
) -> NDArray[np.bool_]:
    """Where along a line an image shows something dark and narrow.

    Args:
        image: uint8 (H, W) or RGB (H, W, 3).
        points: float64 (N, 2), where the line is looked for, points about 1 px apart.
        width_px: about how wide it is.
        near_px: how far from there it may lie.
        closed: the line runs back to its first point.

    Returns:
        bool (N,); False outside the image.
    """
    grey = as_grey(image)
    width_px = max(width_px, 1.0)
    reach = near_px + width_px / 2 + _BEYOND_PX + _FLANK_PX + _BESIDE_PX
    offsets = np.arange(-reach, reach + _STEP_PX / 2, _STEP_PX)
    along = tangents(points, closed=closed)
    x = points[:, :1] - offsets * along[:, 1:]
    y = points[:, 1:] + offsets * along[:, :1]
    read = sample(grey, x, y).astype(np.float64)
    read = scipy.ndimage.gaussian_filter1d(read, _ALONG_PX, axis=0, mode="wrap" if closed else "nearest")
    ridge = _ridges(read, width_px)
    here = np.abs(offsets) <= near_px
    # What lies next to the line shares its darkness, and the profile's ends have no flanks.
    beside = (np.abs(offsets) > near_px + width_px + _BEYOND_PX) & (np.abs(offsets) < reach - _BEYOND_PX - _FLANK_PX)
    chance = ridge[:, beside]
    spread = _ROBUST * np.median(np.abs(chance - np.median(chance, axis=1, keepdims=True)), axis=1)
    level = np.maximum(np.median(read, axis=1), 1.0)
    dark = ridge[:, here].max(axis=1) > np.maximum(_MIN_DARKNESS * level, _MIN_ERRORS * np.median(spread))
    height, width = grey.shape
    inside = ((points >= 0) & (points <= np.array([width - 1, height - 1]))).all(axis=1)
    return np.asarray(dark & inside)


def _ridges(profiles: Values, width_px: float) -> Values:
    """How much darker a band of this width is than what lies on both sides, at each place of each profile, (N, K)."""
    band = max(1, round(width_px / _STEP_PX))
    flank = round(_FLANK_PX / _STEP_PX)
    apart = round((width_px / 2 + _BEYOND_PX + _FLANK_PX / 2) / _STEP_PX)
    middle = scipy.ndimage.uniform_filter1d(profiles, band, axis=1, mode="nearest")
    sides = scipy.ndimage.uniform_filter1d(profiles, flank, axis=1, mode="nearest")
    left, right = np.roll(sides, apart, axis=1), np.roll(sides, -apart, axis=1)
    return np.asarray(np.minimum(left, right) - middle)
