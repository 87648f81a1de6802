"""Masks from files: PNG, JPEG, BMP or TIFF, whatever grey values they use for "defective"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from blemish.datasets.sample import MaskSource
from blemish.errors import DataError, ImageError
from blemish.images.header import open_image
from blemish.images.opening import open_header
from blemish.images.orientation import QUARTER_TURNS, turn_upright


@dataclass(frozen=True, slots=True)
class FileMask:
    """A mask in an image file: white (or any class index above 0) is defective, black is normal.

    1-bit, 0/1, 0/255, 16-bit, palette and colour masks are understood; greys (JPEG) are cut at mid-grey.
    A mask that fits the image as it is stored, but not as its EXIF orientation shows it, is turned with the image.

    Attributes:
        path: the mask file.
        image: the image that it belongs to, where known: for its EXIF orientation and for messages.
        as_stored: the mask was drawn on the image's stored pixels, so it always turns with the image.
    """

    path: Path
    image: Path | None = None
    as_stored: bool = False

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective.

        Raises:
            DataError: the file is missing, cannot be read, or has another size than the image.
        """
        mask, is_upright = _load(self.path)
        size = (height_px, width_px)
        if self.image is not None and not is_upright and (self.as_stored or mask.shape != size):
            view = stored_view(self.image)
            orientation = view[0] if view is not None else 1
            turned = turn_upright(mask, orientation)
            if turned.shape == size and (self.as_stored or orientation in QUARTER_TURNS):
                return turned
        if mask.shape != size:
            image = f'its image "{self.image}"' if self.image is not None else "its image"
            raise DataError(
                f'The mask "{self.path}" is {mask.shape[1]}×{mask.shape[0]} px but {image} is '
                f"{width_px}×{height_px} px; a mask must have the size of its image."
            )
        return mask


@dataclass(frozen=True, slots=True)
class UnionMask:
    """Several masks of one class in one image, united."""

    parts: tuple[MaskSource, ...]

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The union, bool (H, W), True where defective. Raises DataError when a part does not fit."""
        union = np.zeros((height_px, width_px), dtype=np.bool_)
        for part in self.parts:
            union |= part.read(height_px, width_px)
        return union


def binarise(image: Image.Image) -> NDArray[np.bool_]:
    """What an opened mask image calls defective.

    JPEG greys are cut at mid-grey. In lossless files, values that stay below mid-grey are taken for 0/1 or class
    indices (anything above 0 is defective); otherwise they too are cut at mid-grey. Colours count by their brightest
    channel, transparent pixels as black.

    Args:
        image: any Pillow mode.

    Returns:
        bool (H, W), True where defective.
    """
    if image.mode == "P" and not _has_grey_palette(image):
        return np.asarray(np.asarray(image) > 0)
    grey = _brightest_channel(image)
    middle = 32767.0 if grey.dtype.itemsize > 1 else 127.0
    is_index = image.format not in {"JPEG", "MPO"} and grey.size > 0 and float(grey.max()) <= middle
    return np.asarray(grey > (0.0 if is_index else middle))


def stored_view(path: Path) -> tuple[int, tuple[int, int]] | None:
    """EXIF orientation (1–8) of an image and its stored size (height, width); None where its header cannot be read."""
    try:
        with open_image(path) as stream:
            header = open_header(stream, str(path))
            return header.orientation, header.stored_size_px
    except ImageError:
        return None


def _load(path: Path) -> tuple[NDArray[np.bool_], bool]:
    """The mask as it is meant to be seen, and whether the file itself says which way is up."""
    try:
        with open_image(path) as stream:
            header = open_header(stream, str(path))
            if header.image is None:
                raise DataError(f'The mask "{path}" is {header.kind.name}; save it as PNG, TIFF, BMP or GIF.')
            mask = binarise(header.image)
    except ImageError as error:
        raise DataError(f"A mask cannot be read: {error}") from error
    except DataError:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise DataError(f'The mask "{path}" is cut short or damaged: its pixels cannot be decoded.') from error
    # Pillow itself turns TIFFs upright.
    is_turned = isinstance(header.image, TiffImagePlugin.TiffImageFile)
    return (mask if is_turned else turn_upright(mask, header.orientation)), header.orientation > 1


def _brightest_channel(image: Image.Image) -> NDArray[np.number[Any]]:
    if image.mode == "1":
        image = image.convert("L")
    if image.mode in {"L", "I", "I;16", "I;16B", "I;16L", "F"}:
        return np.asarray(image)
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        black = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, rgba)
    return np.asarray(np.asarray(image.convert("RGB")).max(axis=2))


def _has_grey_palette(image: Image.Image) -> bool:
    colours = np.asarray(image.getpalette() or [], dtype=np.uint8).reshape(-1, 3)
    used = colours[np.unique(np.asarray(image))]
    return bool((used == used[:, :1]).all())
