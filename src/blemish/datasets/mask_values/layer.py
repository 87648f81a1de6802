"""A mask file decoded at its full depth: grey values or colours, opacity and palette indices, nothing decided yet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from blemish.errors import DataError, ImageError
from blemish.images import formats
from blemish.images.decoding import decode
from blemish.images.header import Header, open_image
from blemish.images.limits import MAX_MEGAPIXELS, check_size
from blemish.images.opening import open_header
from blemish.images.orientation import UPRIGHT, turn_upright

_MAX_PAGES = 64
_WEBP_HEADER = 4096
_LOSSY = (formats.JPEG, formats.HEIF, formats.AVIF)
_COLOUR = 1 << 48
"""Set in every packed code, so that no colour equals a plain number."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What a mask file stores.

    Attributes:
        values: (H, W) grey or (H, W, 3) RGB: uint8, uint16, or for grey also int32 or float32. A file whose three
            channels are equal everywhere is grey.
        opacity: (H, W) of the same depth, 0 transparent; None where the file has none.
        index: uint8 (H, W) palette indices; None without a palette of colours.
        missing: bool (H, W), True where a floating-point value is not a number; None where all are numbers.
        lossy: the file is a JPEG or compressed like one, whose values are near what was drawn and not equal to it.
        has_orientation: the file itself says which way is up.
    """

    values: NDArray[Any]
    opacity: NDArray[Any] | None = None
    index: NDArray[np.uint8] | None = None
    missing: NDArray[np.bool_] | None = None
    lossy: bool = False
    has_orientation: bool = False

    @property
    def full_scale(self) -> int:
        """The largest value of the file's depth: 255 or 65535; 0 for numbers that have no full scale."""
        return {"uint8": 255, "uint16": 65535}.get(self.values.dtype.name, 0)

    def levels(self) -> NDArray[Any]:
        """The brightest channel, (H, W)."""
        return self.values if self.values.ndim == 2 else np.ascontiguousarray(self.values.max(axis=2))

    def raw_codes(self) -> NDArray[Any]:
        """One number for each pixel, (H, W): the grey value itself, or the channels in one number; see `code_of`."""
        if self.values.ndim == 2:
            return self.values
        if self.values.dtype == np.uint8:
            red, green, blue = cv2.split(self.values)
            packed: NDArray[Any] = cv2.merge([blue, green, red, np.zeros_like(red)]).view("<u4")[..., 0]
            return packed
        red, green, blue = (self.values[..., channel].astype(np.int64) for channel in range(3))
        return np.asarray(_COLOUR | red << 32 | green << 16 | blue)

    def code_of(self, raw: int | float) -> int | float:
        """The code of one of `raw_codes`: greys of 8 and 16 bit are colours of three equal channels."""
        if not self.full_scale:
            return raw
        value = int(raw)
        if self.values.ndim == 2:
            return pack(value, value, value)
        return pack(value >> 16, value >> 8 & 255, value & 255) if self.values.dtype == np.uint8 else value

    def is_any_of(self, codes: Iterable[int | float]) -> NDArray[np.bool_]:
        """Where the code is one of these, bool (H, W)."""
        raw = self.raw_codes()
        found = np.zeros(raw.shape, np.bool_)
        for code in codes:
            sought: int | float | None = code
            if self.full_scale:
                red, green, blue = unpack(int(code))
                if self.values.ndim == 2:
                    sought = red if red == green == blue else None
                elif self.values.dtype == np.uint8:
                    sought = red << 16 | green << 8 | blue
            if sought is not None:
                found |= raw == sought
        return found


def pack(red: int, green: int, blue: int) -> int:
    """The code of a colour."""
    return _COLOUR | red << 32 | green << 16 | blue


def unpack(code: int) -> tuple[int, int, int]:
    """Red, green and blue of a code."""
    return code >> 32 & 0xFFFF, code >> 16 & 0xFFFF, code & 0xFFFF


def read_layer(path: Path) -> Layer:
    """Decode a mask file, upright by its own orientation, with white as its largest value whatever the file's scale.

    Raises:
        DataError: the file is missing or damaged, or has several pages that differ.
    """
    try:
        with open_image(path) as stream:
            header = open_header(stream, str(path))
            check_size(header, stream.seek(0, os.SEEK_END), MAX_MEGAPIXELS)
            is_lossy = header.kind in _LOSSY or (header.kind is formats.WEBP and _webp_is_lossy(stream))
            page = _page(header)
            if page is not None:
                layer = _from_pillow(header, page)
            else:
                stream.seek(0)
                layer = _from_stored(decode(stream, str(path), MAX_MEGAPIXELS))
    except ImageError as error:
        raise DataError(f"A mask cannot be read: {error}") from error
    except DataError:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise DataError(f'The mask "{path}" is cut short or damaged: its pixels cannot be decoded.') from error
    return replace(_greyed(layer), lossy=is_lossy, has_orientation=header.orientation != UPRIGHT)


