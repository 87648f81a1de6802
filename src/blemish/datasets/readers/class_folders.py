"""One folder per class, with or without splits above, and with or without masks inside each class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from blemish.datasets.masks import FileMask, UnionMask
from blemish.datasets.readers.folders import (
    IMAGE_FOLDERS,
    MASK_FOLDERS,
    NormalNames,
    composed,
    has_images,
    holds_images,
    is_reserved,
    look,
    mask_of,
    masks_by_stem,
    note_on_files,
    note_on_folders,
    split_folders,
    with_splits_in_words,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.masks_beside import masks_beside
from blemish.datasets.sample import ClassMask, Sample, Split
from blemish.text import counted


def class_folders(folder: Path) -> list[Path]:
    """Sub-folders that hold images directly and are not named like a split, images or masks."""
    return [child for child in _unreserved(folder) if has_images(child)]


def class_folders_with_images(folder: Path) -> list[Path]:
    """Sub-folders that hold an ``images/`` folder with images, and are not named like a split, images or masks."""
    return [
        child
        for child in _unreserved(folder)
        if (images := look(child).find(IMAGE_FOLDERS)) is not None and has_images(images)
    ]


def places(root: Path) -> dict[Path, Split | None]:
    """Where class folders may lie: the split folders, or the root itself where there are none."""
    splits: dict[Path, Split | None] = dict(split_folders(look(root)))
    return splits or {root: None}


def class_sample(image: Path, label: str, names: NormalNames, split: Split | None, *masks: Path | None) -> Sample:
    """An image of a class folder: normal by the class's name, or defective; with its masks where there are some.

    Masks of normal images stay too: `blemish.datasets.readers.contradictions` makes sure that they are empty.
    """
    files = tuple(FileMask(mask, image) for mask in masks if mask is not None)
    is_normal = label in names
    if not files:
        return Sample(image, label, not is_normal, () if is_normal else None, split=split)
    source = files[0] if len(files) == 1 else UnionMask(files)
    return Sample(image, label, not is_normal, (ClassMask(label, source),), split=split)


def defect_classes(samples: list[Sample]) -> tuple[str, ...]:
    """Labels of the defective samples, sorted."""
    return tuple(sorted({sample.label for sample in samples if sample.defective}))


def note_on_normal(samples: list[Sample]) -> list[str]:
    """One sentence where every class counts as defective, which a name that is not known may be the reason for."""
    if all(sample.defective for sample in samples):
        return ["No class is normal by name; if one is, name it with --normal."]
    return []


def _read_plain(root: Path, names: NormalNames) -> Found:
    samples: list[Sample] = []
    notes: list[str] = []
    for place, split in places(root).items():
        folders = class_folders(place)
        for folder in folders:
            listing = look(folder)
            masks = masks_beside(folder)
            images = [path for path in listing.images if path not in set(masks.values())]
            label = composed(folder.name)
            samples += [class_sample(image, label, names, split, mask_of(image, masks)) for image in images]
            notes += note_on_files(listing.others, "that are not images") + note_on_folders(listing.folders)
        notes += note_on_folders(child for child in look(place).folders if child not in folders)
    notes += _notes_above(root)
    words = with_splits_in_words("one folder per class", (sample.split for sample in samples))
    return Found(words, samples, defect_classes(samples), notes + note_on_normal(samples))


def _read_with_masks(root: Path, names: NormalNames) -> Found:
    samples: list[Sample] = []
    notes: list[str] = []
    for place, split in places(root).items():
        folders = class_folders_with_images(place)
        for folder in folders:
            label, listing = composed(folder.name), look(folder)
            images_folder, masks_folder = listing.find(IMAGE_FOLDERS), listing.find(MASK_FOLDERS)
            assert images_folder is not None
            images = look(images_folder)
            masks = masks_by_stem(masks_folder) if masks_folder is not None else {}
            samples += [class_sample(image, label, names, split, mask_of(image, masks)) for image in images.images]
            missing = [image for image in images.images if mask_of(image, masks) is None]
            if missing and label not in names:
                notes.append(f'{counted(len(missing), "image")} of "{label}" without a mask: extent not known.')
            notes += note_on_files(images.others, "that are not images")
        notes += note_on_folders(child for child in look(place).folders if child not in folders)
    notes += _notes_above(root)
    words = "one folder per class, each with images + masks"
    words = with_splits_in_words(words, (sample.split for sample in samples))
    return Found(words, samples, defect_classes(samples), notes + note_on_normal(samples))


def _is_made_of(find: Callable[[Path], list[Path]], root: Path) -> bool:
    """Whether there are such class folders, and most folders with images are classes: a shelf of sets is no set."""
    if not root.is_dir():
        return False
    return any(find(place) and _is_mostly_classes(place) for place in places(root))


def _is_mostly_classes(place: Path) -> bool:
    with_images = [child for child in _unreserved(place) if holds_images(child)]
    return 2 * len({*class_folders(place), *class_folders_with_images(place)}) > len(with_images)


def _unreserved(place: Path) -> list[Path]:
    return [child for child in look(place).folders if not is_reserved(child.name)]


def _notes_above(root: Path) -> list[str]:
    """On what lies beside the split folders, where there are some."""
    listing = look(root)
    splits = split_folders(listing)
    if not splits:
        return []
    notes = note_on_files(listing.images, "beside the split folders")
    return notes + note_on_folders(folder for folder in listing.folders if folder not in splits)


def _is_metu(root: Path) -> bool:
    return root.is_dir() and {folder.name.casefold() for folder in class_folders(root)} == {"positive", "negative"}


def _read_metu(root: Path, names: NormalNames) -> Found:
    found = _read_plain(root, names)
    return Found("METU crack classification (Positive, Negative)", found.samples, found.classes, found.notes)


METU = Layout("metu", "METU's Positive/ and Negative/", _is_metu, _read_metu)
CLASSES_WITH_MASKS = Layout(
    "classes+masks",
    "<class>/images/ and <class>/masks/, with an optional groups.csv",
    lambda root: _is_made_of(class_folders_with_images, root),
    _read_with_masks,
)
CLASS_FOLDERS = Layout(
    "class-folders",
    "one folder per class, also below train/, val/ and test/",
    lambda root: _is_made_of(class_folders, root),
    _read_plain,
)
