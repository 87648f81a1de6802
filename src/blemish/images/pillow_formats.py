"""The formats that Pillow opens: its view of the header, and the pixels by whichever decoder keeps their depth.

Pillow decodes 8-bit and deep grey files, OpenCV photographs in JPEG (the same pixels in half the time) and deep colour,
which Pillow would cut to 8 bit. Both are strict about truncated data for their share; see also `structure`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from blemish.errors import ImageError
from blemish.images import formats
from blemish.images.formats import Kind
from blemish.images.header import Header
from blemish.images.orientation import UPRIGHT
from blemish.images.structure import (
    avif_bits,
    jpeg_2000_depth,
    jpeg_2000_is_whole,
    jpeg_is_whole,
    png_chunks,
    png_is_whole,
    tiff_table_is_whole,
)

_PIXEL_LIMIT_LOCK = threading.Lock()
_NEW_SUBFILE_TYPE = 254
_REDUCED_RESOLUTION = 1
_DNG_VERSION = 50706
_PLANES_APART = 2
_WHITE_IS_ZERO = 0
_PREMULTIPLIED = 1


class _Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF whose size was already judged by the caller's limit, so that Pillow's own need not stop a line scan."""

    def load_prepare(self) -> None:
        with _without_pillows_limit(self.width * self.height):
            super().load_prepare()


# Not `Image.open`, which refuses what exceeds a limit global to Pillow: here the limit is the caller's, kept before
# anything is decoded. Nor the factory that looks for further pictures in a JPEG.
_CLASSES: dict[Kind, type[ImageFile.ImageFile]] = {
    formats.JPEG: JpegImagePlugin.JpegImageFile,
    formats.PNG: PngImagePlugin.PngImageFile,
    formats.TIFF: _Tiff,
    formats.BMP: BmpImagePlugin.BmpImageFile,
    formats.WEBP: WebPImagePlugin.WebPImageFile,
    formats.GIF: GifImagePlugin.GifImageFile,
    formats.PPM: PpmImagePlugin.PpmImageFile,
    formats.JPEG_2000: Jpeg2KImagePlugin.Jpeg2KImageFile,
    formats.AVIF: AvifImagePlugin.AvifImageFile,
}
_IS_WHOLE = {
    formats.JPEG: jpeg_is_whole,
    formats.PNG: png_is_whole,
    formats.JPEG_2000: jpeg_2000_is_whole,
}


def open_with_pillow(stream: BinaryIO, kind: Kind, name: str) -> Header:
    """Read the header of an image that Pillow knows.

    Args:
        stream: the file, or its bytes, at the start; stays open, since pixels are loaded from it later.
        kind: its format.
        name: what messages call the file.

    Raises:
        ImageError: a camera raw file, or pixels of a kind that is not read.
        Exception: nearly any, where the header is damaged.
    """
    # The name is kept from Pillow: with one it would map TIFFs into memory and turn them wrongly.
    image = _CLASSES[kind](stream, "")
    tags = _tiff_tags(image)
    if kind is formats.TIFF:
        if not tiff_table_is_whole(stream):
            raise ImageError(f'"{name}" is cut short or damaged: its TIFF header cannot be read.')
        _refuse_camera_raw(tags, name)
    notes = []
    pages = int(getattr(image, "n_frames", 1))
    try:
        orientation = _orientation(image, stream)
    except Exception:  # a damaged EXIF block does not make the pixels unreadable
        orientation = UPRIGHT
        notes.append("EXIF data damaged: taken to be upright")
    bits, white = _depth(image, kind, stream, name)
    deep = white != 255
    if image.mode == "CMYK":
        notes.append("CMYK turned into RGB without its colour profile")
        if bits > 8:
            notes.append(f"{bits}-bit CMYK read at 8 bit")
            bits, white = 8, 255
    if kind is formats.AVIF and (stored := avif_bits(stream)) > 8:
        notes.append(f"{stored}-bit AVIF read at 8 bit")
    # OpenCV too turns TIFFs upright, whatever its flags say. The lengths, since Pillow turns a TIFF's size in some
    # releases and not in others.
    height_px = int(tags.get(TiffImagePlugin.IMAGELENGTH, image.height))
    width_px = int(tags.get(TiffImagePlugin.IMAGEWIDTH, image.width))
    return Header(
        name=name,
        kind=kind,
        stored_size_px=(height_px, width_px),
        bits=bits,
        white=white,
        load=partial(_load, image, kind, deep, bits, stream, name),
        is_turned=kind is formats.TIFF,
        orientation=orientation,
        pages=pages,
        white_is_zero=deep and tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == _WHITE_IS_ZERO,
        notes=tuple(notes),
        image=image,
    )


