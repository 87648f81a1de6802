"""Cutting large images into tiles that a graph can take, and joining its maps again without seams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_Pixel = TypeVar("_Pixel", np.uint8, np.uint16, np.float32)


class Box(NamedTuple):
    """A rectangle of pixels, origin at the top left of the image."""

    y: int
    x: int
    height: int
    width: int


def cut(array: NDArray[Any], box: Box) -> NDArray[Any]:
    """A rectangle of an array (H, W, …), as a view."""
    return array[box.y : box.y + box.height, box.x : box.x + box.width]


def spread_boxes(height_px: int, width_px: int, *, count: int, side_px: int) -> list[Box]:
    """Squares of that side, or the image's where that is shorter, ``count`` a side and evenly spread; none twice."""
    tops, lefts = (
        np.unique(np.linspace(0, max(0, side - side_px), count).round().astype(int)).tolist()
        for side in (height_px, width_px)
    )
    sides = min(side_px, height_px), min(side_px, width_px)
    return [Box(top, left, *sides) for top in tops for left in lefts]


def tile_boxes(height_px: int, width_px: int, tile_px: int, overlap_px: int, multiple_of: int = 1) -> list[Box]:
    """Boxes of one size that cover an image exactly, row by row.

    There are as few as boxes of ``tile_px`` allow, spread evenly, and each is no larger than it must be: twelve
    megapixels in tiles of 1,024 px would otherwise mean looking at twenty-one. A side shorter than ``tile_px`` is
    covered by one box of that length.

    Args:
        height_px: height of the image, at least 1.
        width_px: width of the image, at least 1.
        tile_px: the longest side a box may have.
        overlap_px: by how much neighbours overlap, at least; less than ``tile_px``.
        multiple_of: sides of boxes shorter than the image are multiples of this; it divides ``tile_px``.

    Raises:
        ValueError: a size below 1, an overlap outside 0 to ``tile_px`` - 1, or a multiple that does not divide it.
    """
    if min(height_px, width_px, tile_px, multiple_of) < 1:
        raise ValueError(f"sizes must be at least 1 px, not {height_px}, {width_px}, {tile_px} and {multiple_of}")
    if not 0 <= overlap_px < tile_px:
        raise ValueError(f"overlap_px must lie in 0 to {tile_px - 1}, not {overlap_px}")
    if tile_px % multiple_of:
        raise ValueError(f"tile_px must be a multiple of {multiple_of}, not {tile_px}")
    height, rows = _cut(height_px, tile_px, overlap_px, multiple_of)
    width, columns = _cut(width_px, tile_px, overlap_px, multiple_of)
    return [Box(y, x, height, width) for y in rows for x in columns]


def pad_to_multiple(image: NDArray[_Pixel], multiple_of: int) -> NDArray[_Pixel]:
    """Continue an image at the bottom and the right, by reflection, until its sides are multiples.

    Args:
        image: (H, W) or (H, W, C), C at most 4; may be smaller than what is added.
        multiple_of: at least 1.

    Returns:
        (H', W') or (H', W', C); the image itself where nothing is missing.
    """
    height_px, width_px = image.shape[:2]
    bottom, right = -height_px % multiple_of, -width_px % multiple_of
    if not (bottom or right):
        return image
    padded = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REFLECT_101)
    return np.asarray(padded, image.dtype).reshape(height_px + bottom, width_px + right, *image.shape[2:])


def stitch(
    tiles: Iterable[tuple[Box, NDArray[np.floating]]], height_px: int, width_px: int, overlap_px: int
) -> NDArray[np.float32]:
    """Join the maps of overlapping tiles into one map of the image, without seams: `stitch_bands` put together.

    Returns:
        float32 (H, W) or (K, H, W).
    """
    joined: NDArray[np.float32] | None = None
    for top, rows in stitch_bands(tiles, height_px, width_px, overlap_px):
        if joined is None:
            joined = np.empty((*rows.shape[:-2], height_px, width_px), np.float32)
        joined[..., top : top + rows.shape[-2], :] = rows
    assert joined is not None
    return joined


