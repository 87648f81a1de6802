"""Reading an image between its pixels along many short rays at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

# cv2.remap addresses images and results by 16-bit numbers.
_REMAP_LIMIT = 32_000
# Samples read at once: keeps the coordinate tables in the processor's cache.
_BATCH = 1 << 19

Image = NDArray[np.uint8] | NDArray[np.float32]


def as_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Brightness of an image, uint8 (H, W), from RGB (H, W, 3) or grey (H, W)."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def sample(
    image: Image, x: NDArray[np.float64], y: NDArray[np.float64], *, outside: float | None = None
) -> NDArray[np.float32]:
    """Bilinear values of an image at any positions.

    Args:
        image: uint8 or float32 (H, W).
        x: column positions, any shape; pixel centres at whole numbers.
        y: row positions, the same shape.
        outside: value beyond the border; None repeats the border's pixels.

    Returns:
        float32, the shape of ``x``. ``cv2.remap`` rounds positions to 1/32 px.
    """
    if max(image.shape) > _REMAP_LIMIT:
        mode: Literal["nearest", "grid-constant"] = "nearest" if outside is None else "grid-constant"
        places = np.stack([y, x])
        return scipy.ndimage.map_coordinates(image.astype(np.float32), places, order=1, mode=mode, cval=outside or 0.0)
    columns = x.astype(np.float32).reshape(-1, 1) if x.ndim == 1 else x.astype(np.float32)
    rows = y.astype(np.float32).reshape(columns.shape)
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    parts = [
        cv2.remap(image, columns[a:b], rows[a:b], cv2.INTER_LINEAR, borderMode=border, borderValue=outside or 0.0)
        for a, b in _batches(len(columns), columns.shape[1])
    ]
    values = np.concatenate(parts) if parts else np.empty(columns.shape)
    return values.reshape(x.shape).astype(np.float32, copy=False)


def _batches(count: int, width: int) -> Iterator[tuple[int, int]]:
    size = max(1, min(_REMAP_LIMIT, _BATCH // max(width, 1)))
    for start in range(0, count, size):
        yield start, min(start + size, count)
