"""A fine regular pattern over a whole image, as of a photographed monitor or print: single peaks in its spectrum.

Surfaces have smooth spectra: even masonry and paving repeat slowly, and not over nine windows alike. The pixels of a
monitor, and the dots of a print, meet the camera's own pixels in a few sharp frequencies far out.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.images.tiling import Box, spread_boxes

_WINDOWS, _WINDOW_PX, _MIN_PX = 3, 256, 96
# In cycles a pixel: joints, slats and weaves repeat more slowly.
_MIN_FREQUENCY = 0.12
# Bins beside the axes, where blocks of JPEG and resampling lie.
_AXIS_BINS = 2.5
_MEDIAN_BINS, _AROUND_BINS = 5, 15
# Of the spectrum's power at the highest peak over that around it, as a natural logarithm: of 1,229 photos of walls,
# roads, steel, castings and tiles none has 5.1, of photographed monitors (benchmarks/bad_inputs.py) 95 % have 6.
MIN_PEAK = 6.0


def raster_peak(size_px: tuple[int, int], read: Callable[[Box], NDArray[np.uint8]]) -> float:
    """How far the sharpest frequency stands out of its surroundings, natural logarithm of power; 0 below 96 px.

    Args:
        size_px: height and width of the image.
        read: gives a part of it at full size, uint8 RGB (h, w, 3) or grey (h, w).

    Raises:
        ImageError: a part cannot be read.
    """
    side = min(_WINDOW_PX, *size_px) // 2 * 2
    if side < _MIN_PX:
        return 0.0
    fading = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    power = np.zeros((side, side // 2 + 1))
    for window in map(read, spread_boxes(*size_px, count=_WINDOWS, side_px=side)):
        grey = window if window.ndim == 2 else cv2.cvtColor(window, cv2.COLOR_RGB2GRAY)
        levels = grey.astype(np.float32)
        levels = (levels - levels.mean()) / (levels.std() + 1e-3)
        power += np.abs(np.fft.rfft2(levels * fading)) ** 2
    spectrum = np.fft.fftshift(np.log(power + 1e-9), axes=0).astype(np.float32)
    around = cv2.blur(cv2.medianBlur(spectrum, _MEDIAN_BINS), (_AROUND_BINS, _AROUND_BINS))
    up, along = np.fft.fftshift(np.fft.fftfreq(side))[:, None], np.fft.rfftfreq(side)[None]
    far = (np.hypot(up, along) > _MIN_FREQUENCY) & (np.minimum(abs(up), along) > _AXIS_BINS / side)
    return float((spectrum - around)[far].max())
