"""Finding images that are the same, byte for byte or to the eye.

To the eye: a perceptual hash finds candidates, and the correlation of their 32-px thumbnails decides, since surfaces
and parts of one kind are so alike that the hash alone takes two of them for one. The two limits were set on six real
sets: every pair with a correlation of .995 had hashes within 10 bits, and on the magnetic tiles, whose groups are
known, every such pair was of one group, at .99 too, but at .97 every seventh was not.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL_PX = 32
HASH_RADIUS_BITS = 10
MIN_CORRELATION = 0.995
_ROWS = 1024
_MANY = 8


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image shrunk to a grey square.

    Args:
        image: uint8 (H, W, 3), RGB.

    Returns:
        uint8 (32, 32).
    """
    # Shrunk before it is made grey: a quarter of the work on large images.
    small = cv2.resize(image, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def perceptual_hashes(thumbnails: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The 64-bit DCT hash of each thumbnail: which of the 8×8 lowest frequencies lie above their median.

    After Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010; the constant term is left
    out, so brightness plays no part.

    Args:
        thumbnails: uint8 (N, 32, 32).

    Returns:
        bool (N, 64).
    """
    low = np.empty((len(thumbnails), 64), dtype=np.float32)
    for index, grey in enumerate(thumbnails):
        low[index] = cv2.dct(grey.astype(np.float32))[:8, 1:9].ravel()
    return np.asarray(low > np.median(low, axis=1, keepdims=True))


def near_duplicate_groups(
    thumbnails: NDArray[np.uint8],
    *,
    radius_bits: int = HASH_RADIUS_BITS,
    min_correlation: float = MIN_CORRELATION,
) -> list[list[int]]:
    """Groups of images that look the same; an image joins a group when it looks like any one of it.

    All pairs are compared, as one matrix product per block: exact, below half a minute for 40,000 images on a core, and
    in memory that does not grow with the number of pairs, of which 8,000 look-alikes have millions.

    Args:
        thumbnails: uint8 (N, 32, 32).
        radius_bits: a pair is a candidate when at most that many of the 64 bits of its hashes differ.
        min_correlation: a candidate counts when its thumbnails correlate at least that much, so that another exposure
            is still the same image; images of one even grey correlate with nothing.

    Returns:
        Positions, two or more a group, rising; groups in the order of their first image.
    """
    count = len(thumbnails)
    if count < 2:
        return []
    signs = np.where(perceptual_hashes(thumbnails), np.float32(1), np.float32(-1))
    flat = thumbnails.reshape(count, -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    numbers = np.arange(count, dtype=np.int64)
    for start in range(0, count, _ROWS):
        for other in range(start, count, _ROWS):
            rows, columns = slice(start, start + _ROWS), slice(other, other + _ROWS)
            # The product of ±1 vectors is 64 minus twice the Hamming distance. Pairs within one group are passed by.
            candidates = signs[rows] @ signs[columns].T >= 64 - 2 * radius_bits
            candidates &= numbers[rows, None] != numbers[columns]
            first, second = _look_alike(flat[rows], flat[columns], candidates, min_correlation)
            if len(first):
                links = np.column_stack([numbers[rows][first], numbers[columns][second]])
                numbers = groups_of_pairs(count, links)[numbers]
    return exact_groups(numbers.tolist())


def groups_of_pairs(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Group number of each of ``count`` images, where pairs and pairs of pairs belong together. int64 (count,)."""
    # SciPy's graphs take half a second to import, which nobody who only reads a data set should wait for.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, numbers = connected_components(graph, directed=False)
    return np.asarray(numbers, dtype=np.int64)


def exact_groups(digests: Sequence[Hashable]) -> list[list[int]]:
    """Positions that share a digest, two or more each, in order."""
    by_digest: dict[Hashable, list[int]] = {}
    for index, digest in enumerate(digests):
        by_digest.setdefault(digest, []).append(index)
    return [positions for positions in by_digest.values() if len(positions) > 1]


def _look_alike(
    one: NDArray[np.float32], two: NDArray[np.float32], candidates: NDArray[np.bool_], limit: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of ``one`` and of ``two`` that are candidates and correlate at least that much."""
    if np.count_nonzero(candidates) > _MANY * len(one):  # then all products at once cost less than one by one
        first, second = np.nonzero(candidates & (one @ two.T >= limit))
        return first, second
    first, second = np.nonzero(candidates)
    is_alike = np.einsum("ij,ij->i", one[first], two[second]) >= limit
    return first[is_alike], second[is_alike]