def stitch_bands(
    tiles: Iterable[tuple[Box, NDArray[np.floating]]], height_px: int, width_px: int, overlap_px: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Join the maps of overlapping tiles, and give the image's rows as soon as no further tile changes them.

    Where boxes overlap, their maps are averaged with weights that fall linearly towards the inner edges of a box, so
    that each map fades out where its context ends. Equal values stay exactly equal. Memory is that of one row of tiles.

    Args:
        tiles: boxes, row by row as `tile_boxes` gives them, with their maps, (h, w) or (K, h, w), finite.
        height_px: height of the image.
        width_px: width of the image.
        overlap_px: over how many pixels a map fades out; the overlap that the boxes were cut with.

    Yields:
        The first row's place, and rows, float32 (h, W) or (K, h, W), from top to bottom.

    Raises:
        ValueError: a box outside the image or above the one before it, a map of another shape, or pixels that no box
            covers.
    """
    band: _Band | None = None
    for box, tile_map in tiles:
        if min(box) < 0 or box.y + box.height > height_px or box.x + box.width > width_px:
            raise ValueError(f"{box} does not lie inside {height_px} x {width_px} px")
        layers = tile_map.shape[:-2] if band is None else band.mean.shape[:-2]
        if tile_map.shape != (*layers, box.height, box.width):
            raise ValueError(f"a map of shape {tile_map.shape} does not fit {box} and the maps before it")
        if band is None:
            band = _Band.empty(layers, 0, width_px)
        if box.y < band.top:
            raise ValueError(f"{box} lies above the boxes before it")
        if box.y > band.top:
            yield from band.rows_above(box.y)
            band = band.moved_to(box.y)
        band = band.reaching(box.y + box.height)
        weight = np.outer(
            _fade(box.y, box.height, height_px, overlap_px), _fade(box.x, box.width, width_px, overlap_px)
        )
        band.add(box, tile_map, weight)
    if band is None or band.top + band.mean.shape[-2] < height_px:
        raise ValueError("the tiles given do not cover the image")
    yield from band.rows_above(height_px)


class _Band(NamedTuple):
    """Rows of the image from ``top`` on that tiles may still change: their running mean, and its weights."""

    top: int
    mean: NDArray[np.float32]
    weight: NDArray[np.float32]

    @classmethod
    def empty(cls, layers: tuple[int, ...], top: int, width_px: int) -> _Band:
        return cls(top, np.zeros((*layers, 0, width_px), np.float32), np.zeros((0, width_px), np.float32))

    def reaching(self, bottom: int) -> _Band:
        """With rows down to there."""
        missing = bottom - self.top - len(self.weight)
        if missing <= 0:
            return self
        rows, width_px = bottom - self.top, self.mean.shape[-1]
        # Into fresh zeros, whose rows take memory when tiles reach them.
        mean = np.zeros((*self.mean.shape[:-2], rows, width_px), np.float32)
        mean[..., : self.mean.shape[-2], :] = self.mean
        weight = np.zeros((rows, width_px), np.float32)
        weight[: len(self.weight)] = self.weight
        return _Band(self.top, mean, weight)

    def moved_to(self, top: int) -> _Band:
        """Without the rows above there."""
        return _Band(top, self.mean[..., top - self.top :, :].copy(), self.weight[top - self.top :].copy())

    def rows_above(self, bottom: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        if bottom - self.top > len(self.weight) or not self.weight[: bottom - self.top].all():
            raise ValueError("the tiles given do not cover the image")
        yield self.top, self.mean[..., : bottom - self.top, :]

    def add(self, box: Box, tile_map: NDArray[np.floating], weight: NDArray[np.float32]) -> None:
        place = np.s_[box.y - self.top : box.y - self.top + box.height, box.x : box.x + box.width]
        total = self.weight[place]
        total += weight
        # A running mean: what agrees is moved by exactly nothing, which a quotient of two sums would not guarantee.
        mean = self.mean[..., place[0], place[1]]
        weight /= total
        step = np.subtract(tile_map, mean, dtype=np.float32)
        step *= weight
        mean += step


def _cut(length_px: int, tile_px: int, overlap_px: int, multiple_of: int) -> tuple[int, list[int]]:
    """Length of the pieces of one side, and where each starts."""
    if length_px <= tile_px:
        return length_px, [0]
    count = -(-(length_px - overlap_px) // (tile_px - overlap_px))
    shortest = -(-(length_px + (count - 1) * overlap_px) // count)
    piece = min(tile_px, -(-shortest // multiple_of) * multiple_of)
    return piece, [number * (length_px - piece) // (count - 1) for number in range(count)]


def _fade(start: int, length: int, total: int, overlap_px: int) -> NDArray[np.float32]:
    """Weight along one side of a box: 1, falling linearly to nearly 0 at edges that are not the image's own."""
    ramp = np.arange(1, length + 1, dtype=np.float32) / np.float32(overlap_px + 1)
    weight = np.ones(length, np.float32)
    if start > 0:
        weight = np.minimum(weight, ramp)
    if start + length < total:
        weight = np.minimum(weight, ramp[::-1])
    return weight
