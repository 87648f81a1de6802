"""Masks from files: PNG, JPEG, BMP or TIFF, read as was decided for the whole set that they belong to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.mask_values import Marks, Meaning, decide, read_layer, take_census
from blemish.datasets.sample import CompleteMask, MaskSource
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

    def marks_anything(self) -> bool:
        """Whether any pixel is marked as defective. Raises DataError where the file cannot be read or understood."""
        layer = read_layer(self.path)
        return bool((self.meaning or decide(take_census(layer, self.path.name))).of(layer).defective.any())

    def read_marks(self, height_px: int, width_px: int) -> Marks:
        """Both of them.

        Raises:
            DataError: the file is missing, cannot be read, has another size than the image, or values of which
                nothing tells what they mean.
        """
        layer = read_layer(self.path)
        meaning = self.meaning or decide(take_census(layer, self.path.name))
        marks = meaning.of(layer)
        drawn_px, shown_px = layer.values.shape[:2], (height_px, width_px)
        turn = UPRIGHT
        if drawn_px != shown_px or (self.as_stored and not layer.has_orientation):
            image = None if layer.has_orientation else self.image
            turn = orientation_of_drawing(
                drawn_px, shown_px, image, as_stored=self.as_stored, what=f'The mask "{self.path}"'
            )
        ignored = None if marks.ignored is None else turn_upright(marks.ignored, turn)
        return Marks(turn_upright(marks.defective, turn), ignored)


@dataclass(frozen=True, slots=True)
class OutlineMask(CompleteMask):
    """An outline or run lengths with the size of the image that they were drawn on, stored or as shown.

    Attributes:
        source: what was drawn.
        image: the image.
        size_px: (height, width) of the image as the annotation has it.
        where: what messages call the annotation.
        as_stored: drawn on the image's stored pixels, so that it always turns with the image.
    """

    source: MaskSource
    image: Path
    size_px: tuple[int, int]
    where: str
    as_stored: bool = False

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective. Raises DataError for another size or a bad outline."""
        turn = UPRIGHT
        if self.as_stored or self.size_px != (height_px, width_px):
            turn = orientation_of_drawing(
                self.size_px, (height_px, width_px), self.image, as_stored=self.as_stored, what=self.where
            )
        return turn_upright(self.source.read(*self.size_px), turn)


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


def orientation_of_drawing(
    drawn_px: tuple[int, ...], shown_px: tuple[int, int], image: Path | None, *, as_stored: bool, what: str
) -> int:
    """The EXIF orientation that a drawing must be turned by to fit its image as shown.

    Args:
        drawn_px: (height, width) of the drawing.
        shown_px: (height, width) of the image as its EXIF orientation shows it.
        image: the image; None takes it as upright.
        as_stored: the drawing is known to be on the stored pixels, so that half turns and mirrors count too.
        what: what messages call the drawing.

    Raises:
        DataError: none makes it fit.
    """
    view = stored_view(image) if image is not None else None
    orientation = view[0] if view is not None else UPRIGHT
    turned_px = drawn_px[::-1] if orientation in QUARTER_TURNS else drawn_px
    if turned_px == shown_px and (as_stored or orientation in QUARTER_TURNS):
        return orientation
    if drawn_px == shown_px:
        return UPRIGHT
    of = f'its image "{image}"' if image is not None else "its image"
    raise DataError(
        f"{what} is {drawn_px[1]}×{drawn_px[0]} px but {of} is {shown_px[1]}×{shown_px[0]} px; "
        "a mask must have the size of its image."
    )


def stored_view(path: Path) -> tuple[int, tuple[int, int]] | None:
    """EXIF orientation (1–8) of an image and its stored size (height, width); None where its header cannot be read."""
    try:
        with open_image(path) as stream:
            header = open_header(stream, str(path))
            return header.orientation, header.stored_size_px
    except ImageError:
        return None
