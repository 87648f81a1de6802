"""Masks in which each class has a colour of its own that a label file names, as CVAT and SageMaker write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blemish.datasets.mask_values import Meaning, read_layer, take_census
from blemish.datasets.mask_values.layer import unpack
from blemish.datasets.mask_values.rules import BLACK, VOC_BORDER, WHITE
from blemish.datasets.masks import FileMask
from blemish.datasets.sample import ClassMask
from blemish.errors import DataError

_WHITE_LEVEL = 255


@dataclass(frozen=True, slots=True)
class ColourClasses:
    """The colours of a label file, as codes of `blemish.datasets.mask_values.layer.pack`.

    Attributes:
        file: where they stand.
        defects: the colour of each defect class.
        normal: colours of the background and of normal classes.
    """

    file: Path
    defects: Mapping[str, int]
    normal: frozenset[int]

    def masks(self, image: Path, mask: Path) -> tuple[ClassMask, ...]:
        """One mask for each defect class that the file holds; for every one where it cannot be read, which shows later.

        Raises:
            DataError: a colour that the label file does not name.
        """
        defects = set(self.defects.values())
        try:
            found = {int(code) for code in take_census(read_layer(mask), mask.name).values}
        except DataError:
            found = defects
        voids = self._voids()
        strange = sorted(found - defects - self.normal - {BLACK} - voids)
        if strange:
            raise DataError(
                f'The mask "{mask}" holds the colour {",".join(map(str, unpack(strange[0])))}, which is none of those '
                f'in "{self.file}".'
            )
        ignored = tuple(sorted(voids))
        return tuple(
            ClassMask(label, FileMask(mask, image, meaning=Meaning(marked=(code,), ignored=ignored)))
            for label, code in self.defects.items()
            if code in found
        )

    def _voids(self) -> frozenset[int]:
        """What masks leave open: VOC's border and, beside class indices, 255; neither where it is a class itself."""
        named = {*self.defects.values(), *self.normal}
        are_indices = all(len(set(unpack(code))) == 1 and unpack(code)[0] < _WHITE_LEVEL for code in named)
        return frozenset({VOC_BORDER, *([WHITE] if are_indices else [])} - named)