def _webp_is_lossy(stream: BinaryIO) -> bool:
    stream.seek(0)
    start = stream.read(_WEBP_HEADER)
    stream.seek(0)
    return b"VP8 " in start and b"VP8L" not in start


def _from_stored(stored: Any) -> Layer:
    values = stored.values
    if stored.white_is_zero:
        values = (stored.white if stored.white is not None else values.max()) - values
    if values.dtype == np.int8:
        values = values.astype(np.int32)
    if values.dtype == np.uint32:
        values = values.astype(np.int64)
    missing = None
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        values = np.where(missing, np.float32(0), values)
        missing = missing if missing.any() else None
    if values.ndim == 3 and values.shape[2] == 4:
        return Layer(np.ascontiguousarray(values[..., :3]), opacity=np.ascontiguousarray(values[..., 3]))
    return Layer(values, missing=missing)


def _from_pillow(header: Header, image: Image.Image) -> Layer:
    """One page, or a file with a palette."""
    image.load()
    opacity = None
    if image.has_transparency_data:
        opacity = np.array(image.convert("RGBA"))[..., 3]
    index = None
    if image.mode == "P":
        index = np.array(image)
        colours = np.zeros((256, 3), np.uint8)
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        colours[: len(palette)] = palette
        used = np.flatnonzero(np.bincount(index.ravel(), minlength=256))
        # A palette that shows different classes alike was never meant to be looked at.
        values = index if len(np.unique(colours[used], axis=0)) < len(used) else colours[index]
    elif image.mode.startswith("I;16"):
        values = np.array(image).astype(np.uint16)
    else:
        values = np.array(
            image if image.mode in {"L", "I", "F"} else image.convert("L" if image.mode == "1" else "RGB")
        )
    turn = UPRIGHT if header.kind is formats.TIFF else header.orientation
    parts = [None if part is None else turn_upright(part, turn) for part in (opacity, index)]
    return Layer(turn_upright(values, turn), opacity=parts[0], index=parts[1])


def _page(header: Header) -> Image.Image | None:
    """What Pillow must decode: a file with a palette, or of several pages the one that holds the mask; else None.

    Raises:
        DataError: several pages of the full size hold something, and not the same.
    """
    if header.image is None or header.kind in _LOSSY:
        return None
    if header.pages == 1:
        return header.image if header.image.mode == "P" else None
    if header.pages > _MAX_PAGES:
        raise DataError(f'The mask "{header.name}" has {header.pages} pages; save the right one as a file of its own.')
    pages = [page.copy() for page in ImageSequence.Iterator(header.image)]
    largest = max(pages, key=lambda page: page.width * page.height).size
    pages = [page for page in pages if page.size == largest]  # previews are smaller
    arrays = [np.asarray(page) for page in pages]
    kept = [page for page, array in zip(pages, arrays, strict=True) if array.min() != array.max()] or pages[:1]
    first = np.asarray(kept[0])
    if any(not np.array_equal(first, np.asarray(page)) for page in kept[1:]):
        raise DataError(
            f'The mask "{header.name}" has {len(kept)} pages that differ, and nothing tells which is meant; '
            "save the right one as a file of its own."
        )
    return kept[0]


def _greyed(layer: Layer) -> Layer:
    """Three equal channels as one, and 16-bit values that are 8-bit ones times 257 as 8 bit."""
    values, opacity = layer.values, layer.opacity
    if values.ndim == 3:
        red, green, blue = cv2.split(values)
        if np.array_equal(red, green) and np.array_equal(red, blue):
            values = red
    if values.dtype == np.uint16 and values.ndim == 3 and not (values % 257).any():
        values = (values // 257).astype(np.uint8)
        opacity = None if opacity is None else (opacity // 257).astype(np.uint8)
    # A palette of greys is drawn to be looked at: its indices say nothing more.
    index = layer.index if values.ndim == 3 else None
    return replace(layer, values=values, opacity=opacity, index=index)
