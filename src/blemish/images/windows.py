"""Very large images part by part: read so where the file allows it (TIFF in tiles or strips, 8 bit, upright)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images.capture import Capture, capture_of
from blemish.images.colour import as_three_or_four
from blemish.images.formats import PREFIX_LENGTH, TIFF, identify
from blemish.images.header import MAX_PAGES, open_image
from blemish.images.limits import check_size
from blemish.images.opening import open_header
from blemish.images.options import BitRange, ReadOptions
from blemish.images.orientation import UPRIGHT
from blemish.images.reading import LoadedImage
from blemish.images.tiling import Box

WINDOWED_FROM_PX = 64_000_000
"""Larger images are read part by part where they can be."""

_COLOUR_BYTES = 3
_BAND_ROWS = 512


@dataclass(frozen=True, slots=True)
class FileWindows:
    """A file whose pixels are read when they are asked for. It is opened anew for each part.

    Attributes:
        path: the file.
        size_px: height and width.
        notes: what reading it had to decide; a sentence each without its full stop.
        capture: when, where and with what it was taken; None where the file does not say.
    """

    likely_range: ClassVar[None] = None
    held: ClassVar[None] = None

    path: Path
    size_px: tuple[int, int]
    notes: tuple[str, ...]
    capture: Capture | None

    def reduced(self, side_px: int) -> NDArray[np.uint8]:
        """The whole image so small that its longer side is about that, RGB uint8 (h, w, 3).

        Raises:
            ImageError: as `read`.
        """
        height_px, width_px = self.size_px
        shrink = max(1, round(max(self.size_px) / side_px))
        rows = -(-_BAND_ROWS // shrink) * shrink
        parts = []
        for top in range(0, height_px, rows):
            band = self.read(Box(top, 0, min(rows, height_px - top), width_px))
            size = max(1, round(width_px / shrink)), max(1, round(len(band) / shrink))
            parts.append(np.asarray(cv2.resize(band, size, interpolation=cv2.INTER_AREA), np.uint8))
        return np.concatenate(parts)

    def read(self, box: Box) -> NDArray[np.uint8]:
        """The pixels of a part inside the image, RGB uint8 (h, w, 3).

        Raises:
            ImageError: they are missing or damaged.
        """
        with open_image(self.path) as stream:
            header = open_header(stream, str(self.path))
            try:
                if header.load_window is None or header.size_px != self.size_px:
                    raise ImageError(f'"{self.path}" was changed while it was read.')
                return as_three_or_four(header.load_window(window=box))
            except (ImageError, MemoryError):
                raise
            except Exception as error:  # decoders raise nearly anything on damaged data
                raise ImageError(f'"{self.path}" is cut short or damaged: its pixels cannot be decoded.') from error


@dataclass(frozen=True, slots=True)
class HeldWindows:
    """Parts of an image that has been read."""

    image: LoadedImage

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.pixels.shape[0], self.image.pixels.shape[1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading it had to decide."""
        return self.image.notes

    @property
    def likely_range(self) -> BitRange | None:
        """See `LoadedImage`."""
        return self.image.likely_range

    @property
    def capture(self) -> Capture | None:
        """When, where and with what it was taken."""
        return self.image.capture

    @property
    def held(self) -> NDArray[np.uint8]:
        """All of its pixels."""
        return self.image.pixels

    def read(self, box: Box) -> NDArray[np.uint8]:
        """The pixels of a part, as a view."""
        return self.image.pixels[box.y : box.y + box.height, box.x : box.x + box.width]


ImageWindows = FileWindows | HeldWindows
"""A very large image, looked at part by part."""


def open_windows(path: Path, options: ReadOptions, *, from_px: int = WINDOWED_FROM_PX) -> FileWindows | None:
    """An image to be read part by part; None where it is smaller than that, or its file does not allow it.

    Raises:
        ImageError: it is no readable image, or too large.
    """
    with open_image(path) as stream:
        if identify(stream.read(PREFIX_LENGTH), str(path)) is not TIFF:
            return None
        stream.seek(0)
        header = open_header(stream, str(path))
        height_px, width_px = header.size_px
        if height_px * width_px < from_px or header.load_window is None:
            return None
        if header.orientation != UPRIGHT or header.bits > 8 or header.bytes_per_px > _COLOUR_BYTES:
            return None
        check_size(header, stream.seek(0, os.SEEK_END), options.max_megapixels)
        count = f"more than {MAX_PAGES}" if header.pages > MAX_PAGES else f"{header.pages}"
        pages = (f"first of {count} pages",) if header.pages > 1 else ()
        return FileWindows(path, header.size_px, (*pages, *header.notes), capture_of(header))
