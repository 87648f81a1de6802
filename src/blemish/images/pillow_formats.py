"""The formats that Pillow opens: its view of the header, and the pixels by whichever decoder keeps their depth.

Pillow decodes 8-bit files, OpenCV photographs in JPEG (the same pixels in half the time) and what is deeper than 8 bit,
which Pillow would cut. Both are strict about truncated data for their share; see also `structure`.
"""

from __future__ import annotations

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
    WebPImagePlugin,
)

from blemish.errors import ImageError
from blemish.images import formats
from blemish.images.formats import Kind
from blemish.images.header import MAX_PAGES, Header
from blemish.images.limits import check_scans
from blemish.images.orientation import UPRIGHT
from blemish.images.structure import (
    avif_bits,
    gif_frames,
    jpeg_2000_depth,
    jpeg_2000_is_whole,
    jpeg_facts,
    png_chunks,
    png_is_whole,
)

# Not `Image.open`, which refuses what exceeds a limit global to Pillow: here the limit is the caller's, kept before
# anything is decoded. Nor the factory that looks for further pictures in a JPEG.
_CLASSES: dict[Kind, type[ImageFile.ImageFile]] = {
    formats.JPEG: JpegImagePlugin.JpegImageFile,
    formats.PNG: PngImagePlugin.PngImageFile,
    formats.BMP: BmpImagePlugin.BmpImageFile,
    formats.WEBP: WebPImagePlugin.WebPImageFile,
    formats.GIF: GifImagePlugin.GifImageFile,
    formats.JPEG_2000: Jpeg2KImagePlugin.Jpeg2KImageFile,
    formats.AVIF: AvifImagePlugin.AvifImageFile,
}
_CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1}
_IS_WHOLE = {
    formats.JPEG: lambda data: jpeg_facts(data).is_whole,
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
        ImageError: pixels of a kind that is not read.
        Exception: nearly any, where the header is damaged.
    """
    try:
        image = _CLASSES[kind](stream, "")
    except Exception:
        if kind is formats.JPEG:
            _refuse_unusual_jpeg(_all_bytes(stream), name)
        raise
    notes = []
    pages = gif_frames(stream, MAX_PAGES) if kind is formats.GIF else int(getattr(image, "n_frames", 1))
    try:
        orientation = _orientation(image, stream)
    except Exception:  # a damaged EXIF block does not make the pixels unreadable
        orientation = UPRIGHT
        notes.append("EXIF data damaged: taken to be upright")
    bits, white = _depth(image, kind, stream, name)
    if image.mode == "CMYK":
        notes.append("CMYK turned into RGB without its colour profile")
    if kind is formats.AVIF and (stored := avif_bits(stream)) > 8:
        notes.append(f"{stored}-bit AVIF read at 8 bit")
    return Header(
        name=name,
        kind=kind,
        stored_size_px=(image.height, image.width),
        bits=bits,
        white=white,
        load=partial(_load, image, kind, white != 255, stream, name),
        bytes_per_px=(4 if image.has_transparency_data else _CHANNELS.get(image.mode, 3)) * (1 if white == 255 else 2),
        orientation=orientation,
        pages=pages,
        notes=tuple(notes),
        image=image,
    )


def _load(image: ImageFile.ImageFile, kind: Kind, deep: bool, stream: BinaryIO, name: str) -> NDArray[Any]:
    data = _all_bytes(stream) if kind in _IS_WHOLE or deep else b""
    if kind in _IS_WHOLE and not _IS_WHOLE[kind](data):
        raise ImageError(f'"{name}" is cut short or damaged: the {kind.short_name} does not reach its end.')
    if kind is formats.JPEG:
        check_scans(name, jpeg_facts(data).scans, image.width * image.height)
        if image.mode in ("L", "RGB"):
            flags = cv2.IMREAD_GRAYSCALE if image.mode == "L" else cv2.IMREAD_COLOR
            values = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
            if values is None:
                _refuse_unusual_jpeg(data, name)
            return _as_rgb(values, name)
    if deep:
        return _as_rgb(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), name)
    return pixels_of(image)


def pixels_of(image: ImageFile.ImageFile) -> NDArray[np.uint8]:
    """What Pillow decodes: (H, W) grey, (H, W, 3) RGB or (H, W, 4) with straight alpha."""
    image.load()
    if image.has_transparency_data:
        return np.array(image.convert("RGBA"))
    return np.array(image.convert("L" if image.mode in ("1", "L") else "RGB"))


def _all_bytes(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def _refuse_unusual_jpeg(data: bytes, name: str) -> None:
    """Say what a JPEG is that no decoder here reads, if it is one."""
    facts = jpeg_facts(data)
    unusual = [f"{facts.bits}-bit"] * (facts.bits not in (0, 8)) + [facts.coding] * bool(facts.coding)
    if unusual:
        raise ImageError(f'"{name}" is a JPEG of an unusual kind ({", ".join(unusual)}); save it as PNG or TIFF.')


def _as_rgb(values: NDArray[Any] | None, name: str) -> NDArray[Any]:
    """What OpenCV decoded, its colours the other way round; None where it could not."""
    if values is None:
        raise ImageError(f'"{name}" is cut short or damaged: its pixels cannot be decoded.')
    if values.ndim == 2:
        return values
    # In place: a large image need not be in memory twice.
    return cv2.cvtColor(values, cv2.COLOR_BGR2RGB if values.shape[2] == 3 else cv2.COLOR_BGRA2RGBA, dst=values)


def _orientation(image: ImageFile.ImageFile, stream: BinaryIO) -> int:
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
    return 8, 255
