"""Thinning a mask to lines one pixel wide, at a cost that follows the mask and not the image.

Parallel thinning of Guo and Hall, "Parallel thinning with two-subiteration algorithms", Comm. ACM 32 (1989),
algorithm A1, the one behind ``skimage.morphology.thin``, and pixel for pixel the same result. Dense
implementations sweep the whole image once per pixel of half width; this one visits only pixels whose
neighbourhood has just changed, so that few or wide cracks in a large image stay cheap.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def thin(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Centre lines of a mask, one pixel wide, 8-connected, as many components and loops as the mask has.

    Args:
        mask: bool (H, W).

    Returns:
        bool (H, W), a subset of ``mask``.
    """
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), dtype=np.uint8)
    padded[1:-1, 1:-1] = mask
    edge = padded > cv2.erode(padded, np.ones((3, 3), dtype=np.uint8))
    pixels = padded.ravel()
    steps = _neighbour_steps(width + 2)
    last_seen = np.empty(pixels.size, dtype=np.int32)

    # Pixels whose neighbourhood changed since this sub-iteration last looked at them: the last two deletions' rim.
    rims = [np.flatnonzero(edge), np.empty(0, dtype=np.intp)]
    rims[1] = rims[0]
    side = 0
    while rims[0].size or rims[1].size:
        candidates = np.concatenate(rims) if rims[0] is not rims[1] else rims[0]
        candidates = _distinct(candidates[pixels[candidates] > 0], last_seen)
        codes = np.zeros(candidates.size, dtype=np.uint8)
        for bit, step in enumerate(steps):
            codes |= pixels[candidates + step] << bit
        deleted = candidates[_DELETABLE[side][codes]]
        pixels[deleted] = 0
        rims = [rims[1], (deleted[:, np.newaxis] + steps).ravel()]
        side = 1 - side
    return padded[1:-1, 1:-1].astype(np.bool_)


def _neighbour_steps(stride: int) -> NDArray[np.intp]:
    """Flat offsets of the eight neighbours: east first, then counter-clockwise."""
    return np.array([1, 1 - stride, -stride, -1 - stride, -1, stride - 1, stride, stride + 1], dtype=np.intp)


def _distinct(indices: NDArray[np.intp], last_seen: NDArray[np.int32]) -> NDArray[np.intp]:
    """Each index once, without sorting; ``last_seen`` is scratch space as large as the image."""
    order = np.arange(indices.size, dtype=np.int32)
    last_seen[indices] = order
    return np.asarray(indices[last_seen[indices] == order])


def _deletable() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Guo and Hall's conditions G1, G2 and G3 for all 256 neighbourhoods, per sub-iteration."""
    codes = np.arange(256)
    x = [(codes >> bit & 1).astype(np.bool_) for bit in range(8)]  # x[0] east, counter-clockwise
    crossings = sum((~x[i] & (x[i + 1] | x[(i + 2) % 8])).astype(int) for i in (0, 2, 4, 6))
    pairs_one = sum((x[i] | x[i + 1]).astype(int) for i in (0, 2, 4, 6))
    pairs_two = sum((x[i + 1] | x[(i + 2) % 8]).astype(int) for i in (0, 2, 4, 6))
    fewest = np.minimum(pairs_one, pairs_two)
    common = (crossings == 1) & (fewest >= 2) & (fewest <= 3)
    first = (x[1] | x[2] | ~x[7]) & x[0]
    second = (x[5] | x[6] | ~x[3]) & x[4]
    return common & ~first, common & ~second


_DELETABLE = _deletable()
