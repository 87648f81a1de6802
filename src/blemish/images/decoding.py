"""From an opened file to the values that it stores, upright, with nothing scaled and nothing lost.

Pillow decodes 8-bit and deep grey files, OpenCV photographs in JPEG (the same pixels in half the time) and deep colour,
which Pillow would cut to 8 bit. Both are strict about truncated data for their share; see also `structure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from blemish.errors import ImageError
from blemish.images.header import Header, open_header, samples_are_unsigned
from blemish.images.orientation import turn_upright
from blemish.images.structure import jpeg_is_whole, png_is_whole

_PLANES_APART = 2
_WHITE_IS_ZERO = 0
_PREMULTIPLIED = 1


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
    """

    name: str
    values: NDArray[Any]
    bits: int
    white: int | None
    white_is_zero: bool
    notes: tuple[str, ...]


def decode(stream: BinaryIO, name: str, max_megapixels: float) -> Stored:
    """Decode the first picture of a file.

    Args:
        stream: the file or its bytes, at the start.
        name: what messages call the file.
        max_megapixels: pictures with more pixels are refused before any memory is reserved for them.

    Raises:
        ImageError: not a readable image, too large, or cut short.
    """
    header = open_header(stream, name)
    height_px, width_px = header.size_px
    if height_px * width_px > max_megapixels * 1e6:
        raise ImageError(
            f'"{name}" has {width_px} x {height_px} pixels, more than the limit of {max_megapixels:g} megapixels; '
            "raise max_megapixels if it can be trusted."
        )
    try:
        values, is_upright = _decode(header, stream)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f'"{name}" with {width_px} x {height_px} pixels does not fit into memory.') from error
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise ImageError(f'"{name}" is cut short or damaged: its pixels cannot be decoded.') from error
    if not is_upright:
        values = turn_upright(values, header.orientation)
    if values.shape[:2] != (height_px, width_px):
        raise ImageError(f'"{name}" is damaged: its header and its pixels disagree about the size.')
    deep = values.dtype != np.uint8
    tags = header.image.tag_v2 if isinstance(header.image, TiffImagePlugin.TiffImageFile) else {}
    return Stored(
        name=name,
        values=values,
        bits=header.bits if deep else 8,
        white=header.white if deep else 255,
        white_is_zero=deep and tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == _WHITE_IS_ZERO,
        notes=_notes(header, deep),
    )


def _decode(header: Header, stream: BinaryIO) -> tuple[NDArray[Any], bool]:
    """The stored values, and whether the decoder has already turned them upright."""
    image = header.image
    is_tiff = isinstance(image, TiffImagePlugin.TiffImageFile)
    if header.format in ("JPEG", "PNG"):
        data = _all_bytes(stream)
        if not (jpeg_is_whole(data) if header.format == "JPEG" else png_is_whole(data)):
            raise ImageError(f'"{header.name}" is cut short or damaged: the {header.format} does not reach its end.')
        if header.format == "JPEG" and image.mode in ("L", "RGB"):
            return _with_opencv(header, data), False
    deep = header.white != 255
    if deep and ((header.format in ("PNG", "PPM") and image.mode != "F") or image.mode in ("RGB", "RGBA")):
        # OpenCV turns TIFFs upright whatever its flags say.
        return _with_opencv(header, _all_bytes(stream)), is_tiff
    return _with_pillow(header), is_tiff


def _all_bytes(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def _with_pillow(header: Header) -> NDArray[Any]:
    image: Image.Image = header.image
    image.load()
    if image.mode.startswith("I;16"):
        return np.array(image).astype(np.uint16)
    if image.mode in ("I", "F"):
        values = np.array(image)
        # Pillow keeps unsigned 32-bit samples in a signed type.
        return values.view(np.uint32) if image.mode == "I" and samples_are_unsigned(header.image) else values
    if image.has_transparency_data:
        return np.array(image.convert("RGBA"))
    pixels = np.array(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    # Signed bytes come from Pillow as if they were unsigned.
    return pixels.view(np.int8) if header.white is None else pixels


def _with_opencv(header: Header, data: bytes) -> NDArray[Any]:
    flags = cv2.IMREAD_UNCHANGED
    if header.format == "JPEG":
        flags = cv2.IMREAD_GRAYSCALE if header.image.mode == "L" else cv2.IMREAD_COLOR
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    tags = header.image.tag_v2 if isinstance(header.image, TiffImagePlugin.TiffImageFile) else {}
    if tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == _PLANES_APART:
        raise ImageError(
            f'"{header.name}" is a {header.bits}-bit TIFF with its colours in separate planes; save it interleaved.'
        )
    values = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if values is None:
        raise ImageError(f'"{header.name}" is cut short or damaged: its pixels cannot be decoded.')
    if values.ndim == 2:
        return values
    if values.shape[2] == 4 and header.image.mode == "RGB" and header.format == "TIFF":
        values = np.ascontiguousarray(values[..., :3])  # a fourth channel that is not opacity
    if values.shape[2] == 3:
        return cv2.cvtColor(values, cv2.COLOR_BGR2RGB)
    values = cv2.cvtColor(values, cv2.COLOR_BGRA2RGBA)
    if _PREMULTIPLIED in tags.get(TiffImagePlugin.EXTRASAMPLES, ()):
        opacity = np.maximum(values[..., 3:], 1) / np.float32(65535)
        values[..., :3] = np.minimum(values[..., :3] / opacity, 65535).round()
    return values


def _notes(header: Header, deep: bool) -> tuple[str, ...]:
    notes = []
    if header.pages > 1:
        notes.append(f"first of {header.pages} pages")
    if header.exif_is_damaged:
        notes.append("EXIF data damaged: taken to be upright")
    if header.image.mode == "CMYK":
        notes.append("CMYK turned into RGB without its colour profile")
        if header.bits > 8:
            notes.append(f"{header.bits}-bit CMYK read at 8 bit")
    return tuple(notes)
