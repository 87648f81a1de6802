"""Whether an image shows anything that could be judged: not a black frame, an overexposed, blurred or half-lost one.

A detector gives every image a score, and a black one often a low score. So an image is looked at by itself first,
without any detector and without other images. All but its size is looked at in a copy of at most 1024 px, in which a
large photo that is a little soft at each pixel is still sharp.

Dark is what uses less than a fifth of the scale: among 400 photos of one half of eleven sets none does, and of 33 dark
copies of cracked ones that a lower limit had let through, `concrete-crack` passed 16 that it does not pass undarkened.

Blur is told by what is left of fine detail beside coarser structure. Of 10,000 pictures of surfaces two have less
than a fifth of the contrast of 4 to 16 px below 1 px; after a Gaussian of 4 px hardly one has as much. What rounding
and JPEG leave of fine detail, .35 of 255 grey levels, does not count. Noise that came after the blur is taken for
detail.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

_LOOKED_AT_PX = 1024
# Grey levels from which on a pixel is at full scale, white, and light.
_CLIPPED, _WHITE, _LIGHT = 254, 245, 128
# With this fraction of pixels darker than light, and so many times more white at the border than everywhere, a white
# image is a dark object before a white background.
_DARK_OBJECT, _AT_BORDER = 0.2, 1.15
# Grey levels of rounding and compression that are no detail of the surface.
_NO_DETAIL = 0.35
# Fraction of neighbouring pixels that differ; less is a drawing, where even surfaces have no noise.
_DRAWN = 0.1


class UsabilityLimits(BaseModel):
    """From where on an image cannot be judged. `UsabilityLimits.none` lets every image through."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min_side_px: int = Field(32, ge=1, description="shorter side of the image; smaller ones cannot be judged")
    dark_level: int = Field(
        52, ge=0, le=256, description="grey level of 255; with 99 % of the pixels below it an image is too dark"
    )
    max_white_fraction: float = Field(
        0.6,
        ge=0,
        le=1,
        description="fraction of pixels at a grey level of 245 of 255 or more; beyond it an image is blown out, unless "
        "a fifth of it is darker than 128 and white gathers at the border, as around an object",
    )
    max_clipped_fraction: float = Field(
        0.4,
        ge=0,
        le=1,
        description="fraction of pixels at full scale (254 of 255 or more), where nothing can be told any more; "
        "beyond it an image is blown out, with the same exception",
    )
    min_detail: float = Field(
        0.16,
        ge=0,
        description="standard deviation of detail below 1 px over that of structure from 4 to 16 px, in an image "
        "reduced to 1024 px; below it an image is blurred",
    )
    max_repeated_fraction: float = Field(
        0.3,
        ge=0,
        le=1,
        description="fraction of neighbouring rows, or columns, that repeat one another; beyond it lost",
    )

    def describe(self) -> str:
        """Which images can be judged, in words."""
        return (
            f"from {self.min_side_px} px a side, from grey level {self.dark_level}, from detail {self.min_detail:g}, "
            f"up to {self.max_white_fraction:.0%} white, up to {self.max_clipped_fraction:.0%} at full scale, "
            f"up to {self.max_repeated_fraction:.0%} lost"
        )

    @classmethod
    def none(cls) -> UsabilityLimits:
        """Limits that no image exceeds."""
        return cls(
            min_side_px=1,
            dark_level=0,
            max_white_fraction=1,
            max_clipped_fraction=1,
            min_detail=0,
            max_repeated_fraction=1,
        )


def usability(pixels: NDArray[np.uint8], limits: UsabilityLimits) -> str | None:
    """Why an image cannot be judged, as a sentence without its full stop; None where it can be.

    Args:
        pixels: RGB, uint8 (H, W, 3).
        limits: from where on.
    """
    height_px, width_px = pixels.shape[:2]
    if min(height_px, width_px) < limits.min_side_px:
        return f"too small to be judged: {width_px} × {height_px} px, where {limits.min_side_px} px a side are needed"
    looked_at = _reduced(pixels)
    grey = np.asarray(cv2.cvtColor(looked_at, cv2.COLOR_RGB2GRAY), np.uint8)
    levels = np.cumsum(np.bincount(grey.ravel(), minlength=256)) / grey.size
    brightest = int(np.searchsorted(levels, 0.99))
    if brightest < limits.dark_level:
        return (
            f"too dark to be judged: 99 % of its pixels lie at {brightest} of 255 or below; "
            "values of 10 or 12 bits in a file of 16 need their bit range"
        )
    white, clipped = 1 - levels[_WHITE - 1], 1 - levels[_CLIPPED - 1]
    is_object = levels[_LIGHT - 1] >= _DARK_OBJECT and _white_at_border(grey) > _AT_BORDER * white
    if not is_object and white > limits.max_white_fraction:
        return f"blown out: {white:.0%} of it is white; that also happens where it is transparent"
    if _detail(grey) < limits.min_detail:
        return "too blurred to be judged"
    lost = max(_lost(looked_at), _lost(np.ascontiguousarray(looked_at.swapaxes(0, 1))))
    if lost > limits.max_repeated_fraction:
        return f"incomplete: {lost:.0%} of it repeats one and the same line"
    if not is_object and clipped > limits.max_clipped_fraction:
        return f"blown out: {clipped:.0%} of it is at full scale"
    return None


def _reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height_px, width_px = pixels.shape[:2]
    scale = _LOOKED_AT_PX / max(height_px, width_px)
    if scale >= 1:
        return pixels
    size = max(1, round(width_px * scale)), max(1, round(height_px * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _white_at_border(grey: NDArray[np.uint8]) -> float:
    """Fraction of white pixels along the four sides."""
    sides = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float((sides >= _WHITE).mean())


def _lost(pixels: NDArray[np.uint8]) -> float:
    """The longest run of rows that each repeat the one before, as a fraction of all rows.

    None counts as lost where the other rows have no noise either: then the picture was drawn, not taken.
    """
    if len(pixels) < 2:
        return 0.0
    same = cv2.absdiff(pixels[1:], pixels[:-1]).reshape(len(pixels) - 1, -1).max(axis=1) <= 1
    longest = run = 0
    for repeats in same.tolist():
        run = run + 1 if repeats else 0
        longest = max(longest, run)
    others = pixels[1:][~same]
    differ = (others[:, 1:] != others[:, :-1]).any(axis=2)
    return longest / len(pixels) if not differ.size or differ.mean() > _DRAWN else 0.0


def _detail(grey: NDArray[np.uint8]) -> float:
    """Standard deviation of detail below 1 px over that of structure from 4 to 16 px; infinite without structure."""
    sharp = grey.astype(np.float32)
    fine = float((sharp - cv2.GaussianBlur(sharp, (0, 0), 1)).std())
    # Where a pixel stands for four, the same filters take a sixteenth of the time.
    size = max(1, grey.shape[1] // 4), max(1, grey.shape[0] // 4)
    quarter = cv2.resize(sharp, size, interpolation=cv2.INTER_AREA)
    levels = [cv2.GaussianBlur(quarter, (0, 0), sigma) for sigma in (1, 2, 4)]
    coarse = max(float((levels[0] - levels[1]).std()), float((levels[1] - levels[2]).std()))
    seen = np.sqrt(max(fine**2 - _NO_DETAIL**2, 0.0))
    return float(seen / coarse) if coarse > 0 else np.inf
