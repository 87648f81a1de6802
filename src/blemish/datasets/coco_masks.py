"""Masks as COCO writes them: polygons, and run lengths in plain or compressed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.sample import CompleteMask
from blemish.errors import DataError


@dataclass(frozen=True, slots=True)
class PolygonMask(CompleteMask):
    """One object's outline as one or more polygons.

    Attributes:
        polygons: each x0, y0, x1, y1, … in pixels; (0, 0) is the outer corner of the first pixel, as in COCO.
        height_px: height of the image that it was drawn on.
        width_px: width of that image.
        where: file and image that it was read from, for messages.
    """

    polygons: tuple[tuple[float, ...], ...]
    height_px: int
    width_px: int
    where: str

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective. Raises DataError for another size or a bad outline."""
        _check_size(self.where, (self.height_px, self.width_px), (height_px, width_px))
        mask = np.zeros((height_px, width_px), dtype=np.bool_)
        for polygon in self.polygons:
            mask |= fill_polygon(polygon, height_px, width_px, where=self.where)
        return mask


@dataclass(frozen=True, slots=True)
class CountsMask(CompleteMask):
    """One object as COCO run lengths: how many pixels off, on, off, …, down the columns first.

    Attributes:
        counts: the numbers, or COCO's compressed text.
        height_px: height of the image that it was drawn on.
        width_px: width of that image.
        where: file and image that it was read from, for messages.
    """

    counts: tuple[int, ...] | str
    height_px: int
    width_px: int
    where: str

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective. Raises DataError for another size or bad counts."""
        _check_size(self.where, (self.height_px, self.width_px), (height_px, width_px))
        counts = self.checked()
        is_on = np.arange(counts.size) % 2 == 1
        return np.asarray(np.repeat(is_on, counts).reshape(width_px, height_px).T)

    def checked(self) -> NDArray[np.int64]:
        """The counts as numbers, int64 (N,). Raises DataError where they cannot be right."""
        numbers = decompress_counts(self.counts, where=self.where) if isinstance(self.counts, str) else self.counts
        counts, area_px = np.asarray(numbers, dtype=np.int64), self.height_px * self.width_px
        if (counts < 0).any() or (counts > area_px).any() or counts.sum() != area_px:
            raise DataError(
                f"{self.where}: the run lengths do not add up to {self.width_px}×{self.height_px} px; export it again."
            )
        return counts


def fill_polygon(
    polygon: tuple[float, ...], height_px: int, width_px: int, *, where: str = "The polygon"
) -> NDArray[np.bool_]:
    """Pixels whose centres lie inside a polygon (even-odd rule), with no bias at the border.

    OpenCV's ``fillPoly`` also paints every pixel that the outline touches, which makes thin cracks a pixel too wide.

    Args:
        polygon: x0, y0, x1, y1, … in pixels; the centre of the first pixel is (0.5, 0.5).
        height_px: height of the mask.
        width_px: width of the mask.
        where: what to name in messages.

    Returns:
        bool (H, W).

    Raises:
        DataError: fewer than three points, an odd count of numbers, or a number that is not finite.
    """
    numbers = np.asarray(polygon, dtype=np.float64)
    if numbers.size < 6 or numbers.size % 2 or not np.isfinite(numbers).all():
        raise DataError(f"{where}: an outline needs at least three points, as x and y in turn.")
    start = numbers.reshape(-1, 2)
    end = np.roll(start, -1, axis=0)
    # Row y is crossed by the edges that have one end above its centre line and one not above.
    first = np.clip(np.ceil(np.minimum(start[:, 1], end[:, 1]) - 0.5), 0, height_px).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(start[:, 1], end[:, 1]) - 0.5), 0, height_px).astype(np.int64)
    edge = np.repeat(np.arange(len(start)), last - first)
    row = np.arange(edge.size) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[edge]
    slope = (end[edge, 0] - start[edge, 0]) / (end[edge, 1] - start[edge, 1])
    crossing_x = start[edge, 0] + (row + 0.5 - start[edge, 1]) * slope
    column = np.clip(np.ceil(crossing_x - 0.5), 0, width_px).astype(np.int64)
    crossings = np.zeros((height_px, width_px + 1), dtype=np.int32)
    np.add.at(crossings, (row, column), 1)
    return np.asarray(np.cumsum(crossings[:, :-1], axis=1) % 2 == 1)


def decompress_counts(text: str, *, where: str = "The annotation") -> tuple[int, ...]:
    """COCO's compressed run lengths as plain counts.

    Each number is cut into groups of 5 bits, lowest first, in characters from "0" (48) on; bit 6 says that more
    follow; from the fourth number on, each is the difference to the one two places before (pycocotools, ``maskApi.c``).

    Raises:
        DataError: characters outside that alphabet, or a number that is cut off.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 60:
            raise DataError(f"{where}: the compressed run lengths are not COCO's; export the annotation again.")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise DataError(f"{where}: the compressed run lengths are cut off; export the annotation again.")
    return tuple(counts)


def _check_size(where: str, drawn: tuple[int, int], image: tuple[int, int]) -> None:
    if drawn != image:
        raise DataError(
            f"{where}: annotated at {drawn[1]}×{drawn[0]} px but the image is {image[1]}×{image[0]} px; "
            "a mask must have the size of its image."
        )
