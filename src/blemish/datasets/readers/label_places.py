"""Where label files lie that belong to one image each: beside it, or in a folder of labels next door, split or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blemish.datasets.readers.folders import (
    IMAGE_FOLDERS,
    composed,
    holds_images,
    look,
    split_folders,
    split_of,
)
from blemish.datasets.sample import Split

LABEL_FOLDERS = ("labels", "label", "annotations", "annotation", "ann", "json", "jsons", "xml", "xmls", "txt")


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """A folder of images, the folder with their label files (perhaps the same), and the split."""

    images: Path
    labels: Path
    split: Split | None = None

    def pairs(self, suffix: str) -> list[tuple[Path, Path | None]]:
        """Every image with the label file of its stem, or None.

        The label of an image in a sub-folder lies in the same sub-folder of the labels, as YOLO has it, or with all
        others, as NEU-DET has it.
        """
        labels: dict[Path, dict[str, Path]] = {}
        found = []
        for image in _images_below(self.images):
            own = self.labels / image.parent.relative_to(self.images)
            for folder in (own, self.labels):
                if folder not in labels:
                    files = files_with(folder, suffix) if folder.is_dir() else []
                    labels[folder] = {composed(file.stem): file for file in files}
            stem = composed(image.stem)
            found.append((image, labels[own].get(stem) or labels[self.labels].get(stem)))
        return found


def label_places(root: Path, suffix: str) -> list[LabelPlace]:
    """The places at and below a root where a label file belongs to an image; [] where there is none.

    Args:
        root: a folder with images and labels in any of the usual arrangements, or the folder of images alone.
        suffix: of the label files, such as ``.txt``.
    """
    if not root.is_dir():
        return []
    found: dict[Path, LabelPlace] = {}
    for place in _candidates(root):
        if place.images in found or not _holds(place.labels, suffix):
            continue
        if any(label is not None for _, label in place.pairs(suffix)):
            found[place.images] = place
    return list(found.values())


def files_with(folder: Path, suffix: str) -> list[Path]:
    """Files of one suffix directly in a folder, sorted, without hidden ones."""
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() == suffix and not file.name.startswith(".") and file.is_file()
    )


def _holds(folder: Path, suffix: str) -> bool:
    """Whether a folder, or one below it, has files of a suffix."""
    return bool(files_with(folder, suffix)) or any(_holds(child, suffix) for child in look(folder).folders)


def _candidates(root: Path) -> Iterator[LabelPlace]:
    above = split_folders(look(root))
    for folder, split in above.items():
        yield from _inside(folder, split)
    yield from _splits_below(root)
    if not above:
        yield from _inside(root, split_of(root.name))
    yield from _next_door(root)


def _inside(folder: Path, split: Split | None) -> Iterator[LabelPlace]:
    """Images and labels below one folder, or side by side in it."""
    listing = look(folder)
    images, labels = listing.find(IMAGE_FOLDERS), listing.find(LABEL_FOLDERS)
    has_splits_below = images is not None and bool(split_folders(look(images)))
    if images is not None and not has_splits_below:
        yield LabelPlace(images, labels if labels is not None else images, split)
    elif images is None and (listing.images or listing.folders):
        yield LabelPlace(folder, labels if labels is not None else folder, split)


def _splits_below(root: Path) -> Iterator[LabelPlace]:
    """``images/train`` with ``labels/train``, or with all labels in one folder."""
    listing = look(root)
    images, labels = listing.find(IMAGE_FOLDERS), listing.find(LABEL_FOLDERS)
    if images is None:
        return
    by_split = {split: folder for folder, split in split_folders(look(labels)).items()} if labels is not None else {}
    for folder, split in split_folders(look(images)).items():
        yield LabelPlace(folder, by_split.get(split, labels if labels is not None else folder), split)


def _next_door(root: Path) -> Iterator[LabelPlace]:
    """The root itself is the folder of images, or of their splits; the labels lie beside it."""
    if root.name.casefold() not in IMAGE_FOLDERS:
        return
    labels = look(root.parent).find(LABEL_FOLDERS)
    if labels is None:
        return
    if look(root).images:
        yield LabelPlace(root, labels, split_of(root.parent.name))
    for folder, split in split_folders(look(root)).items():
        inner = {split: folder for folder, split in split_folders(look(labels)).items()}
        yield LabelPlace(folder, inner.get(split, labels), split)


def _images_below(folder: Path) -> list[Path]:
    listing = look(folder)
    found = list(listing.images)
    for child in listing.folders:
        if holds_images(child) and child.name.casefold() not in LABEL_FOLDERS:
            found += _images_below(child)
    return found
