"""Reading any image: RGB uint8 with every decision said, or 16 bit as stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError, SettingsError
from blemish.images.colour import as_three_or_four, drop_alpha, scale_to_uint8
from blemish.images.decoding import Stored, decode
from blemish.images.header import open_image

MAX_MEGAPIXELS = 500.0

BitRange = tuple[float, float]
"""Raw values that become black and white in images of more than 8 bits."""


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """A decoded image.

    Attributes:
        pixels: RGB uint8 (H, W, 3), upright after its EXIF orientation.
        notes: what reading it had to decide (first page of several, 16-bit range, transparency, …); a sentence each
            without its full stop.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    notes: tuple[str, ...] = ()


def load_image(
    path: Path | str, *, bit_range: BitRange | None = None, max_megapixels: float = MAX_MEGAPIXELS
) -> LoadedImage:
    """Read any image into RGB uint8.

    JPEG, PNG, TIFF, BMP, WebP, GIF and PPM, told by content and not by name; grey, 1-bit, palette, CMYK and 16-bit
    files too. Transparent pixels are drawn on white; of several pages the first is read.

    Args:
        path: the file.
        bit_range: for files deeper than 8 bit, the values that become 0 and 255; None takes the full scale that the
            file states (0 to 65535 in 16 bit). Files of 8 bit ignore it.
        max_megapixels: larger images are refused from their header, before memory is spent on them.

    Raises:
        ImageError: missing, unreadable, empty, not an image, cut short, too large, or signed or floating-point values
            without a ``bit_range``.
        SettingsError: ``bit_range`` is not a pair of rising values.
    """
    with open_image(Path(path)) as stream:
        return _image(stream, str(path), bit_range, max_megapixels)


def decode_image(
    data: bytes, name: str, *, bit_range: BitRange | None = None, max_megapixels: float = MAX_MEGAPIXELS
) -> LoadedImage:
    """`load_image` for a file's bytes, for instance an upload; ``name`` is what messages call it."""
    return _image(BytesIO(data), name, bit_range, max_megapixels)


def read_image(
    path: Path | str, *, bit_range: BitRange | None = None, max_megapixels: float = MAX_MEGAPIXELS
) -> NDArray[np.uint8]:
    """Only the pixels of `load_image`: RGB uint8 (H, W, 3)."""
    return load_image(path, bit_range=bit_range, max_megapixels=max_megapixels).pixels


def read_image_16bit(path: Path | str, *, max_megapixels: float = MAX_MEGAPIXELS) -> NDArray[np.uint16]:
    """Read an image without losing depth.

    Returns:
        RGB uint16 (H, W, 3): values as stored for files of 9 to 16 bit, and 257 times the value for 8-bit files, so
        that their white is 65535.

    Raises:
        ImageError: as `load_image`, and for signed or floating-point values.
    """
    with open_image(Path(path)) as stream:
        stored = decode(stream, str(path), max_megapixels)
    values = stored.values
    if stored.white is None:
        raise ImageError(
            f'"{path}" holds {_kind_of(stored)}, which do not fit 16 bit; use load_image and give bit_range.'
        )
    if values.dtype == np.uint8:
        return drop_alpha(as_three_or_four(values.astype(np.uint16) * np.uint16(257)))
    if stored.white_is_zero:
        values = np.uint16(stored.white) - values
    return drop_alpha(as_three_or_four(values))


def _image(stream: BinaryIO, name: str, bit_range: BitRange | None, max_megapixels: float) -> LoadedImage:
    if bit_range is not None and not bit_range[0] < bit_range[1]:
        raise SettingsError(
            f"bit_range must be two rising values such as 0,4095, not {bit_range[0]:.10g},{bit_range[1]:.10g}."
        )
    stored = decode(stream, name, max_megapixels)
    notes = list(stored.notes)
    pixels: NDArray[np.uint8]
    if stored.values.dtype == np.uint8:
        pixels = stored.values
        if bit_range is not None:
            notes.append("8-bit: bit_range does not apply")
    else:
        pixels, note = _eight_bit(stored, bit_range)
        notes.append(note)
    pixels = as_three_or_four(pixels)
    if pixels.shape[2] == 4 and bool((pixels[..., 3] < 255).any()):
        notes.append("transparent pixels drawn on white")
    return LoadedImage(drop_alpha(pixels), tuple(notes))


def _eight_bit(stored: Stored, bit_range: BitRange | None) -> tuple[NDArray[np.uint8], str]:
    """Deep values scaled to 8 bit, and the sentence about it."""
    colour = stored.values[..., :3] if stored.values.ndim == 3 else stored.values
    lowest, highest = colour.min(), colour.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise ImageError(f'"{stored.name}" holds values that are not finite numbers.')
    low, high = bit_range or _stated_range(stored, float(lowest), float(highest))
    if stored.white is not None and low >= stored.white:
        raise ImageError(
            f'bit_range {low:.10g},{high:.10g} lies above "{stored.name}", whose {stored.bits}-bit values end at '
            f"{stored.white}."
        )
    note = f"{stored.bits}-bit: {low:.10g}-{high:.10g} scaled to 0-255"
    if bit_range is not None:
        note += _clipped(colour, low, high, stored.white_is_zero)
    elif stored.white is not None and highest <= high // 2:
        camera = max(2 ** int(highest).bit_length() - 1, 255)
        note += f"; the image only uses {lowest}-{highest}: give bit_range=0,{camera} if that is the camera's range"
    pixels = scale_to_uint8(colour, low, high)
    if stored.white_is_zero:
        pixels = np.uint8(255) - pixels
    if colour is not stored.values and stored.values.shape[2] == 4:
        alpha = scale_to_uint8(stored.values[..., 3:], 0, 65535)
        pixels = np.concatenate([pixels, alpha], axis=2)
    return pixels, note


def _stated_range(stored: Stored, lowest: float, highest: float) -> BitRange:
    if stored.white is not None:
        return 0, stored.white
    if stored.values.dtype.kind == "f" and lowest >= 0 and highest <= 1:
        return 0, 1
    raise ImageError(
        f'"{stored.name}" holds {_kind_of(stored)} from {lowest:g} to {highest:g}; '
        "give bit_range=LOW,HIGH, the values to draw black and white."
    )


def _clipped(values: NDArray[Any], low: float, high: float, white_is_zero: bool) -> str:
    dark, bright = ("white", "black") if white_is_zero else ("black", "white")
    below, above = int(np.count_nonzero(values < low)), int(np.count_nonzero(values > high))
    note = f"; {_count(below)} below {low:.10g} drawn {dark}" if below else ""
    return note + (f"; {_count(above)} above {high:.10g} drawn {bright}" if above else "")


def _count(values: int) -> str:
    return "1 value" if values == 1 else f"{values} values"


def _kind_of(stored: Stored) -> str:
    kind = {"f": "floating-point", "i": "signed"}.get(stored.values.dtype.kind, "unsigned")
    return f"{stored.bits}-bit {kind} values"
