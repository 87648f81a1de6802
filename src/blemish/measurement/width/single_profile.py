"""The width of one crack from one grey profile, such as a gauge reading has beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from blemish.errors import DataError
from blemish.measurement.crack import Flag
from blemish.measurement.width.box_model import MAX_WIDTH_PX, OFFSETS_PX, fit_boxes
from blemish.measurement.width.grey_profiles import FLAGS, flags_of, noise_of, uncertainty_of

# The crack is the darkest place this near to the profile's middle.
_SEEK_PX = 4
# It reaches to where this fraction of its darkness is left.
_REACH = 0.3
# Shorter profiles show too little of the surface.
_MIN_SAMPLES = 11


class ProfileWidth(NamedTuple):
    """What one profile says.

    Attributes:
        width_px: the crack's width, in samples of the profile.
        uncertainty_px: half of an interval of about 94 %.
        flags: what makes the width doubtful, of `FLAGS`.
    """

    width_px: float
    uncertainty_px: float
    flags: tuple[Flag, ...]


def measure_profile(grey: ArrayLike) -> ProfileWidth:
    """The width of the crack in the middle of a grey profile, which is read across it.

    Args:
        grey: (K,) grey levels from 0 to 255, K of 11 or more, a pixel apart; the crack darker than the surface.

    Raises:
        DataError: too short, or no numbers.

    Example:
        >>> profile = [120, 121, 119, 120, 120, 118, 60, 22, 61, 119, 121, 120, 120, 119, 120]
        >>> round(measure_profile(profile).width_px, 1)
        2.3
    """
    values = np.asarray(grey, dtype=np.float64)
    if values.ndim != 1 or values.size < _MIN_SAMPLES or not np.isfinite(values).all():
        raise DataError(
            f"A profile must be at least {_MIN_SAMPLES} grey levels in a row; this one is of shape {values.shape}"
            + ("." if np.isfinite(values).all() else ", with values that are no numbers.")
        )
    middle = values.size // 2
    near = slice(max(0, middle - _SEEK_PX), middle + _SEEK_PX + 1)
    darkest = near.start + int(np.argmin(values[near]))
    level = max(float(np.median(values)), 1.0)
    dark = np.maximum(1 - values / level, 0.0)
    within = dark > _REACH * dark[darkest]
    within[darkest] = True  # also where nothing is dark
    first = darkest - int(np.argmin(np.append(within[darkest::-1], False)) - 1)
    last = darkest + int(np.argmin(np.append(within[darkest:], False)) - 1)
    crack = np.arange(first, last + 1)
    weight = np.maximum(dark[crack], 1e-6)
    outlined = np.array([min(float(crack.size), MAX_WIDTH_PX)])
    read = np.interp(float(crack @ weight / weight.sum()) + OFFSETS_PX, np.arange(values.size), values)[np.newaxis]
    beside = np.delete(values, crack)
    surface = np.array([max(float(np.median(beside)), 1.0) if beside.size else level])
    darkness = 1 - read / surface[:, np.newaxis]
    noise = noise_of(darkness, outlined)
    fits = fit_boxes(darkness, noise, outlined)
    flags = flags_of(read, surface, darkness, noise, fits)[0]
    return ProfileWidth(
        float(fits.width_px[0]),
        float(uncertainty_of(fits)[0]),
        tuple(flag for flag, holds in zip(FLAGS, flags, strict=True) if holds),
    )
