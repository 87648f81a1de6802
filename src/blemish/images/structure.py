"""Whether a file is all there, told from its markers, chunks and tables without decoding a pixel.

Decoders go on where data stop: libjpeg paints the rest grey, and zeros after an interrupted copy decode to a picture.
JPEG and PNG say themselves where they end, so what lies behind the end (padding, a phone's extra pictures) is
harmless. A TIFF whose table is cut would be read without the tags that are missing.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

_PNG_SIGNATURE_LENGTH = 8
_JPEG_END = 0xD9
_JPEG_WITHOUT_LENGTH = (0x01, 0xD8)
# FF00 is a coded FF, FFD0 to FFD7 are restart marks inside the coded data, FF may be repeated as filler.
_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


def jpeg_is_whole(data: bytes) -> bool:
    """True when the first picture in a JPEG file reaches its end-of-image marker (ITU-T T.81, annex B)."""
    position = 2
    while found := _JPEG_MARKER.search(data, position):
        marker, position = found[1][0], found.end()
        if marker == _JPEG_END:
            return True
        if marker not in _JPEG_WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return False


def png_is_whole(data: bytes) -> bool:
    """True when a PNG file reaches its IEND chunk and every chunk that the picture needs has the right checksum."""
    view = memoryview(data)
    for kind, start, length in png_chunks(BytesIO(data)):
        checksum = view[start + length : start + length + 4]
        if len(checksum) < 4:
            return False
        # Upper case marks a chunk that cannot be skipped (PNG 3rd edition, 5.4); the checksum covers the name too.
        if kind[:1].isupper() and zlib.crc32(view[start - 4 : start + length]) != int.from_bytes(checksum, "big"):
            return False
        if kind == b"IEND":
            return True
    return False


def tiff_table_is_whole(stream: BinaryIO) -> bool:
    """True when the first directory of a TIFF or BigTIFF file lies inside the file (TIFF 6.0, section 2)."""
    stream.seek(0)
    head = stream.read(16)
    order = "<" if head.startswith(b"II") else ">"
    if 43 in head[2:4]:  # BigTIFF
        start, count_format, entry_length = struct.unpack(order + "Q", head[8:16])[0], "Q", 20
    else:
        start, count_format, entry_length = struct.unpack(order + "I", head[4:8])[0], "H", 12
    stream.seek(start)
    count_length = struct.calcsize(count_format)
    (count,) = struct.unpack(order + count_format, stream.read(count_length))
    return bool(start + count_length + count * entry_length <= stream.seek(0, os.SEEK_END))


def png_chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset of the content and length of each chunk of a PNG file, up to IEND or to where the file stops."""
    position = _PNG_SIGNATURE_LENGTH
    while True:
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield kind, position + 8, length
        if kind == b"IEND":
            return
        position += 12 + length
