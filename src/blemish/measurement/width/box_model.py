"""The width of a dark line by its grey profile: a dark box, blurred, of which width, blur and darkness are unknown.

Across a crack an image shows a box as wide as the crack, blurred by lens, motion and pixels (a Gaussian). Above about
twice the blur its two edges show its width. Below, only width times darkness shows, and the width rests on how dark a
crack is in full. So all boxes are weighed by how well they fit the profile and by how likely they are: cracks are dark,
nearly as dark as shadow, and lenses blur by about a pixel. Their mean is the width, their spread its uncertainty. Edges
that are worn let the light in: a box may slope to its middle. Darkness is integrated in closed form, since it enters
linearly; so are a level and a slope of the surface beside the crack.

Benz and Rodehorst, "Model-based crack width estimation using rectangle transform" (MVA 2021), turn a profile into a
rectangle of the same area whose darkness is known beforehand: the limit of this for a hairline.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.polylines import Values

# Profiles are read here, in pixels from the line.
OFFSETS_PX = np.arange(-14.0, 14.25, 0.5)
# Profiles count up to the first that reaches far enough.
WINDOWS_PX = (7.0, 9.0, 11.5, 14.0)
# Surface that a window shows on both sides of a crack as wide as expected.
BESIDE_PX = 5.0
# Wider cracks do not fit into the widest window.
MAX_WIDTH_PX = 16.0
# The boxes: widths, by factors and further up by steps, to as much wider than the widest that a window is for; standard
# deviations of blur, places, and how much of their darkness slopes to the middle.
_NARROW_PX = np.exp(np.arange(np.log(0.1), np.log(1.6), np.log(1.13)))
_STEP_PX, _WIDER_PX = 0.2, 3.0
_BLURS_PX = np.array([0.45, 0.65, 0.9, 1.2, 1.6, 2.2, 3.0])
_SHIFTS_PX = np.array([-0.4, 0.0, 0.4])
_SLOPES = np.array([0.0, 0.5])
# How likely they are: the median blur and its spread (of the logarithm), the spread of places, and the fraction of
# cracks whose edges slope.
_BLUR_PX, _BLUR_SPREAD, _SHIFT_SPREAD_PX, _SLOPED = 1.0, 0.5, 0.4, 0.1
# How dark a crack is in full, as a fraction of the surface's grey level: mean and spread.
DARKNESS, DARKNESS_SPREAD = 0.86, 0.15
# Profiles fitted at once: few enough for the cache of the processor, which is faster than thousands.
_BATCH = 256


class BoxFits(NamedTuple):
    """What profiles say, each float64 (M,).

    Attributes:
        width_px: the width.
        sd_px: its standard deviation, by the spread of the boxes that fit.
        darkness: of the crack in full, as a fraction of the surface's grey level.
        blur_px: standard deviation of the blur.
        misfit: root mean square of what the best box leaves, as a fraction of its darkness.
    """

    width_px: Values
    sd_px: Values
    darkness: Values
    blur_px: Values
    misfit: Values


class _Boxes(NamedTuple):
    """All boxes, T of them, in one window."""

    width_px: NDArray[np.float32]
    blur_px: NDArray[np.float32]
    shapes: NDArray[np.float32]
    square: NDArray[np.float32]
    surface: NDArray[np.float32]
    inside: NDArray[np.bool_]
    likely: NDArray[np.float32]


def fit_boxes(darkness: Values, noise: Values, expected_px: Values) -> BoxFits:
    """Fit blurred boxes to profiles.

    Args:
        darkness: float64 (M, K) at `OFFSETS_PX`: 1 less the grey level over the surface's.
        noise: float64 (M,), standard deviation of ``darkness`` beside the crack, with what it hides of correlation.
        expected_px: float64 (M,), about how wide each crack is, which says how far its profile counts.
    """
    window = np.searchsorted(np.array(WINDOWS_PX), expected_px / 2 + BESIDE_PX).clip(max=len(WINDOWS_PX) - 1)
    fits = np.full((5, len(darkness)), np.nan)
    for number in np.unique(window):
        rows = np.flatnonzero(window == number)
        boxes = _boxes(float(WINDOWS_PX[number]))
        for start in range(0, rows.size, _BATCH):
            part = rows[start : start + _BATCH]
            fits[:, part] = _fit(boxes, darkness[part].astype(np.float32), noise[part].astype(np.float32))
    return BoxFits(*fits)


def _fit(boxes: _Boxes, darkness: NDArray[np.float32], noise: NDArray[np.float32]) -> tuple[Values, ...]:
    beside = darkness[:, boxes.inside]
    seen = np.asarray(beside - (beside @ boxes.surface) @ boxes.surface.T, dtype=np.float32)
    precision = 1 / noise[:, np.newaxis] ** 2
    # The darkness of each box: what the profile says, and what is likely beforehand.
    sharp = boxes.square * precision + np.float32(1 / DARKNESS_SPREAD**2)
    height = ((seen @ boxes.shapes.T) * precision + np.float32(DARKNESS / DARKNESS_SPREAD**2)) / sharp
    weight = sharp * height**2
    weight -= np.log(sharp)
    weight *= np.float32(0.5)
    weight += boxes.likely
    best = weight.argmax(axis=1)
    weight -= weight[np.arange(len(best)), best][:, np.newaxis]
    np.exp(weight, out=weight)
    weight /= weight.sum(axis=1, keepdims=True)
    width = weight @ boxes.width_px
    spread = np.sqrt(np.maximum(weight @ boxes.width_px**2 - width**2, 0.0))
    found = height[np.arange(len(best)), best]
    left = seen - found[:, np.newaxis] * boxes.shapes[best]
    misfit = np.sqrt((left**2).mean(axis=1)) / np.maximum(np.abs(found), np.float32(0.02))
    return width, spread, (weight * height).sum(axis=1), weight @ boxes.blur_px, misfit


@cache
def _boxes(window_px: float) -> _Boxes:
    inside = np.abs(OFFSETS_PX) <= window_px
    offsets = OFFSETS_PX[inside]
    wide = np.arange(_NARROW_PX[-1] + _STEP_PX, min(2 * (window_px - BESIDE_PX), MAX_WIDTH_PX) + _WIDER_PX, _STEP_PX)
    every = np.concatenate([_NARROW_PX, wide])
    widths, blurs, shifts, slopes = (
        axis.ravel() for axis in np.meshgrid(every, _BLURS_PX, _SHIFTS_PX, _SLOPES, indexing="ij")
    )
    places = offsets - shifts[:, np.newaxis]
    shapes = line_profiles(places, widths, blurs)
    # A slope to the middle: narrower boxes on top of one another.
    sloping = np.zeros_like(shapes)
    for step in np.arange(0.5, 8) / 8:  # one at a time: all of them together are the peak of a first verdict's memory
        sloping += line_profiles(places, step * widths, blurs)
    sloping /= 8
    sloping -= shapes
    sloping *= slopes[:, np.newaxis]
    shapes += sloping
    surface, _ = np.linalg.qr(np.stack([np.ones(offsets.size), offsets], axis=1))
    shapes -= (shapes @ surface) @ surface.T
    likely = -0.5 * ((shifts / _SHIFT_SPREAD_PX) ** 2 + (np.log(blurs / _BLUR_PX) / _BLUR_SPREAD) ** 2)
    likely += np.where(slopes > 0, np.log(_SLOPED), np.log(1 - _SLOPED))
    # All widths are as likely by their logarithm: each box stands for as much of it as it lies from its neighbours.
    likely += np.log(np.gradient(every)[np.searchsorted(every, widths)] / widths)
    return _Boxes(
        width_px=widths.astype(np.float32),
        blur_px=blurs.astype(np.float32),
        shapes=shapes.astype(np.float32),
        square=(shapes**2).sum(axis=1).astype(np.float32),
        surface=surface.astype(np.float32),
        inside=inside,
        likely=likely.astype(np.float32),
    )


def line_profiles(places: Values, widths: Values, blurs: Values) -> Values:
    """Blurred boxes of height 1 and these widths and blurs, (T,), at places across them, (K,) or (T, K) -> (T, K)."""
    root = np.sqrt(2.0) * blurs[:, np.newaxis]
    half = widths[:, np.newaxis] / 2
    profiles = np.asarray(scipy.special.erf((places + half) / root))
    profiles -= scipy.special.erf((places - half) / root)
    profiles /= 2
    return profiles