def _load(image: ImageFile.ImageFile, kind: Kind, deep: bool, bits: int, stream: BinaryIO, name: str) -> NDArray[Any]:
    if kind in _IS_WHOLE:
        data = _all_bytes(stream)
        if not _IS_WHOLE[kind](data):
            raise ImageError(f'"{name}" is cut short or damaged: the {kind.short_name} does not reach its end.')
        if kind is formats.JPEG and image.mode in ("L", "RGB"):
            flags = cv2.IMREAD_GRAYSCALE if image.mode == "L" else cv2.IMREAD_COLOR
            return _with_opencv(data, flags | cv2.IMREAD_IGNORE_ORIENTATION, name)
    pillow_keeps_depth = kind not in (formats.PNG, formats.PPM, formats.JPEG_2000) and image.mode not in ("RGB", "RGBA")
    if not deep or pillow_keeps_depth or image.mode == "F":
        return _with_pillow(image, signed=deep)
    tags = _tiff_tags(image)
    if tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == _PLANES_APART:
        raise ImageError(f'"{name}" is a {bits}-bit TIFF with its colours in separate planes; save it interleaved.')
    values = _with_opencv(_all_bytes(stream), cv2.IMREAD_UNCHANGED, name)
    if values.ndim < 3 or values.shape[2] < 4:
        return values
    if image.mode == "RGB" and kind is formats.TIFF:
        return np.ascontiguousarray(values[..., :3])  # a fourth channel that is not opacity
    if _PREMULTIPLIED in tags.get(TiffImagePlugin.EXTRASAMPLES, ()):
        opacity = np.maximum(values[..., 3:], 1) / np.float32(65535)
        values[..., :3] = np.minimum(values[..., :3] / opacity, 65535).round()
    return values


def _all_bytes(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def _with_pillow(image: ImageFile.ImageFile, *, signed: bool) -> NDArray[Any]:
    image.load()
    if image.mode.startswith("I;16"):
        return np.array(image).astype(np.uint16)
    if image.mode in ("I", "F"):
        values = np.array(image)
        # Pillow keeps unsigned 32-bit samples in a signed type.
        return values.view(np.uint32) if image.mode == "I" and _samples_are_unsigned(image) else values
    if image.has_transparency_data:
        return np.array(image.convert("RGBA"))
    pixels = np.array(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    # Signed bytes come from Pillow as if they were unsigned.
    return pixels.view(np.int8) if signed else pixels


def _with_opencv(data: bytes, flags: int, name: str) -> NDArray[Any]:
    values = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if values is None:
        raise ImageError(f'"{name}" is cut short or damaged: its pixels cannot be decoded.')
    if values.ndim == 2:
        return values
    return cv2.cvtColor(values, cv2.COLOR_BGR2RGB if values.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def _tiff_tags(image: ImageFile.ImageFile) -> Any:
    return image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}


def _samples_are_unsigned(image: ImageFile.ImageFile) -> bool:
    """False for signed and floating-point samples, which only TIFF marks as such."""
    return set(_tiff_tags(image).get(TiffImagePlugin.SAMPLEFORMAT, (1,))) == {1}


def _refuse_camera_raw(tags: Any, name: str) -> None:
    if _DNG_VERSION in tags or int(tags.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED_RESOLUTION:
        raise ImageError(
            f'"{name}" begins with a small preview, as camera raw files do; export the image as TIFF or JPEG first.'
        )


def _orientation(image: ImageFile.ImageFile, stream: BinaryIO) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        value = image.tag_v2.get(ExifTags.Base.Orientation, UPRIGHT)
    else:
        if isinstance(image, PngImagePlugin.PngImageFile) and "exif" not in image.info:
            # EXIF may stand behind the pixels, where Pillow would have to decode them first.
            for kind, start, length in png_chunks(stream):
                if kind == b"eXIf":
                    stream.seek(start)
                    image.info["exif"] = stream.read(length)
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, UPRIGHT)
    return value if value in range(1, 9) else UPRIGHT


def _depth(image: ImageFile.ImageFile, kind: Kind, stream: BinaryIO, name: str) -> tuple[int, int | None]:
    """Bits of a sample and the stated full-scale value."""
    if kind is formats.TIFF:
        bits = max(_tiff_tags(image).get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
        if bits > 16 or not _samples_are_unsigned(image):
            return bits, None
        return bits, 2**bits - 1 if bits > 8 else 255
    if kind is formats.PNG:
        stream.seek(24)  # the bit depth in IHDR, always the first chunk
        return (16, 65535) if stream.read(1) == b"\x10" else (8, 255)
    if kind is formats.JPEG_2000:
        bits, signed = jpeg_2000_depth(stream)
        if signed or bits > 16:
            raise ImageError(
                f'"{name}" is a JPEG 2000 image of {bits}-bit {"signed " * signed}values; save it as TIFF.'
            )
        return max(bits, 8), 2**bits - 1 if bits > 8 else 255
    if isinstance(image, PpmImagePlugin.PpmImageFile):
        if image.mode == "F":
            return 32, None
        # Pillow's decoder is told the header's maximum, except for the two depths that it copies as they are.
        arguments = image.tile[0][3]
        white = arguments[-1] if isinstance(arguments, tuple) else 65535 if arguments == "I;16B" else 255
        return max(white.bit_length(), 8), max(white, 255)
    return 8, 255


@contextmanager
def _without_pillows_limit(pixels: int) -> Iterator[None]:
    """Lift Pillow's global limit, only where this picture exceeds it and only while its memory is reserved."""
    with _PIXEL_LIMIT_LOCK:
        limit = Image.MAX_IMAGE_PIXELS
        if limit is not None and pixels > limit:
            Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit
