"""From an opened file to the values that it stores, upright, with nothing scaled and nothing lost."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images.capture import Capture, capture_of
from blemish.images.header import MAX_PAGES
from blemish.images.limits import check_size
from blemish.images.opening import open_header
from blemish.images.orientation import turn_upright


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file stores, upright.

    Attributes:
        name: what messages call the file.
        values: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB with straight alpha; uint8, uint16, or for grey also int8,
            int32, uint32 and float32.
        bits: bits of one stored sample.
        white: full scale as the file states it, None where it states none.
        white_is_zero: the grey scale runs from white to black.
        notes: decisions made so far, a sentence each without its full stop.
        capture: when, where and with what it was taken; None where the file does not say.
    """

    name: str
    values: NDArray[Any]
    bits: int
    white: int | None
    white_is_zero: bool
    notes: tuple[str, ...]
    capture: Capture | None


def decode(stream: BinaryIO, name: str, max_megapixels: float | None) -> Stored:
    """Decode the first picture of a file.

    Args:
        stream: the file or its bytes, at the start.
        name: what messages call the file.
        max_megapixels: see `blemish.images.limits.check_size`.

    Raises:
        ImageError: not a readable image, too large, or cut short.
    """
    header = open_header(stream, name)
    check_size(header, stream.seek(0, os.SEEK_END), max_megapixels)
    height_px, width_px = header.size_px
    # Before the pixels: of a TIFF, loading them moves Pillow's view on.
    capture = capture_of(header)
    try:
        values = header.load()
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f'"{name}" with {width_px} x {height_px} pixels does not fit into memory.') from error
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise ImageError(f'"{name}" is cut short or damaged: its pixels cannot be decoded.') from error
    if not header.is_turned:
        values = turn_upright(values, header.orientation)
    if values.shape[:2] != (height_px, width_px):
        raise ImageError(f'"{name}" is damaged: its header and its pixels disagree about the size.')
    deep = values.dtype != np.uint8
    count = f"more than {MAX_PAGES}" if header.pages > MAX_PAGES else f"{header.pages}"
    pages = (f"first of {count} pages",) if header.pages > 1 else ()
    return Stored(
        name=name,
        values=values,
        bits=header.bits if deep else 8,
        white=header.white if deep else 255,
        white_is_zero=header.white_is_zero,
        notes=(*pages, *header.notes),
        capture=capture,
    )
