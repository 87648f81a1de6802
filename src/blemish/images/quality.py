"""What pixels alone say against an image that can be judged: out of focus, moved, dark, at full scale, of a screen.

The one rule of ``blemish photos check``, which advises the next flight, and of an inspection for cracks, whose verdict
on such an image is worth less.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.images.raster import MIN_PEAK, raster_peak
from blemish.images.sharpness import Sharpness, sharpness_in_parts
from blemish.images.tiling import cut
from blemish.images.windows import ImageWindows

PixelProblem = Literal["out of focus", "motion", "smoothed", "too bright", "too dark", "screen"]

# Blur of the strongest edges in pixels from which on an image is out of focus.
_MAX_BLUR_PX = 1.4
_WHITE, _BLACK = 254, 2
# From these on an exposure is wrong: fractions of pixels at full scale and at black, and the median grey level.
_MAX_WHITE, _MAX_BLACK, _MIN_BRIGHTNESS = 0.02, 0.05, 60
_UNSHARP = "cracks may be missed and widths come out too large"


@dataclass(frozen=True, slots=True)
class ImageQuality:
    """How an image was taken, as its pixels tell.

    Attributes:
        sharpness: focus, motion and noise.
        brightness: median grey level, of 255.
        white_fraction: fraction of pixels at full scale.
        black_fraction: fraction of pixels at black.
        raster_peak: of a fine regular pattern, see `blemish.images.raster`.
    """

    sharpness: Sharpness
    brightness: float
    white_fraction: float
    black_fraction: float
    raster_peak: float

    @property
    def problems(self) -> tuple[PixelProblem, ...]:
        """What is wrong, what weighs most first."""
        seen = self.sharpness
        wrong: dict[PixelProblem, bool] = {
            "out of focus": not seen.moved and (seen.soft or (seen.blur_px or 0.0) > _MAX_BLUR_PX),
            "motion": seen.moved,
            "smoothed": seen.smoothed,
            "too bright": self.white_fraction > _MAX_WHITE,
            "too dark": self.black_fraction > _MAX_BLACK or self.brightness < _MIN_BRIGHTNESS,
            "screen": self.raster_peak >= MIN_PEAK,
        }
        return tuple(problem for problem, is_so in wrong.items() if is_so)

    @property
    def warnings(self) -> dict[PixelProblem, str]:
        """The problems that a verdict hangs on, and what it has to be read with: a sentence without its full stop."""
        said: dict[PixelProblem, str] = {
            "out of focus": f"out of focus: {_UNSHARP}",
            "motion": f"moved while it was taken: {_UNSHARP}",
            "too bright": f"{self.white_fraction:.0%} of it is at full scale, as in glare: no crack can be told there",
            "too dark": f"dark, {self.black_fraction:.0%} of it black: cracks may be missed there"
            if self.black_fraction > _MAX_BLACK
            else f"dark, half of it below grey level {_MIN_BRIGHTNESS}: cracks may be missed there",
            "screen": "under a fine regular pattern, as a photographed monitor or print is: it may be no photo of a "
            "surface, and widths are those of the picture",
        }
        return {problem: said[problem] for problem in self.problems if problem in said}


def image_quality(pixels: NDArray[np.uint8], windows: ImageWindows | None = None) -> ImageQuality:
    """Focus, motion, noise and exposure of an image, and whether it is one of a screen.

    Args:
        pixels: uint8 RGB (H, W, 3), at its full size, or reduced where ``windows`` are given.
        windows: what gives parts of a very large image at full size.

    Raises:
        ImageError: a part cannot be read.
    """
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    levels = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel() / grey.size
    size_px, read = (grey.shape, partial(cut, grey)) if windows is None else (windows.size_px, windows.read)
    return ImageQuality(
        sharpness_in_parts(size_px, read),
        float(np.searchsorted(np.cumsum(levels), 0.5)),
        float(levels[_WHITE:].sum()),
        float(levels[: _BLACK + 1].sum()),
        raster_peak(size_px, read),
    )
