"""Bringing images to a size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def resize_image(image: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """An image, uint8 (H, W, C), at that (height, width): averaged where it shrinks, bilinear where it grows."""
    shrinks = image.shape[0] * image.shape[1] > size_px[0] * size_px[1]
    smooth = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size_px[::-1], interpolation=smooth), np.uint8)
