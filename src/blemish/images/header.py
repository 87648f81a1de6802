"""What a file says about itself before a pixel is decoded: format, size, orientation, depth, number of pages.

Formats are told by their first bytes, never by the file's name, and only those listed here are opened. Pillow reads
the headers; its global pixel limit is replaced by the caller's own without touching what other users of Pillow see.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from blemish.errors import ImageError
from blemish.images.orientation import QUARTER_TURNS, UPRIGHT
from blemish.images.structure import png_chunks, tiff_table_is_whole

FORMATS = "JPEG, PNG, TIFF, BMP, WebP, GIF or PPM"

_PREFIX_LENGTH = 16
_PIXEL_LIMIT_LOCK = threading.Lock()
_NEW_SUBFILE_TYPE = 254
_REDUCED_RESOLUTION = 1
_DNG_VERSION = 50706


class _Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF whose size was already judged by the caller's limit, so that Pillow's own need not stop a line scan."""

    def load_prepare(self) -> None:
        with _without_pillows_limit(self.width * self.height):
            super().load_prepare()


# How each format begins, and what reads it. Not `Image.open`, which refuses what exceeds a limit global to Pillow: here
# the limit is the caller's, kept before anything is decoded. Nor the factory that looks for further pictures in a JPEG.
_READERS: dict[str, tuple[re.Pattern[bytes], type[ImageFile.ImageFile]]] = {
    "JPEG": (re.compile(rb"\xff\xd8\xff"), JpegImagePlugin.JpegImageFile),
    "PNG": (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile),
    "TIFF": (re.compile(rb"II[*+]\0|MM\0[*+]"), _Tiff),
    "BMP": (re.compile(rb"BM"), BmpImagePlugin.BmpImageFile),
    "WebP": (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), WebPImagePlugin.WebPImageFile),
    "GIF": (re.compile(rb"GIF8[79]a"), GifImagePlugin.GifImageFile),
    "PPM": (re.compile(rb"P[1-6f][\s#]"), PpmImagePlugin.PpmImageFile),
}


@dataclass(frozen=True, slots=True)
class Header:
    """A file that was opened but not decoded.

    Attributes:
        name: what messages call the file.
        format: one of ``FORMATS``.
        image: Pillow's view of it, pixels not yet loaded.
        orientation: EXIF orientation, 1 to 8.
        exif_is_damaged: the orientation could not be read and is taken to be 1.
        pages: number of pictures in the file.
        bits: bits of one sample.
        white: the value that the file itself states to be full scale (255, 4095, 65535, …); None for signed,
            floating-point and 32-bit samples, where it states none.
    """

    name: str
    format: str
    image: ImageFile.ImageFile
    orientation: int
    exif_is_damaged: bool
    pages: int
    bits: int
    white: int | None

    @property
    def stored_size_px(self) -> tuple[int, int]:
        """(height, width) as stored, before the orientation."""
        if isinstance(self.image, TiffImagePlugin.TiffImageFile):
            # Pillow turns a TIFF's size in some releases and not in others.
            tags = self.image.tag_v2
            return int(tags[TiffImagePlugin.IMAGELENGTH]), int(tags[TiffImagePlugin.IMAGEWIDTH])
        return self.image.height, self.image.width

    @property
    def size_px(self) -> tuple[int, int]:
        """(height, width) as seen, after the orientation."""
        height_px, width_px = self.stored_size_px
        return (width_px, height_px) if self.orientation in QUARTER_TURNS else (height_px, width_px)


def image_size_px(path: Path | str) -> tuple[int, int]:
    """Height and width of an image as it is seen, after its EXIF orientation, from the header alone.

    Raises:
        ImageError: the file is missing, unreadable, empty or not an image.
    """
    with open_image(Path(path)) as stream:
        return open_header(stream, str(path)).size_px


@contextmanager
def open_image(path: Path) -> Iterator[BinaryIO]:
    """The file opened for reading, or an ImageError that says why it cannot be."""
    try:
        if not path.is_file():
            what = "is a folder, not an image" if path.is_dir() else "is not a regular file" if path.exists() else None
            raise ImageError(f'"{path}" {what}.' if what else f'There is no file "{path}".')
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ImageError(f'Cannot open "{path}": {reason}.') from error
    with stream:
        try:
            yield stream
        except OSError as error:
            raise ImageError(f'Cannot read "{path}": {error.strerror or error}.') from error


