"""Removing small components from a crack mask with windows of ones, as Kim, Sohn and Kim (2020) do after inpainting.

They convolve the binary image with windows of ones and drop pixels that belong to no connected run longer than the
window. Here a window is placed everywhere; where the frame of one pixel around it is empty, nothing in the window is
connected with anything outside, so it is dropped. Whether a frame is empty follows from two convolutions: the window's
sum equals that of the window two pixels larger. Windows of 1 px up to the given side are tried, so that a component
goes even where a larger window would already touch a crack.

The other way, dropping connected components below an area, is `blemish.measurement.find_regions`. A detector does both,
by ``window_px`` and ``min_area_px`` of its thresholds. The two differ: by area a thin component goes before a round one
of the same length, and with windows a component between two cracks stays.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import SettingsError


def remove_small_components(mask: NDArray[np.bool_], window_px: int) -> NDArray[np.bool_]:
    """The mask without components that fit, alone, into a square window.

    Args:
        mask: bool (H, W). Outside of it there is nothing.
        window_px: side of the largest window; 0 removes nothing.

    Returns:
        bool (H, W).

    Raises:
        SettingsError: a negative window.
    """
    if window_px < 0:
        raise SettingsError(f"A window has a side of 0 px or more; got {window_px}.")
    if window_px == 0:
        return mask
    # A window that reaches over the edge sees nothing there.
    edge = window_px + 1
    padded = np.pad(mask, edge).astype(np.uint8)
    total = np.asarray(cv2.integral(padded), np.int32)
    dropped = np.zeros(padded.shape, np.uint8)
    for side in range(1, window_px + 1):
        inner, outer = _sums(total, side), _sums(total, side + 2)
        alone = (inner[1:-1, 1:-1] == outer) & (inner[1:-1, 1:-1] > 0)
        if alone.any():
            corners = np.zeros(padded.shape, np.uint8)
            corners[1 : 1 + alone.shape[0], 1 : 1 + alone.shape[1]] = alone
            # From the upper left corners of these windows to all that lies in them.
            window = np.ones((side, side), np.uint8)
            inside = cv2.dilate(corners, window, anchor=(side - 1, side - 1), borderValue=0)
            dropped |= np.asarray(inside, np.uint8)
    return np.asarray(mask & (dropped[edge:-edge, edge:-edge] == 0), np.bool_)


def _sums(total: NDArray[np.int32], side: int) -> NDArray[np.int32]:
    """Convolution with a ``side`` × ``side`` window of ones, at every place where it fits, from a summed-area table."""
    return total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
