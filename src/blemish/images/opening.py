"""From a file to its header, whatever the format: told by its content, read by the library that knows it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from PIL import Image

from blemish.errors import ImageError
from blemish.images import formats
from blemish.images.formats import PREFIX_LENGTH, READ_KINDS, Kind, identify
from blemish.images.header import Header, open_image
from blemish.images.optional_formats import open_camera_raw, open_heif, open_jpeg_xl
from blemish.images.pillow_formats import open_with_pillow
from blemish.images.ppm import open_ppm
from blemish.images.tiff import open_tiff

_OPENERS = {
    formats.HEIF: open_heif,
    formats.JPEG_XL: open_jpeg_xl,
    formats.CAMERA_RAW: open_camera_raw,
    formats.PPM: open_ppm,
}


def image_size_px(path: Path | str) -> tuple[int, int]:
    """Height and width of an image as it is seen, after its EXIF orientation, from the header alone.

    Raises:
        ImageError: the file is missing, unreadable, empty or not an image.
    """
    with open_image(Path(path)) as stream:
        return open_header(stream, str(path)).size_px


def open_header(stream: BinaryIO, name: str) -> Header:
    """Read the header of an image.

    Args:
        stream: the file, or its bytes, at the start; stays open, since pixels are loaded from it later.
        name: what messages call the file.

    Raises:
        ImageError: empty, not an image of a kind that is read, or a damaged header.
    """
    prefix = stream.read(PREFIX_LENGTH)
    if not prefix:
        raise ImageError(f'"{name}" is empty.')
    kind = identify(prefix, name)
    if kind is None or (kind.is_read and not _begins_as(kind, prefix)):
        known = ", ".join(kind.short_name for kind in READ_KINDS if kind.is_read)
        raise ImageError(f'"{name}" is not an image, or of a kind that is not read; these are: {known}.')
    if not kind.is_read:
        raise ImageError(f'"{name}" is {kind.refusal}.')
    stream.seek(0)
    try:
        if kind is formats.TIFF:
            header = open_tiff(stream, name)
            if header is not None:
                return header
            kind = formats.CAMERA_RAW
            if not kind.is_read:
                raise ImageError(f'"{name}" is {kind.refusal}.')
        return _OPENERS[kind](stream, name) if kind in _OPENERS else open_with_pillow(stream, kind, name)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f'"{name}" is too large: {error}') from error
    except Exception as error:  # a damaged header can end in nearly any error of the parser
        raise ImageError(
            f'"{name}" is cut short or damaged: it begins as {kind.name}, but its header cannot be read.'
        ) from error


def _begins_as(kind: Kind, prefix: bytes) -> bool:
    """False where only the name speaks for that kind."""
    return kind is formats.CAMERA_RAW or (kind.signature is not None and kind.signature.match(prefix) is not None)
