"""Which images are refused before a pixel is decoded: too large, or much larger than their file makes likely.

A few kilobytes can claim a canvas that fills the memory, and a JPEG can go over its canvas thousands of times. What is
left takes a few seconds and less than a gigabyte where the file is small.
"""

from __future__ import annotations

import math

from blemish.errors import ImageError
from blemish.images import formats
from blemish.images.header import Header

MAX_MEGAPIXELS = 500.0
"""The limit where none is given, for 8-bit colour; pixels of more bytes count for more."""

_USUAL_BYTES_PER_PX = 3
# Images of any file size may have so many pixels of 8-bit colour.
_FREE_PX = 25e6
# Photographs have fewer than this in a byte of their file, even compressed hard; canvases of one colour have more.
_MAX_PX_PER_BYTE = 50
_MAX_PX_PER_BYTE_OF = {formats.WEBP: 200, formats.AVIF: 200, formats.HEIF: 200, formats.JPEG_XL: 200}
# Progressive JPEG has about ten scans; each goes over the whole canvas.
_MAX_SCANS = 30
_MAX_SCANNED_PX = 1e9


def check_size(header: Header, file_bytes: int, max_megapixels: float | None) -> None:
    """Refuse an image that is too large.

    Args:
        header: of the image.
        file_bytes: size of its file.
        max_megapixels: the largest that is read; None takes `MAX_MEGAPIXELS`, and refuses also what is much larger
            than its file makes likely.

    Raises:
        ImageError: it is too large.
    """
    height_px, width_px = header.size_px
    pixels = height_px * width_px
    counted = pixels * max(1.0, header.bytes_per_px / _USUAL_BYTES_PER_PX)
    needed = f"give --max-megapixels {math.ceil(counted / 1e6)} if it can be trusted."
    size = f'"{header.name}" has {width_px} x {height_px} pixels'
    limit = MAX_MEGAPIXELS if max_megapixels is None else max_megapixels
    if counted > limit * 1e6:
        deep = f" of {header.bytes_per_px} bytes each" if counted > pixels else ""
        raise ImageError(f"{size}{deep}, more than the limit of {limit:g} megapixels; {needed}")
    if max_megapixels is None and counted > max(
        _FREE_PX, file_bytes * _MAX_PX_PER_BYTE_OF.get(header.kind, _MAX_PX_PER_BYTE)
    ):
        raise ImageError(f"{size} in {_told(file_bytes)}, as files do that are made to fill the memory; {needed}")


def check_scans(name: str, scans: int, pixels: int) -> None:
    """Refuse a JPEG that goes over its canvas so often that decoding it takes minutes.

    Raises:
        ImageError: it does.
    """
    if scans > _MAX_SCANS and scans * pixels > _MAX_SCANNED_PX:
        raise ImageError(
            f'"{name}" is a JPEG of {scans} scans, as files are that are made to take minutes; save it anew.'
        )


def _told(file_bytes: int) -> str:
    return f"{file_bytes / 1e6:.1f} MB" if file_bytes >= 1e5 else f"{file_bytes / 1e3:.1f} kB"
