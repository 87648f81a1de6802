"""Turning whatever values a file or an array holds into RGB uint8."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError

_Unsigned = TypeVar("_Unsigned", np.uint8, np.uint16)


def as_rgb_uint8(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Any usual image array as RGB.

    Args:
        array: (H, W) or (H, W, 1) grey, (H, W, 3) RGB or (H, W, 4) RGB with alpha, which is drawn on white; bool,
            uint8, uint16 (0 to 65535) or floating point in [0, 1].

    Returns:
        uint8 (H, W, 3), contiguous; the array itself where it already is that.

    Raises:
        ImageError: another shape or type, no pixels, or values outside [0, 1] or not numbers.
    """
    array = np.asarray(array)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ImageError(f"An image array must be (H, W), (H, W, 3) or (H, W, 4), not of shape {array.shape}.")
    if array.size == 0:
        raise ImageError(f"The image array has no pixels: its shape is {array.shape}.")
    return drop_alpha(as_three_or_four(_to_uint8(array)))


def scale_to_uint8(values: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    """Values scaled linearly so that ``low`` becomes 0 and ``high`` 255, rounded; what lies beyond is clipped.

    Args:
        values: real numbers of any type, (H, W) or (H, W, C) with at most 4 channels, finite.
        low: becomes black.
        high: becomes white; above ``low``.

    Returns:
        uint8 of the same shape.
    """
    real: NDArray[Any] = values if values.dtype in (np.uint16, np.float32) else values.astype(np.float64)
    gain = 255.0 / (high - low)
    if real.dtype != np.uint16 or low > 0:
        # convertScaleAbs takes magnitudes, so nothing may lie below black.
        real = np.maximum(real, np.asarray(low, dtype=real.dtype))
    return np.asarray(cv2.convertScaleAbs(real, alpha=gain, beta=-low * gain), np.uint8).reshape(values.shape)


def as_three_or_four(pixels: NDArray[_Unsigned]) -> NDArray[_Unsigned]:
    """Grey (H, W) or (H, W, 1) repeated into (H, W, 3); three and four channels as they are."""
    if pixels.ndim == 3 and pixels.shape[2] > 1:
        return np.ascontiguousarray(pixels)
    rgb: NDArray[Any] = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return rgb


def drop_alpha(pixels: NDArray[_Unsigned]) -> NDArray[_Unsigned]:
    """RGB with straight alpha (H, W, 4) drawn on white, (H, W, 3); three channels as they are."""
    if pixels.shape[2] == 3:
        return pixels
    rgb, alpha = pixels[..., :3], pixels[..., 3:]
    white = int(np.iinfo(pixels.dtype).max)
    if bool((alpha == white).all()):
        return np.ascontiguousarray(rgb)
    # white * white + white / 2 still fits the next wider type.
    wide = np.uint16 if white == 255 else np.uint32
    opacity: NDArray[Any] = alpha.astype(wide)
    mixed = rgb.astype(wide) * opacity + (white - opacity) * wide(white) + wide(white // 2)
    return np.asarray(mixed // wide(white), pixels.dtype)


def _to_uint8(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array.view(np.uint8)
    if array.dtype == np.bool_:
        return array.view(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return scale_to_uint8(array, 0, 65535)
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"An image array must be bool, uint8, uint16 or floating point in [0, 1], not {array.dtype}.")
    lowest, highest = float(array.min()), float(array.max())
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise ImageError("The image array holds values that are not finite numbers.")
    if lowest < 0 or highest > 1:
        raise ImageError(
            f"A floating-point image array must lie in [0, 1], but reaches from {lowest:g} to {highest:g}; "
            "scale it or give uint8."
        )
    return scale_to_uint8(array, 0, 1)
