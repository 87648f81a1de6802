"""Widths from the image's grey profiles across centre lines: where the outline only says where to look.

A detector outlines thin cracks too wide rather than miss them. So the profile is read around the line, moved to where
it is darkest, averaged a little along the crack, and a blurred box is fitted to it (`box_model`). What makes a width
doubtful is said at each point.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, get_args

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.crack import Flag
from blemish.measurement.polylines import Polylines, Values
from blemish.measurement.sampling import sample
from blemish.measurement.width.box_model import MAX_WIDTH_PX, OFFSETS_PX, BoxFits, fit_boxes
from blemish.measurement.width.profiles import Edges

FLAGS: tuple[Flag, ...] = get_args(Flag)

# Profiles are averaged along the crack by a Gaussian, and fitted at every so many points.
ALONG_PX, EVERY = 4.0, 3
# The line is moved to the middle of the darkness within the outline and this much beside it.
SEEK_PX = 1.0
# The surface is read from this far beyond the outline on, over so much.
BEYOND_PX, FLANK_PX = 2.5, 4.0
# Noise beside a crack is that of a rough surface, whose neighbouring pixels are alike: it weighs so much more. No
# surface has less than the last.
CORRELATED, MIN_NOISE = 2.45, 0.016
# ± is so many standard deviations of the fit and, since no crack is a box, this much and this fraction of its width, in
# quadrature: 94 % of points of drawn cracks lie within (`blemish.synthesis`, seeds 100 to 159, through JPEG).
COVERAGE, NO_BOX_PX, NO_BOX = 2.5, 0.4, 0.15
# Grey levels at which a sensor says nothing any more, and the fraction of a crack that may be black.
_BLACK, _WHITE, _MAX_BLACK = 2, 252, 0.5
# A crack less dark than this fraction of the surface, or than this many times the noise, is hardly seen.
_MIN_DARKNESS, _MIN_OVER_NOISE = 0.15, 3.0
# Edges nearer than this many times the blur cannot be told apart.
_RESOLVED = 2.0
# More blur is out of focus, or moved.
_MAX_BLUR_PX = 1.4
# Another line is as dark as this fraction of the crack.
_OTHER = 0.5
# What the box leaves, as a fraction of its darkness.
_MAX_MISFIT = 0.15


class ProfileWidths(NamedTuple):
    """What grey profiles say along all lines.

    Attributes:
        width_px: float64 (M,), NaN where the profile is not read.
        uncertainty_px: float64 (M,), half of an interval of about 94 %.
        middle_px: float64 (M,), how far the crack's middle lies from the line, along its normal.
        flags: bool (M, F), what makes a width doubtful, in the order of `FLAGS`.
    """

    width_px: Values
    uncertainty_px: Values
    middle_px: Values
    flags: NDArray[np.bool_]


def profile_widths(
    image: NDArray[np.uint8], polylines: Polylines, edges: Edges, usable: NDArray[np.bool_]
) -> ProfileWidths:
    """Widths by grey profiles.

    Args:
        image: uint8 (H, W), grey; cracks are darker than the surface.
        polylines: the centre lines.
        edges: where the outline ends across them.
        usable: bool (M,), points where no other crack meets this one; of others nothing is said.
    """
    count = len(polylines.points)
    usable = usable & (edges.width_px <= MAX_WIDTH_PX)
    nothing = np.full(count, np.nan)
    if not usable.any():
        return ProfileWidths(nothing, nothing, nothing, np.zeros((count, len(FLAGS)), np.bool_))
    outlined = _filled(polylines, np.where(usable, edges.width_px, np.nan))
    middle = _filled(polylines, polylines.smooth(np.where(usable, edges.middle_px, np.nan), ALONG_PX))
    grey = _read(image, polylines, middle)
    surface = _surface(polylines, grey, outlined)
    middle = middle + _off_middle(polylines, 1 - grey / surface[:, np.newaxis], outlined)
    grey = _read(image, polylines, middle)
    darkness = _along(polylines, 1 - grey / surface[:, np.newaxis])
    noise = np.sqrt(polylines.smooth(noise_of(darkness, outlined) ** 2, 2 * ALONG_PX))
    fits = _fit_some(polylines, darkness, noise, outlined, usable)
    flags = flags_of(grey, surface, darkness, noise, fits)
    width, uncertainty, middle = (
        np.where(usable, values, np.nan) for values in (fits.width_px, uncertainty_of(fits), middle)
    )
    return ProfileWidths(width, uncertainty, middle, flags & usable[:, np.newaxis])


def uncertainty_of(fits: BoxFits) -> Values:
    """Half of an interval of about 94 %, (M,), in pixels."""
    return np.asarray(np.hypot(COVERAGE * fits.sd_px, NO_BOX_PX + NO_BOX * fits.width_px))


def noise_of(darkness: Values, outlined: Values) -> Values:
    """Standard deviation of darkness beside a crack, as it weighs, (M, K) and widths (M,) -> (M,)."""
    flanks = _flanks(outlined)
    count = flanks.sum(axis=1)
    mean = np.where(flanks, darkness, 0.0).sum(axis=1) / count
    square = np.where(flanks, (darkness - mean[:, np.newaxis]) ** 2, 0.0).sum(axis=1) / count
    return np.asarray(CORRELATED * np.maximum(np.sqrt(square), MIN_NOISE))


def flags_of(grey: Values, surface: Values, darkness: Values, noise: Values, fits: BoxFits) -> NDArray[np.bool_]:
    """What makes widths doubtful, bool (M, F), in the order of `FLAGS`.

    Args:
        grey: float64 (M, K), grey levels of the profiles.
        surface: float64 (M,), that beside the crack.
        darkness: float64 (M, K), what was fitted.
        noise: float64 (M,), of it.
        fits: what was found.
    """
    inside = np.abs(OFFSETS_PX) <= np.maximum(fits.width_px / 2, 0.5)[:, np.newaxis]
    peak = np.where(inside, darkness, -np.inf).max(axis=1)
    black = np.where(inside, grey <= _BLACK, False).sum(axis=1) > _MAX_BLACK * inside.sum(axis=1)
    beside = np.abs(OFFSETS_PX) > (fits.width_px / 2 + BEYOND_PX * np.maximum(fits.blur_px, 1.0))[:, np.newaxis]
    found = {
        "saturated": (surface >= _WHITE) | black,
        "low contrast": (peak < _MIN_DARKNESS) | (peak < _MIN_OVER_NOISE * noise / CORRELATED),
        "edges too close": fits.width_px < _RESOLVED * fits.blur_px,
        "out of focus": fits.blur_px > _MAX_BLUR_PX,
        "another line": np.where(beside, darkness, -np.inf).max(axis=1) > _OTHER * peak,
        "no clear line": fits.misfit > _MAX_MISFIT,
    }
    return np.stack([found[flag] for flag in FLAGS], axis=1)


def _filled(polylines: Polylines, values: Values) -> Values:
    """Values at all points: of the nearest known point of the line, else the median of all."""
    filled = np.full(len(values), float(np.nanmedian(values)))
    for start, stop in pairwise(polylines.starts):
        known = np.flatnonzero(np.isfinite(values[start:stop]))
        if known.size:
            filled[start:stop] = np.interp(np.arange(stop - start), known, values[start:stop][known])
    return filled


def _read(image: NDArray[np.uint8], polylines: Polylines, middle: Values) -> Values:
    across = OFFSETS_PX + middle[:, np.newaxis]
    x = polylines.points[:, :1] + across * polylines.normals[:, :1]
    y = polylines.points[:, 1:] + across * polylines.normals[:, 1:]
    return sample(image, x, y).astype(np.float64)


def _flanks(outlined: Values) -> NDArray[np.bool_]:
    """Places beside the outline, bool (M, K)."""
    beyond = np.abs(OFFSETS_PX) - np.minimum(outlined / 2 + BEYOND_PX, OFFSETS_PX[-1] - FLANK_PX)[:, np.newaxis]
    return np.asarray((beyond > 0) & (beyond <= FLANK_PX))


def _surface(polylines: Polylines, grey: Values, outlined: Values) -> Values:
    flanks = _flanks(outlined)
    level = np.where(flanks, grey, 0.0).sum(axis=1) / flanks.sum(axis=1)
    return np.asarray(np.maximum(polylines.smooth(level, ALONG_PX), 1.0))


def _off_middle(polylines: Polylines, darkness: Values, outlined: Values) -> Values:
    """How far the middle of the darkness lies from the line, (M,)."""
    near = np.abs(OFFSETS_PX) <= outlined[:, np.newaxis] / 2 + SEEK_PX
    weight = np.where(near, np.maximum(_along(polylines, darkness), 0.0), 0.0) ** 2
    total = weight.sum(axis=1)
    off = (weight @ OFFSETS_PX) / np.where(total > 0, total, 1.0)
    return polylines.smooth(off, ALONG_PX)


def _along(polylines: Polylines, profiles: Values) -> Values:
    """Profiles averaged along each line, (M, K)."""
    calm = np.empty_like(profiles)
    for start, stop in pairwise(polylines.starts):
        if stop > start:
            part = profiles[start:stop]
            calm[start:stop] = scipy.ndimage.gaussian_filter1d(part, ALONG_PX, axis=0, mode="nearest", truncate=2.5)
    return calm


def _fit_some(
    polylines: Polylines, darkness: Values, noise: Values, outlined: Values, usable: NDArray[np.bool_]
) -> BoxFits:
    """Fits at every third point of each line, and what lies between them."""
    lines = [start + np.flatnonzero(usable[start:stop])[::EVERY] for start, stop in pairwise(polylines.starts)]
    rows = np.concatenate(lines)
    fits = np.stack(fit_boxes(darkness[rows], noise[rows], outlined[rows]))
    everywhere = np.full((len(fits), len(darkness)), np.nan)
    ends = np.cumsum([0] + [line.size for line in lines])
    for line, (first, last), (start, stop) in zip(lines, pairwise(ends), pairwise(polylines.starts), strict=True):
        if line.size:
            places = np.arange(start, stop)
            everywhere[:, start:stop] = [np.interp(places, line, values[first:last]) for values in fits]
    return BoxFits(*everywhere)
