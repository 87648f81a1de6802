"""Masks from files: PNG, JPEG, BMP or TIFF, read as was decided for the whole set that they belong to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.mask_values import Layer, Marks, Meaning, decide, read_layer, take_census
from blemish.datasets.sample import MaskSource
from blemish.errors import DataError, ImageError
from blemish.images.header import open_image
from blemish.images.opening import open_header
from blemish.images.orientation import QUARTER_TURNS, UPRIGHT, turn_upright


@dataclass(frozen=True, slots=True)
class FileMask:
    """A mask in an image file. `blemish.datasets.mask_values.rules` says which values mark a defect.

    A mask that fits the image as it is stored, but not as its EXIF orientation shows it, is turned with the image.

    Attributes:
        path: the mask file.
        image: the image that it belongs to, where known: for its EXIF orientation and for messages.
        as_stored: the mask was drawn on the image's stored pixels, so it always turns with the image.
        meaning: what the values of all mask files of its set mean; None decides from this file alone.
    """

    path: Path
    image: Path | None = None
    as_stored: bool = False
    meaning: Meaning | None = None

    def settled(self) -> FileMask:
        """With a meaning, decided from this file alone where it has none. Raises DataError as `read_marks`."""
        if self.meaning is not None:
            return self
        return replace(self, meaning=decide(take_census(read_layer(self.path), self.path.name)))

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective. Raises DataError as `read_marks`."""
        return self.read_marks(height_px, width_px).defective

    def read_ignored(self, height_px: int, width_px: int) -> NDArray[np.bool_] | None:
        """Where the author left open what the image shows, bool (H, W); None where nothing is left open.

        Raises DataError as `read_marks`.
        """
        if self.meaning is not None and not self.meaning.can_ignore:
            return None
        return self.read_marks(height_px, width_px).ignored

    def read_marks(self, height_px: int, width_px: int) -> Marks:
        """Both of them.

        Raises:
            DataError: the file is missing, cannot be read, has another size than the image, or values of which
                nothing tells what they mean.
        """
        layer = read_layer(self.path)
        meaning = self.meaning or decide(take_census(layer, self.path.name))
        marks = meaning.of(layer)
        turn = self._turn(layer, (height_px, width_px))
        ignored = None if marks.ignored is None else turn_upright(marks.ignored, turn)
        return Marks(turn_upright(marks.defective, turn), ignored)

    def _turn(self, layer: Layer, size_px: tuple[int, int]) -> int:
        """The EXIF orientation to turn the mask by so that it fits an image of (height, width)."""
        stored_px = layer.values.shape[:2]
        if self.image is not None and not layer.has_orientation and (self.as_stored or stored_px != size_px):
            view = stored_view(self.image)
            orientation = view[0] if view is not None else UPRIGHT
            turned_px = stored_px[::-1] if orientation in QUARTER_TURNS else stored_px
            if turned_px == size_px and (self.as_stored or orientation in QUARTER_TURNS):
                return orientation
        if stored_px != size_px:
            image = f'its image "{self.image}"' if self.image is not None else "its image"
            raise DataError(
                f'The mask "{self.path}" is {stored_px[1]}×{stored_px[0]} px but {image} is '
                f"{size_px[1]}×{size_px[0]} px; a mask must have the size of its image."
            )
        return UPRIGHT


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

    def read_ignored(self, height_px: int, width_px: int) -> NDArray[np.bool_] | None:
        """Pixels that some part leaves open and none marks, bool (H, W); None where there are none."""
        parts = [part.read_ignored(height_px, width_px) for part in self.parts]
        there = [part for part in parts if part is not None]
        return np.logical_or.reduce(there) & ~self.read(height_px, width_px) if there else None


def stored_view(path: Path) -> tuple[int, tuple[int, int]] | None:
    """EXIF orientation (1–8) of an image and its stored size (height, width); None where its header cannot be read."""
    try:
        with open_image(path) as stream:
            header = open_header(stream, str(path))
            return header.orientation, header.stored_size_px
    except ImageError:
        return None
