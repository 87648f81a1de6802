"""Images with a mask of the same name in a folder next door: ``{train,test}/images+masks``, METU's ``rgb+BW``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from blemish.datasets.masks import FileMask
from blemish.datasets.readers.folders import (
    DEFECT,
    IMAGE_FOLDERS,
    MASK_FOLDERS,
    UNLABELLED,
    NormalNames,
    has_images,
    look,
    mask_of,
    masks_by_stem,
    note_on_files,
    note_on_folders,
    split_folders,
    split_of,
    with_splits_in_words,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.masks_beside import masks_beside
from blemish.datasets.sample import ClassMask, Sample, Split
from blemish.errors import DataError
from blemish.text import counted

_CROPS = re.compile(r"(crop|data)s?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pair:
    """A folder of images and the folder with their masks (None where this split has none)."""

    images: Path
    masks: Path | None
    split: Split | None = None


def find_pair(folder: Path, split: Split | None = None) -> Pair | None:
    """Images and masks directly below one folder, under any of their usual names; None where either is missing."""
    listing = look(folder)
    images, masks = listing.find(IMAGE_FOLDERS), listing.find(MASK_FOLDERS)
    if images is None or masks is None or not has_images(images) or not has_images(masks):
        return None
    return Pair(images, masks, split)


def find_pairs(root: Path) -> list[Pair]:
    """All pairs below a root: without splits, split/images, images/split, or split_images; [] where there is none."""
    listing = look(root)
    whole = find_pair(root)
    if whole is not None:
        return [whole]
    return _splits_above(root) or _splits_below(root) or _splits_in_names(listing.folders)


def _splits_above(root: Path) -> list[Pair]:
    """``train/images`` and ``train/masks``; a split with images alone comes along without masks."""
    pairs = []
    for folder, split in split_folders(look(root)).items():
        images = look(folder).find(IMAGE_FOLDERS)
        alone = Pair(images, None, split) if images is not None and has_images(images) else None
        pairs.append(find_pair(folder, split) or alone)
    found = [pair for pair in pairs if pair is not None]
    return found if any(pair.masks is not None for pair in found) else []


def _splits_below(root: Path) -> list[Pair]:
    """``images/train`` and ``masks/train``."""
    listing = look(root)
    images, masks = listing.find(IMAGE_FOLDERS), listing.find(MASK_FOLDERS)
    if images is None or masks is None:
        return []
    mask_folders = {split: folder for folder, split in split_folders(look(masks)).items() if has_images(folder)}
    return [
        Pair(folder, mask_folders.get(split), split)
        for folder, split in split_folders(look(images)).items()
        if mask_folders and has_images(folder)
    ]


def _splits_in_names(folders: tuple[Path, ...]) -> list[Pair]:
    """``train_img`` and ``train_lab``, as the full-size DeepCrack has them."""
    images: dict[Split, Path] = {}
    masks: dict[Split, Path] = {}
    for folder in folders:
        start, _, kind = folder.name.casefold().partition("_")
        split = split_of(start)
        if split is not None and kind in {*IMAGE_FOLDERS, *MASK_FOLDERS} and has_images(folder):
            (images if kind in IMAGE_FOLDERS else masks)[split] = folder
    return [Pair(images[split], masks.get(split), split) for split in images] if masks else []


def read_pairs(pairs: list[Pair], label: str) -> tuple[list[Sample], list[str]]:
    """Samples of all pairs and notes on what is missing on either side.

    Raises:
        DataError: masks exist, but none is named like an image.
    """
    samples: list[Sample] = []
    notes: list[str] = []
    for pair in pairs:
        masks = masks_by_stem(pair.masks) if pair.masks is not None else {}
        listing = look(pair.images)
        missing = [image for image in listing.images if mask_of(image, masks) is None]
        if masks and len(missing) == len(listing.images):
            raise DataError(
                f'No mask in "{pair.masks}" is named like an image in "{pair.images}"; '
                f'the mask of "{missing[0].name}" would be "{missing[0].stem}.png".'
            )
        samples += [_sample(image, mask_of(image, masks), label, pair.split) for image in listing.images]
        if missing:
            example = f': "{missing[0].name}"' if len(missing) == 1 else f', such as "{missing[0].name}"'
            where = pair.images.relative_to(pair.images.parent.parent)
            notes.append(f'{counted(len(missing), "image")} in "{where}" without a mask{example}: extent not known.')
        drawn = look(pair.masks).images if pair.masks is not None else ()
        spare = set(drawn) - {mask_of(image, masks) for image in listing.images}
        notes += note_on_files(sorted(spare), "in the mask folder that belong to no image, or to one that has a mask")
        notes += note_on_files(listing.others, "that are not images")
    return samples, notes


def _sample(image: Path, mask: Path | None, label: str, split: Split | None) -> Sample:
    if mask is None:
        return Sample(image, UNLABELLED, split=split)
    return Sample(image, label, masks=(ClassMask(label, FileMask(mask, image)),), split=split)


def _read_images_and_masks(root: Path, names: NormalNames) -> Found:
    pairs = find_pairs(root)
    samples, notes = read_pairs(pairs, DEFECT)
    used = {path for pair in pairs for path in (pair.images, pair.masks) if path is not None}
    used |= {path.parent for path in used}
    notes += note_on_folders(folder for folder in look(root).folders if folder not in used)
    masks = next(pair.masks for pair in pairs if pair.masks is not None)
    is_named = pairs[0].images.name.casefold() in IMAGE_FOLDERS
    words = f"{pairs[0].images.name} + {masks.name}" if is_named else "images + masks"
    return Found(with_splits_in_words(words, (pair.split for pair in pairs)), samples, (DEFECT,), notes)


def _is_metu(root: Path) -> bool:
    if not root.is_dir():
        return False
    pair = find_pair(root)
    return (
        pair is not None
        and pair.masks is not None
        and (pair.images.name.casefold(), pair.masks.name.casefold()) == ("rgb", "bw")
    )


def _read_metu(root: Path, names: NormalNames) -> Found:
    pair = find_pair(root)
    samples, notes = read_pairs([pair] if pair is not None else [], "crack")
    return Found("METU crack segmentation (rgb + BW)", samples, ("crack",), notes)


def _is_beside(root: Path) -> bool:
    return root.is_dir() and any(masks_beside(folder) for folder in _places(root))


def _read_beside(root: Path, names: NormalNames) -> Found:
    """Images and masks in one folder; where a part of the images has a mask, the others are not known."""
    samples: list[Sample] = []
    notes: list[str] = []
    places = _places(root)
    for folder, split in places.items():
        masks = masks_beside(folder)
        images = [path for path in look(folder).images if path not in set(masks.values())]
        samples += [_sample(image, mask_of(image, masks), DEFECT, split) for image in images]
        missing = sum(mask_of(image, masks) is None for image in images)
        if missing:
            notes.append(f'{counted(missing, "image")} in "{folder.name}" without a mask: extent not known.')
    inside = {folder.parent for folder in places}
    notes += note_on_folders(folder for folder in look(root).folders if folder not in {*places, *inside})
    words = with_splits_in_words("images with their masks beside them", places.values())
    return Found(words, samples, (DEFECT,), notes)


def _places(root: Path) -> dict[Path, Split | None]:
    """The root, or its split folders where it has some, as Crack500's ``traincrop/traincrop``."""
    splits: dict[Path, Split | None] = {}
    for folder in look(root).folders:
        split = split_of(_CROPS.sub("", folder.name))
        if split is not None:
            inner = next((child for child in look(folder).folders if child.name == folder.name), folder)
            splits[inner if not look(folder).images else folder] = split
    return splits or {root: split_of(_CROPS.sub("", root.name))}


IMAGES_AND_MASKS = Layout(
    "images+masks",
    "images/ and masks/ with files of the same name, also below train/, val/ and test/",
    lambda root: root.is_dir() and bool(find_pairs(root)),
    _read_images_and_masks,
)
METU_SEGMENTATION = Layout("metu-segmentation", "METU's rgb/ and BW/", _is_metu, _read_metu)
MASKS_BESIDE = Layout(
    "masks-beside", "images and their masks in one folder: a.jpg with a_mask.png or a.png", _is_beside, _read_beside
)
