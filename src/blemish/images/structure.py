"""What markers, chunks, boxes and tables tell of a file without decoding a pixel: above all whether it is all there.

Decoders go on where data stop: libjpeg paints the rest grey, and zeros after an interrupted copy decode to a picture.
JPEG and PNG say themselves where they end, so what lies behind the end (padding, a phone's extra pictures) is
harmless.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

_PNG_SIGNATURE_LENGTH = 8
_JPEG_2000_START, _JPEG_2000_END = b"\xff\x4f", b"\xff\xd9"
_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA
_JPEG_FRAMES = {
    0xC0: "", 0xC1: "", 0xC2: "", 0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical",
    0xC9: "arithmetic", 0xCA: "arithmetic", 0xCB: "lossless", 0xCD: "hierarchical", 0xCE: "hierarchical",
    0xCF: "hierarchical",
}  # fmt: skip
_GIF_FRAME, _GIF_END = b",", b";"
_JPEG_WITHOUT_LENGTH = (0x01, 0xD8)
# FF00 is a coded FF, FFD0 to FFD7 are restart marks inside the coded data, FF may be repeated as filler.
_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """What the markers of a JPEG tell (ITU-T T.81, annex B).

    Attributes:
        is_whole: the first picture reaches its end-of-image marker.
        scans: how often it goes over its canvas.
        bits: of a sample; 0 where no frame begins.
        coding: what is unusual about how it is coded, or empty.
    """

    is_whole: bool
    scans: int
    bits: int
    coding: str


def jpeg_facts(data: bytes) -> JpegFacts:
    """Look a JPEG file's first picture through, marker by marker."""
    position, scans, bits, coding = 2, 0, 0, ""
    while found := _JPEG_MARKER.search(data, position):
        marker, position = found[1][0], found.end()
        if marker == _JPEG_END:
            return JpegFacts(True, scans, bits, coding)
        scans += marker == _JPEG_SCAN
        if marker in _JPEG_FRAMES and not bits:
            bits, coding = data[position + 2] if position + 2 < len(data) else 0, _JPEG_FRAMES[marker]
        if marker not in _JPEG_WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return JpegFacts(False, scans, bits, coding)


def gif_frames(stream: BinaryIO, most: int) -> int:
    """Number of frames in a GIF file, as far as it is whole and at most one more than ``most``."""
    stream.seek(10)
    flags = stream.read(3)[:1]
    if flags and flags[0] & 0x80:
        stream.seek(3 << (flags[0] & 7) + 1, os.SEEK_CUR)
    frames = 0
    while frames <= most and (kind := stream.read(1)) not in (b"", _GIF_END):
        if kind == _GIF_FRAME:
            frames += 1
            local = stream.read(9)[8:]
            if local and local[0] & 0x80:
                stream.seek(3 << (local[0] & 7) + 1, os.SEEK_CUR)
        stream.seek(1, os.SEEK_CUR)  # the least code size of a frame, the label of an extension
        while (length := stream.read(1)) not in (b"", b"\0"):
            stream.seek(length[0], os.SEEK_CUR)
    return max(frames, 1)


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


def jpeg_2000_is_whole(data: bytes) -> bool:
    """True when the codestream of a JPEG 2000 file reaches its end-of-codestream marker (ISO/IEC 15444-1, annex A)."""
    if data.startswith(_JPEG_2000_START):
        return data.endswith(_JPEG_2000_END)
    codestreams = (data[start : start + length] for kind, start, length in boxes(data) if kind == b"jp2c")
    return next((code.endswith(_JPEG_2000_END) for code in codestreams), False)


def jpeg_2000_depth(stream: BinaryIO) -> tuple[int, bool]:
    """Bits of a JPEG 2000 sample, the largest of all components, and whether any is signed."""
    stream.seek(0)
    head = stream.read(1 << 16)
    size = head.index(_JPEG_2000_START + b"\xff\x51") + 4
    components = int.from_bytes(head[size + 36 : size + 38], "big")
    depths = head[size + 38 : size + 38 + 3 * components : 3]
    return max(depth & 0x7F for depth in depths) + 1, any(depth & 0x80 for depth in depths)


def avif_bits(stream: BinaryIO) -> int:
    """Bits of a sample of the first picture in an AVIF file: 8, 10 or 12 (AV1 in ISO base media files, 2.3.3)."""
    stream.seek(0)
    head = stream.read(1 << 16)
    position = head.find(b"av1C")
    flags = head[position + 6] if 0 <= position < len(head) - 6 else 0
    return 12 if flags & 0x20 else 10 if flags & 0x40 else 8


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset of the content and length of each outer box of an ISO base media file, as far as it is whole."""
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        end = len(data) if length == 0 else position + length
        if end < start or end > len(data):
            return
        yield kind, start, end - start
        position = end


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
