"""A detector on an image of which not everything can be held: read, looked at and outlined in bands, in bounded memory.

Only the mask is kept at full size, one byte a pixel, and only its parts that hold anything take memory. Of the map, the
surroundings of what is outlined are kept in a temporary file; of the pixels a reduced picture to draw on. Whatever else
is asked for (contrasts, widths of cracks) is read again, cut-out by cut-out. Scores, regions and cracks are those of
`Detector.inspect_pixels`.
"""

from __future__ import annotations

import math
import mmap
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.detectors.looking import Answer, Tally, tile_batches
from blemish.detectors.schema import DetectorSpec
from blemish.images import Box, stitch_bands
from blemish.images.windows import ImageWindows

# What overlays are drawn on, at most.
_PICTURE_PX = 25e6
# Side of the blocks of a map that are kept or not: half of the distance that clusters keep from one another.
_BLOCK_PX = 64
_BLOCK_BYTES = 4 * _BLOCK_PX**2


class Scan:
    """What one pass over an image in bands gives.

    Args:
        windows: the image.
        spec: the detector's; in tiles, with at most one class.
        answer: its graph.

    Attributes:
        score: the image's.
        surface: how unlike the surfaces that the detector knows it is; None where it does not tell.
        mask: bool (H, W), True where the map reaches the pixel threshold; None without one.
        near: the map around that.
        shrink: by how much the next two are smaller than the image.
        picture: uint8 RGB (h, w, 3).
        small_map: float32 (h, w), the highest map value of each pixel of the picture.
    """

    def __init__(self, windows: ImageWindows, spec: DetectorSpec, answer: Answer) -> None:
        height_px, width_px = windows.size_px
        level = spec.thresholds.pixel
        self.shrink = max(1, math.ceil(math.sqrt(height_px * width_px / _PICTURE_PX)))
        small = -(-height_px // self.shrink), -(-width_px // self.shrink)
        self.picture = np.zeros((*small, 3), np.uint8)
        self.small_map = np.full(small, -np.inf, np.float32)
        self.mask = None if level is None else _sparse_mask(height_px, width_px)
        self.near = SparseMap(height_px, width_px, np.inf if level is None else level)
        self._drawn_rows = 0
        tally = Tally()
        tiles = self._tiles(windows, spec, answer, tally)
        for top, rows in stitch_bands(tiles, height_px, width_px, spec.input.overlap_px):
            if self.mask is not None and level is not None:
                # Nothing is written where nothing is found: such parts of the mask never come into memory.
                self.mask[top : top + len(rows)][rows >= level] = True
                self.near.add(rows)
            by_columns = np.maximum.reduceat(rows, range(0, width_px, self.shrink), axis=1)
            np.maximum.at(self.small_map, (top + np.arange(len(rows))) // self.shrink, by_columns)
            del rows, by_columns  # before the next row of tiles is joined
        self.near.close()
        self.score, self.surface = tally.score, tally.surface

    def _tiles(
        self, windows: ImageWindows, spec: DetectorSpec, answer: Answer, tally: Tally
    ) -> Iterator[tuple[Box, NDArray[np.float32]]]:
        height_px, width_px = windows.size_px
        for top, row in groupby(spec.input.boxes(height_px, width_px), key=lambda box: box.y):
            boxes = list(row)
            band = windows.read(Box(top, 0, boxes[0].height, width_px))
            self._draw(top, band, is_last=top + len(band) == height_px)
            inside = [Box(0, box.x, box.height, box.width) for box in boxes]
            for some, batch in tile_batches(band, inside, spec.input.multiple_of):
                prediction = answer(batch)
                tally.add(prediction)
                assert prediction.maps is not None
                for box, tile_map in zip(some, prediction.maps, strict=True):
                    yield box._replace(y=top), tile_map[..., : box.height, : box.width]
            del band  # before the next one is read

    def _draw(self, top: int, band: NDArray[np.uint8], *, is_last: bool) -> None:
        """Reduce the rows of a band that have not been drawn yet, as far as they fill pixels of the picture."""
        # Bands overlap by more than a pixel of the picture; without overlap, what is missing above is left out.
        begin = max(0, self._drawn_rows * self.shrink - top)
        rows = len(self.picture) - self._drawn_rows if is_last else (len(band) - begin) // self.shrink
        part = band[begin : begin + rows * self.shrink]
        below, beside = rows * self.shrink - len(part), self.picture.shape[1] * self.shrink - part.shape[1]
        if below or beside:  # at the image's lower and right border
            part = np.asarray(cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)
        cv2.resize(
            part,
            (self.picture.shape[1], rows),
            dst=self.picture[self._drawn_rows : self._drawn_rows + rows],
            interpolation=cv2.INTER_AREA,
        )
        self._drawn_rows += rows


class SparseMap:
    """A map of which only blocks are kept that reach a level, and those around them; in a temporary file.

    Args:
        height_px, width_px: its size.
        level: see above.
    """

    def __init__(self, height_px: int, width_px: int, level: float) -> None:
        self._level = level
        # Blocks of values in the file, one after another, and which of them is where; -1: none.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the map
        self._kept, self._reading = 0, threading.Lock()
        weakref.finalize(self, self._file.close)
        self._place = np.full((-(-height_px // _BLOCK_PX), -(-width_px // _BLOCK_PX)), -1, np.int32)
        self._waiting = np.zeros((0, width_px), np.float32)
        # The last row of blocks, which the next one may still make worth keeping, and which of the two before are hit.
        self._last: NDArray[np.float32] | None = None
        self._last_hit = self._hit_before = np.zeros(-(-width_px // _BLOCK_PX), np.bool_)
        self._next_row = 0

    def add(self, rows: NDArray[np.float32]) -> None:
        """The next rows from the top, (h, W)."""
        while len(rows):
            part, rows = np.split(rows, [_BLOCK_PX - len(self._waiting)])
            self._waiting = np.concatenate([self._waiting, part])
            if len(self._waiting) == _BLOCK_PX:
                self._add_blocks(self._waiting)
                self._waiting = self._waiting[:0]

    def close(self) -> None:
        """No more rows come."""
        if len(self._waiting):
            self._add_blocks(self._waiting)
        self._add_blocks(None)
        self._waiting = self._waiting[:0]

    def cut(self, box: Box) -> NDArray[np.float32]:
        """The values in a box, float32 (h, w); below the level wherever none are kept."""
        found = np.full((box.height, box.width), min(0.0, self._level - 1), np.float32)
        for row in range(box.y // _BLOCK_PX, -(-(box.y + box.height) // _BLOCK_PX)):
            for column in range(box.x // _BLOCK_PX, -(-(box.x + box.width) // _BLOCK_PX)):
                if (place := int(self._place[row, column])) >= 0:
                    _paste(found, self._read(place), row * _BLOCK_PX - box.y, column * _BLOCK_PX - box.x)
        return found

    def _read(self, place: int) -> NDArray[np.float32]:
        with self._reading:
            self._file.seek(place * _BLOCK_BYTES)
            data = self._file.read(_BLOCK_BYTES)
        return np.frombuffer(data, np.float32).reshape(_BLOCK_PX, _BLOCK_PX)

    def _add_blocks(self, rows: NDArray[np.float32] | None) -> None:
        hit = np.zeros_like(self._last_hit)
        if rows is not None:
            hit = np.logical_or.reduceat((rows >= self._level).any(axis=0), range(0, rows.shape[1], _BLOCK_PX))
        if self._last is not None:
            near = hit | self._last_hit | self._hit_before
            near = near | np.append(near[1:], False) | np.append(False, near[:-1])
            for column in np.flatnonzero(near).tolist():
                block = self._last[:, column * _BLOCK_PX : (column + 1) * _BLOCK_PX]
                whole = np.zeros((_BLOCK_PX, _BLOCK_PX), np.float32)
                whole[: block.shape[0], : block.shape[1]] = block
                self._file.write(whole.data)
                self._place[self._next_row - 1, column] = self._kept
                self._kept += 1
        self._hit_before, self._last_hit = self._last_hit, hit
        self._last = None if rows is None else rows.copy()
        self._next_row += 1


def _sparse_mask(height_px: int, width_px: int) -> NDArray[np.bool_]:
    """Nothing marked, bool (H, W). A page of it takes memory when something is marked there.

    Not `np.zeros`, which asks for pages of 2 MB: every crack across the image would take its rows at full width.
    """
    private = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
    pages = mmap.mmap(-1, height_px * width_px, **private)
    return np.frombuffer(pages, np.bool_).reshape(height_px, width_px)


def reduced_mask(mask: NDArray[np.bool_], shrink: int) -> NDArray[np.bool_]:
    """A mask at the size of a picture that is so many times smaller: True where any of its pixels is."""
    rows = [
        np.logical_or.reduceat(mask[top : top + shrink].any(axis=0), range(0, mask.shape[1], shrink))
        for top in range(0, mask.shape[0], shrink)
    ]
    return np.stack(rows)


def _paste(target: NDArray[np.float32], block: NDArray[np.float32], top: int, left: int) -> None:
    part = target[max(top, 0) : top + block.shape[0], max(left, 0) : left + block.shape[1]]
    block = block[max(-top, 0) :, max(-left, 0) :]
    part[...] = block[: part.shape[0], : part.shape[1]]
