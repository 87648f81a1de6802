"""What every data set becomes, whatever its layout on disk: a `Dataset` of `Sample`s."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.sources import Source
from blemish.errors import DataError
from blemish.images import ReadOptions, read_image
from blemish.images.options import DEFAULT_OPTIONS

Split = Literal["train", "val", "test"]


class MaskSource(Protocol):
    """Where one class's mask of one image comes from: a file, run lengths, polygons."""

    def read_ignored(self, height_px: int, width_px: int) -> NDArray[np.bool_] | None:
        """Where it is left open what the image shows, bool (H, W); None where nothing is left open."""
        ...

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective. Raises DataError when it does not fit that size."""
        ...


class CompleteMask:
    """Base of masks that leave no pixel open."""

    __slots__ = ()

    def read_ignored(self, height_px: int, width_px: int) -> None:
        """Nothing is left open."""


@dataclass(frozen=True, slots=True)
class ClassMask:
    """One class's mask of one image."""

    label: str
    source: MaskSource


@dataclass(frozen=True, slots=True)
class Sample:
    """One image and what is known about it.

    Attributes:
        path: the image file.
        label: class name as the layout gives it: ``good``, ``crack``, …
        defective: True / False where the layout says so; None where only the masks can tell, or nothing can.
        masks: one entry per class that has a mask; ``()`` means known to be free of defects; None means that
            the extent is not known.
        split: the split that the layout fixes, if it does.
        group: images of one part, wall or lot share it: they must never stand on both sides of a split.
        options: how its file is read.
        weight: how often training draws it, relative to the others.
    """

    path: Path
    label: str
    defective: bool | None = None
    masks: tuple[ClassMask, ...] | None = None
    split: Split | None = None
    group: str | None = None
    options: ReadOptions = DEFAULT_OPTIONS
    weight: float = 1.0

    def read_image(self) -> NDArray[np.uint8]:
        """The image, RGB uint8 (H, W, 3). Raises ImageError when it cannot be read."""
        return read_image(self.path, self.options)

    def read_mask(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """Union of all classes' masks, bool (H, W). Only where ``masks`` is not None."""
        union = np.zeros((height_px, width_px), dtype=np.bool_)
        for mask in self.masks or ():
            union |= mask.source.read(height_px, width_px)
        return union

    def read_ignored(self, height_px: int, width_px: int) -> NDArray[np.bool_] | None:
        """Pixels of which no mask says what they show, bool (H, W): they must neither train nor count.

        None where there are none, which most layouts know without opening a file.
        """
        parts = [mask.source.read_ignored(height_px, width_px) for mask in self.masks or ()]
        there = [part for part in parts if part is not None and part.any()]
        return np.logical_or.reduce(there) if there else None

    def read_class_masks(self, classes: Iterable[str], height_px: int, width_px: int) -> NDArray[np.bool_]:
        """One mask per name in ``classes``, bool (K, H, W); classes may overlap.

        Raises:
            DataError: a mask of another class, or one that cannot be read or has another size.
        """
        names = list(classes)
        stack = np.zeros((len(names), height_px, width_px), dtype=np.bool_)
        for mask in self.masks or ():
            if mask.label not in names:
                raise DataError(
                    f'"{self.path}" has a mask of the class "{mask.label}", which is none of {", ".join(names)}.'
                )
            stack[names.index(mask.label)] |= mask.source.read(height_px, width_px)
        return stack


@dataclass(frozen=True, slots=True)
class Dataset:
    """Images with what is known about them, in a fixed order.

    Attributes:
        name: short name, from the folder.
        root: the folder or table that it was read from.
        layout: the recognised layout, in words for a person.
        samples: sorted by path.
        classes: names of the defect classes, in the order of class maps.
        notes: what the reader wants a person to know (files skipped, splits missing, …), a sentence each.
        unread_labels: files beside unlabelled images that may label them and that no reader understands.
        sources: where its images come from, of a mixture; empty of one folder.
    """

    name: str
    root: Path
    layout: str
    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    unread_labels: tuple[Path, ...] = ()
    sources: tuple[Source, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    def where(self, keep: Callable[[Sample], bool]) -> Self:
        """The same data set with only the samples for which ``keep`` is true."""
        return replace(self, samples=tuple(sample for sample in self.samples if keep(sample)))

    def split(self, name: Split) -> Self:
        """Only the samples of one split (may be empty)."""
        return self.where(lambda sample: sample.split == name)

    @property
    def options(self) -> ReadOptions:
        """How its images are read: as the first of them, since a reader gives all the same."""
        return self.samples[0].options if self.samples else DEFAULT_OPTIONS

    def labels(self) -> Counter[str]:
        """Number of samples by label."""
        return Counter(sample.label for sample in self.samples)