def open_header(stream: BinaryIO, name: str) -> Header:
    """Read the header of an image.

    Args:
        stream: the file, or its bytes; stays open, since pixels are loaded from it later.
        name: what messages call the file.

    Raises:
        ImageError: empty, not an image of ``FORMATS``, a damaged header, or a camera raw file.
    """
    prefix = stream.read(_PREFIX_LENGTH)
    if not prefix:
        raise ImageError(f'"{name}" is empty.')
    kind = next((kind for kind, (signature, _) in _READERS.items() if signature.match(prefix)), None)
    if kind is None:
        if prefix[4:8] == b"ftyp":
            raise ImageError(f'"{name}" is a HEIC, AVIF or video file, which is not read; convert it to JPEG or PNG.')
        raise ImageError(f'"{name}" is not an image, or of a kind that is not read; give {FORMATS}.')
    stream.seek(0)
    try:
        # The name is kept from Pillow: with one it would map TIFFs into memory and turn them wrongly.
        image = _READERS[kind][1](stream, "")
    except Image.DecompressionBombError as error:
        raise ImageError(f'"{name}" is too large: {error}') from error
    except Exception as error:  # a damaged header can end in nearly any error of the parser
        if kind == "TIFF":
            raise ImageError(
                f'"{name}" has a damaged TIFF header or pixels of an unusual kind; save it as 8- or 16-bit grey or RGB.'
            ) from error
        raise ImageError(f'"{name}" is cut short or damaged: its {kind} header cannot be read.') from error
    try:
        return _describe(image, kind, name, stream)
    except ImageError:
        raise
    except Exception as error:  # as above: tags and frame tables are parsed here
        raise ImageError(f'"{name}" is cut short or damaged: its {kind} header cannot be read.') from error


def samples_are_unsigned(image: ImageFile.ImageFile) -> bool:
    """False for signed and floating-point samples, which only TIFF marks as such."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    return set(tags.get(TiffImagePlugin.SAMPLEFORMAT, (1,))) == {1}


def _describe(image: ImageFile.ImageFile, kind: str, name: str, stream: BinaryIO) -> Header:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        if not tiff_table_is_whole(stream):
            raise ImageError(f'"{name}" is cut short or damaged: its TIFF header cannot be read.')
        _refuse_camera_raw(image, name)
    try:
        orientation, exif_is_damaged = _orientation(image, stream), False
    except Exception:  # a damaged EXIF block does not make the pixels unreadable
        orientation, exif_is_damaged = UPRIGHT, True
    bits, white = _depth(image, stream)
    pages = int(getattr(image, "n_frames", 1))
    return Header(name, kind, image, orientation, exif_is_damaged, pages, bits, white)


def _refuse_camera_raw(image: TiffImagePlugin.TiffImageFile, name: str) -> None:
    if _DNG_VERSION in image.tag_v2 or int(image.tag_v2.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED_RESOLUTION:
        raise ImageError(
            f'"{name}" begins with a small preview, as camera raw files do; export the image as TIFF or JPEG first.'
        )


def _orientation(image: ImageFile.ImageFile, stream: BinaryIO) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        value = image.tag_v2.get(ExifTags.Base.Orientation, 1)
    else:
        if isinstance(image, PngImagePlugin.PngImageFile) and "exif" not in image.info:
            # EXIF may stand behind the pixels, where Pillow would have to decode them first.
            for kind, start, length in png_chunks(stream):
                if kind == b"eXIf":
                    stream.seek(start)
                    image.info["exif"] = stream.read(length)
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    return value if value in range(1, 9) else UPRIGHT


def _depth(image: ImageFile.ImageFile, stream: BinaryIO) -> tuple[int, int | None]:
    """Bits of a sample and the stated full-scale value."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
        if bits > 16 or not samples_are_unsigned(image):
            return bits, None
        return bits, 2**bits - 1 if bits > 8 else 255
    if isinstance(image, PngImagePlugin.PngImageFile):
        stream.seek(24)  # the bit depth in IHDR, always the first chunk
        return (16, 65535) if stream.read(1) == b"\x10" else (8, 255)
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
