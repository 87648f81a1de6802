"""HEIC, JPEG XL and camera raw files, by the packages of the extra ``formats``: imported when such a file comes."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images.formats import CAMERA_RAW, HEIF, JPEG_XL
from blemish.images.header import Header
from blemish.images.structure import boxes

# Width by height for the shapes that JPEG XL has a code for (ISO/IEC 18181-1, SizeHeader).
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE_BITS = (9, 13, 18, 30)
_EXIF_START, _EXIF_BYTES = b"Exif\0\0", 1 << 20


def open_heif(stream: BinaryIO, name: str) -> Header:
    """A HEIC or HEIF image; libheif turns it upright."""
    import pi_heif

    # 8 bit: what phones store in more is a brighter highlight, not a finer step.
    images = pi_heif.open_heif(stream, convert_hdr_to_8bit=True)
    image = images[images.primary_index]
    depth = int(image.info["bit_depth"])
    deep = image.mode.startswith("I")
    notes = () if depth <= 8 or deep else (f"{depth}-bit HEIC read at 8 bit",)
    return Header(
        name=name,
        kind=HEIF,
        stored_size_px=(image.size[1], image.size[0]),
        bits=16 if deep else 8,
        white=65535 if deep else 255,
        load=lambda: np.array(image),
        pages=len(images),
        notes=notes,
        exif_bytes=image.info.get("exif") or b"",
    )


def open_jpeg_xl(stream: BinaryIO, name: str) -> Header:
    """A JPEG XL image; libjxl turns it upright."""
    import imagecodecs

    data = stream.read()
    width_px, height_px = _jpeg_xl_size(_jpeg_xl_codestream(data))

    def load() -> NDArray[Any]:
        values = np.asarray(imagecodecs.jpegxl_decode(data, index=0))
        if values.dtype.kind == "f":
            raise ImageError(f'"{name}" is {JPEG_XL.name} of floating-point values; save it as TIFF.')
        return values

    # Of more than 8 bits, values come scaled to 16.
    return Header(name=name, kind=JPEG_XL, stored_size_px=(height_px, width_px), bits=16, white=65535, load=load)


def open_camera_raw(stream: BinaryIO, name: str) -> Header:
    """A camera raw file, developed by LibRaw with the camera's white balance; it turns it upright."""
    import rawpy

    stream.seek(0)
    # Most are TIFFs, whose tags lie near the beginning; EXIF data are such a file.
    head = stream.read(_EXIF_BYTES)
    stream.seek(0)
    try:
        raw = rawpy.imread(stream)
    except rawpy.LibRawError as error:
        raise ImageError(
            f'"{name}" is {CAMERA_RAW.name} of a kind that LibRaw does not read; export the image as TIFF or JPEG.'
        ) from error
    sizes = raw.sizes
    quarter_turned = sizes.flip in (5, 6)

    def load() -> NDArray[Any]:
        with raw:
            # A brightness chosen image by image would make the same wall differ between images.
            return np.asarray(raw.postprocess(use_camera_wb=True, no_auto_bright=True))

    return Header(
        name=name,
        kind=CAMERA_RAW,
        stored_size_px=(sizes.iwidth, sizes.iheight) if quarter_turned else (sizes.iheight, sizes.iwidth),
        bits=8,
        white=255,
        load=load,
        notes=("camera raw developed with the camera's white balance",),
        exif_bytes=_EXIF_START + head,
    )


def _jpeg_xl_codestream(data: bytes) -> bytes:
    """The beginning of the coded image, with or without the boxes of a file around it."""
    if not data.startswith(b"\0\0\0\x0cJXL "):
        return data[:32]
    for kind, start, _ in boxes(data):
        if kind in (b"jxlc", b"jxlp"):
            # Parts are numbered in four bytes.
            begin = start + (4 if kind == b"jxlp" else 0)
            return data[begin : begin + 32]
    raise struct.error("no codestream")


def _jpeg_xl_size(codestream: bytes) -> tuple[int, int]:
    """(width, height) as shown, from the codestream's first bits, least significant first."""
    bits = int.from_bytes(codestream[2:], "little")

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    def side(small: int) -> int:
        return 8 * (take(5) + 1) if small else take(_SIZE_BITS[take(2)]) + 1

    small = take(1)
    height = side(small)
    ratio = take(3)
    width = height * _RATIOS[ratio - 1][0] // _RATIOS[ratio - 1][1] if ratio else side(small)
    is_turned = not take(1) and take(1) and take(3) >= 4
    return (height, width) if is_turned else (width, height)
