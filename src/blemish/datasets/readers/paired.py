"""Photos with a mask of the same name in a folder next door: ``{train,test}/images+masks``, METU's ``rgb+BW``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blemish.datasets.masks import FileMask
from blemish.datasets.readers.folders import (
    DEFECT,
    MASK_FOLDERS,
    PHOTO_FOLDERS,
    UNLABELLED,
    NormalNames,
    composed,
    counted,
    has_photos,
    look,
    mask_of,
    masks_by_stem,
    note_on_files,
    note_on_folders,
    photo_stem,
    split_folders,
    split_of,
    with_splits_in_words,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.sample import ClassMask, Sample, Split
from blemish.errors import DataError


@dataclass(frozen=True, slots=True)
class Pair:
    """A folder of photos and the folder with their masks (None where this split has none)."""

    photos: Path
    masks: Path | None
    split: Split | None = None


def find_pair(folder: Path, split: Split | None = None) -> Pair | None:
    """Photos and masks directly below one folder, under any of their usual names; None where either is missing."""
    listing = look(folder)
    photos, masks = listing.find(PHOTO_FOLDERS), listing.find(MASK_FOLDERS)
    if photos is None or masks is None or not has_photos(photos) or not has_photos(masks):
        return None
    return Pair(photos, masks, split)


def find_pairs(root: Path) -> list[Pair]:
    """All pairs below a root: without splits, split/images, images/split, or split_images; [] where there is none."""
    listing = look(root)
    whole = find_pair(root)
    if whole is not None:
        return [whole]
    return _splits_above(root) or _splits_below(root) or _splits_in_names(listing.folders)


def _splits_above(root: Path) -> list[Pair]:
    """``train/images`` and ``train/masks``; a split with photos alone comes along without masks."""
    pairs = []
    for folder, split in split_folders(look(root)).items():
        photos = look(folder).find(PHOTO_FOLDERS)
        alone = Pair(photos, None, split) if photos is not None and has_photos(photos) else None
        pairs.append(find_pair(folder, split) or alone)
    found = [pair for pair in pairs if pair is not None]
    return found if any(pair.masks is not None for pair in found) else []


def _splits_below(root: Path) -> list[Pair]:
    """``images/train`` and ``masks/train``."""
    listing = look(root)
    photos, masks = listing.find(PHOTO_FOLDERS), listing.find(MASK_FOLDERS)
    if photos is None or masks is None:
        return []
    mask_folders = {split: folder for folder, split in split_folders(look(masks)).items() if has_photos(folder)}
    return [
        Pair(folder, mask_folders.get(split), split)
        for folder, split in split_folders(look(photos)).items()
        if mask_folders and has_photos(folder)
    ]


def _splits_in_names(folders: tuple[Path, ...]) -> list[Pair]:
    """``train_img`` and ``train_lab``, as the full-size DeepCrack has them."""
    photos: dict[Split, Path] = {}
    masks: dict[Split, Path] = {}
    for folder in folders:
        start, _, kind = folder.name.casefold().partition("_")
        split = split_of(start)
        if split is not None and kind in {*PHOTO_FOLDERS, *MASK_FOLDERS} and has_photos(folder):
            (photos if kind in PHOTO_FOLDERS else masks)[split] = folder
    return [Pair(photos[split], masks.get(split), split) for split in photos] if masks else []


def read_pairs(pairs: list[Pair], label: str) -> tuple[list[Sample], list[str]]:
    """Samples of all pairs and notes on what is missing on either side.

    Raises:
        DataError: masks exist, but none is named like a photo.
    """
    samples: list[Sample] = []
    notes: list[str] = []
    for pair in pairs:
        masks = masks_by_stem(pair.masks) if pair.masks is not None else {}
        listing = look(pair.photos)
        missing = [photo for photo in listing.photos if mask_of(photo, masks) is None]
        if masks and len(missing) == len(listing.photos):
            raise DataError(
                f'No mask in "{pair.masks}" is named like a photo in "{pair.photos}"; '
                f'the mask of "{missing[0].name}" would be "{missing[0].stem}.png".'
            )
        samples += [_sample(photo, mask_of(photo, masks), label, pair.split) for photo in listing.photos]
        if missing:
            example = f': "{missing[0].name}"' if len(missing) == 1 else f', such as "{missing[0].name}"'
            where = pair.photos.relative_to(pair.photos.parent.parent)
            notes.append(f'{counted(len(missing), "photo")} in "{where}" without a mask{example}: extent not known.')
        spare = set(masks.values()) - {mask_of(photo, masks) for photo in listing.photos}
        notes += note_on_files(sorted(spare), "in the mask folder that belong to no photo")
        notes += note_on_files(listing.others, "that are not images")
    return samples, notes


def _sample(photo: Path, mask: Path | None, label: str, split: Split | None) -> Sample:
    if mask is None:
        return Sample(photo, UNLABELLED, split=split)
    return Sample(photo, label, masks=(ClassMask(label, FileMask(mask, photo)),), split=split)


def _read_images_and_masks(root: Path, names: NormalNames) -> Found:
    pairs = find_pairs(root)
    samples, notes = read_pairs(pairs, DEFECT)
    used = {path for pair in pairs for path in (pair.photos, pair.masks) if path is not None}
    used |= {path.parent for path in used}
    notes += note_on_folders(folder for folder in look(root).folders if folder not in used)
    masks = next(pair.masks for pair in pairs if pair.masks is not None)
    is_named = pairs[0].photos.name.casefold() in PHOTO_FOLDERS
    words = f"{pairs[0].photos.name} + {masks.name}" if is_named else "images + masks"
    return Found(with_splits_in_words(words, (pair.split for pair in pairs)), samples, (DEFECT,), notes)


def _is_metu(root: Path) -> bool:
    if not root.is_dir():
        return False
    pair = find_pair(root)
    return (
        pair is not None
        and pair.masks is not None
        and (pair.photos.name.casefold(), pair.masks.name.casefold()) == ("rgb", "bw")
    )


def _read_metu(root: Path, names: NormalNames) -> Found:
    pair = find_pair(root)
    samples, notes = read_pairs([pair] if pair is not None else [], "crack")
    return Found("METU crack segmentation (rgb + BW)", samples, ("crack",), notes)


def _is_beside(root: Path) -> bool:
    return root.is_dir() and any(_masks_beside(folder) for folder in _places(root))


def _read_beside(root: Path, names: NormalNames) -> Found:
    """Photos and masks in one folder; where a part of the photos has a mask, the others are not known."""
    samples: list[Sample] = []
    notes: list[str] = []
    for folder, split in _places(root).items():
        masks = _masks_beside(folder)
        photos = [path for path in look(folder).photos if path not in set(masks.values())]
        samples += [_sample(photo, mask_of(photo, masks), DEFECT, split) for photo in photos]
        missing = sum(mask_of(photo, masks) is None for photo in photos)
        if missing:
            notes.append(f'{counted(missing, "photo")} in "{folder.name}" without a mask: extent not known.')
    notes += note_on_folders(folder for folder in look(root).folders if folder not in _places(root))
    return Found("photos with their masks beside them", samples, (DEFECT,), notes)


def _places(root: Path) -> dict[Path, Split | None]:
    """The root, or its split folders where it has some."""
    splits: dict[Path, Split | None] = dict(split_folders(look(root)))
    return splits or {root: None}


def _masks_beside(folder: Path) -> dict[str, Path]:
    photos = look(folder).photos
    stems = {composed(path.stem) for path in photos}
    return {photo_stem(path): path for path in photos if photo_stem(path) in stems - {composed(path.stem)}}


IMAGES_AND_MASKS = Layout(
    "images+masks",
    "images/ and masks/ with files of the same name, also below train/, val/ and test/",
    lambda root: root.is_dir() and bool(find_pairs(root)),
    _read_images_and_masks,
)
METU_SEGMENTATION = Layout("metu-segmentation", "METU's rgb/ and BW/", _is_metu, _read_metu)
MASKS_BESIDE = Layout(
    "masks-beside", "photos and their masks in one folder: a.jpg, a_mask.png", _is_beside, _read_beside
)
