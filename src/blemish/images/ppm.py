"""PBM, PGM, PPM and PFM, binary or as text: a few words of header, and samples row by row."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images.formats import PPM
from blemish.images.header import Header

# Magic, then width, height and, but for bitmaps, full scale or the sign of the byte order; comments between them.
_GAP = rb"(?:\s|#[^\n\r]*[\n\r])+"
_WORD = rb"([-+.\deE]+)"
_HEAD = re.compile(rb"(P[1-6fF])" + _GAP + _WORD + _GAP + _WORD)
_THIRD = re.compile(_GAP + _WORD)
_COMMENT = re.compile(rb"#[^\n\r]*")
_HEAD_BYTES = 1 << 12
_BITMAPS, _TEXTS, _COLOURS, _FLOATS = (b"P1", b"P4"), (b"P1", b"P2", b"P3"), (b"P3", b"P6", b"PF"), (b"Pf", b"PF")


def open_ppm(stream: BinaryIO, name: str) -> Header:
    """The header of such a file.

    Args:
        stream: the file, or its bytes, at the start; stays open, since pixels are loaded from it later.
        name: what messages call the file.

    Raises:
        ValueError: the header is damaged.
    """
    head = stream.read(_HEAD_BYTES)
    found = _HEAD.match(head)
    if found is None:
        raise ValueError("no size")
    magic, width, height = found[1], int(found[2]), int(found[3])
    end, scale = found.end(), 1.0
    if magic not in _BITMAPS:
        third = _THIRD.match(head, end)
        if third is None:
            raise ValueError("no full scale")
        end, scale = third.end(), float(third[1])
    is_float = magic in _FLOATS
    white = 1 if is_float else int(scale)
    if min(width, height) < 1 or scale == 0 or not 1 <= white <= 65535:
        raise ValueError("impossible numbers")
    channels = 3 if magic in _COLOURS else 1
    # One white-space character ends the header.
    start = end + 1
    load = partial(_load, stream, name, magic, (height, width, channels), start, scale if is_float else white)
    return Header(
        name=name,
        kind=PPM,
        stored_size_px=(height, width),
        bits=32 if is_float else max(white.bit_length(), 8),
        white=None if is_float else max(white, 255),
        load=load,
        bytes_per_px=channels * (4 if is_float else 2 if white > 255 else 1),
    )


def _load(
    stream: BinaryIO, name: str, magic: bytes, shape: tuple[int, int, int], start: int, scale: float
) -> NDArray[Any]:
    stream.seek(start)
    count = shape[0] * shape[1] * shape[2]
    if magic in _FLOATS:
        values = _take(stream, name, np.dtype("<f4" if scale < 0 else ">f4"), count).astype(np.float32)
        return _grey(values.reshape(shape)[::-1])  # the lowest row comes first
    white = int(scale)
    if magic == b"P4":
        row_bytes = -(-shape[1] // 8)
        rows = _take(stream, name, np.dtype(np.uint8), shape[0] * row_bytes).reshape(shape[0], row_bytes)
        return np.asarray((1 - np.unpackbits(rows, axis=1, count=shape[1])) * np.uint8(255))
    if magic in _TEXTS:
        body = _COMMENT.sub(b"", stream.read())
        # The digits of a bitmap need no space between them.
        text = re.sub(rb"\s*([01])", rb"\1 ", body) if magic == b"P1" else body
        values = np.fromstring(text, np.int32, count, sep=" ") if text.strip() else np.empty(0, np.int32)
        if values.size < count:
            raise _cut_short(name)
        values = 1 - values if magic == b"P1" else values
    else:
        values = _take(stream, name, np.dtype(">u2" if white > 255 else np.uint8), count)
    if values.min() < 0 or values.max() > white:
        raise ImageError(f'"{name}" is damaged: it has values above its full scale of {white}.')
    if white > 255:
        return _grey(values.astype(np.uint16).reshape(shape))
    if white < 255:
        levels = np.arange(white + 1) * 255.0 / white
        values = levels.round().astype(np.uint8)[values]
    return _grey(values.astype(np.uint8).reshape(shape))


def _take(stream: BinaryIO, name: str, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    data = stream.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise _cut_short(name)
    return np.frombuffer(data, dtype)


def _cut_short(name: str) -> ImageError:
    return ImageError(f'"{name}" is cut short: it has fewer values than its header says.')


def _grey(values: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(values[..., 0] if values.shape[2] == 1 else values)
