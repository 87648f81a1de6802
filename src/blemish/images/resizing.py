"""Bringing photos to a size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def resize_photo(photo: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """A photo, uint8 (H, W, C), at that (height, width): averaged where it shrinks, bilinear where it grows."""
    shrinks = photo.shape[0] * photo.shape[1] > size_px[0] * size_px[1]
    smooth = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, size_px[::-1], interpolation=smooth), np.uint8)
