"""Reading any image: RGB uint8 with every decision said, or 16 bit as stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images.capture import Capture
from blemish.images.colour import as_three_or_four, drop_alpha, scale_to_uint8
from blemish.images.decoding import Stored, decode
from blemish.images.header import open_image
from blemish.images.options import (
    DEFAULT_OPTIONS,
    BitRange,
    ReadOptions,
    describe_bit_range,
    likely_range,
    number,
    outer_range,
)


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """A decoded image.

    Attributes:
        pixels: RGB uint8 (H, W, 3), upright after its EXIF orientation.
        notes: what reading it had to decide (first page of several, 16-bit range, transparency, …); a sentence each
            without its full stop.
        likely_range: the range of values that the image seems to have been made for, where the full scale that its
            file states is clearly not it: 0 to 4095 for 12-bit values in a 16-bit file. None where the scale fits.
        capture: when, where and with what it was taken; None where the file does not say.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    notes: tuple[str, ...] = ()
    likely_range: BitRange | None = None
    capture: Capture | None = None


def load_image(path: Path | str, options: ReadOptions = DEFAULT_OPTIONS) -> LoadedImage:
    """Read any image into RGB uint8.

    The formats are those of `blemish.images.formats`, told by content and not by name; grey, 1-bit, palette, CMYK and
    deep files too. Transparent pixels are drawn on white; of several pages the first is read.

    Raises:
        ImageError: missing, unreadable, empty, not an image, cut short, too large, or signed or floating-point values
            without a ``bit_range``.
    """
    with open_image(Path(path)) as stream:
        return _image(stream, str(path), options)


def decode_image(data: bytes, name: str, options: ReadOptions = DEFAULT_OPTIONS) -> LoadedImage:
    """`load_image` for a file's bytes, for instance an upload; ``name`` is what messages call it."""
    return _image(BytesIO(data), name, options)


def read_image(path: Path | str, options: ReadOptions = DEFAULT_OPTIONS) -> NDArray[np.uint8]:
    """Only the pixels of `load_image`: RGB uint8 (H, W, 3)."""
    return load_image(path, options).pixels


def _image(stream: BinaryIO, name: str, options: ReadOptions) -> LoadedImage:
    stored = decode(stream, name, options.max_megapixels)
    notes = list(stored.notes)
    likely = None
    pixels: NDArray[np.uint8]
    if stored.values.dtype == np.uint8:
        pixels = stored.values
        if options.bit_range is not None:
            notes.append("8-bit: the bit range does not apply")
    else:
        pixels, note, likely = _eight_bit(stored, options.bit_range)
        notes.append(note)
    pixels = as_three_or_four(pixels)
    if pixels.shape[2] == 4 and bool((pixels[..., 3] < 255).any()):
        notes.append("transparent pixels drawn on white")
    return LoadedImage(drop_alpha(pixels), tuple(notes), likely, stored.capture)


def _eight_bit(stored: Stored, bit_range: BitRange | None) -> tuple[NDArray[np.uint8], str, BitRange | None]:
    """Deep values scaled to 8 bit, the sentence about it, and the likely range where the stated one does not fit."""
    colour = stored.values[..., :3] if stored.values.ndim == 3 else stored.values
    lowest, highest = colour.min(), colour.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise ImageError(f'"{stored.name}" holds values that are not finite numbers.')
    low, high = bit_range or _stated_range(stored, float(lowest), float(highest))
    scale = describe_bit_range((low, high))
    if stored.white is not None and low >= stored.white:
        raise ImageError(
            f'The bit range {scale} lies above "{stored.name}", whose {stored.bits}-bit values end at {stored.white}.'
        )
    note = f"{stored.bits}-bit: {scale.replace(',', ' to ')} scaled to 0 to 255"
    likely = None if bit_range is not None else likely_range(float(lowest), float(highest), stored.white)
    if bit_range is not None:
        note += _clipped(colour, low, high, stored.white_is_zero)
    elif likely is not None:
        note += (
            f"; only {number(float(lowest))} to {number(float(highest))} is used: "
            f"give --bit-range {describe_bit_range(likely)} if that is the camera's range"
        )
    pixels = scale_to_uint8(colour, low, high)
    if stored.white_is_zero:
        pixels = np.uint8(255) - pixels
    if colour is not stored.values and stored.values.shape[2] == 4:
        alpha = scale_to_uint8(stored.values[..., 3:], 0, 65535)
        pixels = np.concatenate([pixels, alpha], axis=2)
    return pixels, note, likely


def _stated_range(stored: Stored, lowest: float, highest: float) -> tuple[float, float]:
    if stored.white is not None:
        return 0, stored.white
    if stored.values.dtype.kind == "f" and lowest >= 0 and highest <= 1:
        return 0, 1
    outer = outer_range(lowest, highest)
    raise ImageError(
        f'"{stored.name}" holds {_kind_of(stored)} from {number(lowest)} to {number(highest)}; '
        f"give --bit-range LOW,HIGH, the values to draw black and white, such as {describe_bit_range(outer)}."
    )


def _clipped(values: NDArray[Any], low: float, high: float, white_is_zero: bool) -> str:
    dark, bright = ("white", "black") if white_is_zero else ("black", "white")
    below, above = int(np.count_nonzero(values < low)), int(np.count_nonzero(values > high))
    note = f"; {_count(below)} below {number(low)} drawn {dark}" if below else ""
    return note + (f"; {_count(above)} above {number(high)} drawn {bright}" if above else "")


def _count(values: int) -> str:
    return "1 value" if values == 1 else f"{values} values"


def _kind_of(stored: Stored) -> str:
    kind = {"f": "floating-point", "i": "signed"}.get(stored.values.dtype.kind, "unsigned")
    return f"{stored.bits}-bit {kind} values"
