"""Writing pictures, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.files import write_bytes


def write_png(path: Path, array: NDArray[np.generic]) -> None:
    """Write a picture without loss.

    Args:
        path: target; its folder is created.
        array: bool (drawn black and white, one bit a pixel), uint8 or uint16; (H, W) grey, (H, W, 3) RGB or (H, W, 4)
            RGB with alpha.

    Raises:
        BlemishError: the target cannot be written.
        ValueError: another type or shape.
    """
    options: list[int] = []
    if array.dtype == np.bool_:
        # One bit a pixel, and no copy of a large mask in memory.
        array, options = np.ascontiguousarray(array).view(np.uint8), [cv2.IMWRITE_PNG_BILEVEL, 1]
    _write(Path(path), ".png", array, (3, 4), (np.uint8, np.uint16), options)


def write_jpeg(path: Path, rgb: NDArray[np.uint8], quality: int = 90) -> None:
    """Write a picture as JPEG.

    Args:
        path: target; its folder is created.
        rgb: uint8, (H, W, 3) RGB or (H, W) grey.
        quality: 1 to 100.

    Raises:
        BlemishError: the target cannot be written, or a side is longer than the 65,535 px that JPEG can hold.
        ValueError: another type or shape.
    """
    if max(rgb.shape[:2]) > 65535:
        raise ImageError(f'Cannot write "{path}": a JPEG holds at most 65535 px a side; write PNG.')
    _write(Path(path), ".jpg", rgb, (3,), (np.uint8,), [cv2.IMWRITE_JPEG_QUALITY, quality])


def _write(
    path: Path,
    suffix: str,
    array: NDArray[Any],
    channels: tuple[int, ...],
    types: tuple[type[np.generic], ...],
    options: list[int],
) -> None:
    if array.dtype.type not in types or array.size == 0:
        raise ValueError(f"cannot write an array of {array.dtype} and shape {array.shape} as {suffix}")
    if array.ndim == 3 and array.shape[2] in channels:
        array = cv2.cvtColor(array, cv2.COLOR_RGB2BGR if array.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    elif array.ndim != 2:
        raise ValueError(f"cannot write an array of shape {array.shape} as {suffix}")
    _, data = cv2.imencode(suffix, array, options)
    write_bytes(path, data.tobytes())
