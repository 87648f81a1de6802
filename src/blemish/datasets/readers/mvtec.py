"""MVTec AD and LOCO AD: ``train/good``, ``test/<class>``, ``ground_truth/<class>/*_mask.png``."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets.readers.class_folders import class_folders, class_sample, defect_classes, note_on_normal
from blemish.datasets.readers.folders import (
    NormalNames,
    composed,
    look,
    masks_by_stem,
    note_on_folders,
    split_folders,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.sample import Sample
from blemish.text import counted


def _is_mvtec(root: Path) -> bool:
    if not root.is_dir():
        return False
    truth = look(root).find(("ground_truth",))
    splits = split_folders(look(root))
    return truth is not None and "test" in splits.values() and any(class_folders(folder) for folder in splits)


def _read_mvtec(root: Path, names: NormalNames) -> Found:
    listing = look(root)
    truth = listing.find(("ground_truth",))
    samples: list[Sample] = []
    notes: list[str] = []
    for place, split in split_folders(listing).items():
        folders = class_folders(place)
        for folder in folders:
            label = composed(folder.name)
            mask_folder = truth / folder.name if truth is not None and split != "train" else None
            images = look(folder).images
            masks = _masks_by_stem(mask_folder) if mask_folder is not None and mask_folder.is_dir() else {}
            found = {image: masks.get(composed(image.stem), ()) for image in images}
            samples += [class_sample(image, label, names, split, *found[image]) for image in images]
            missing = sum(not files for files in found.values())
            if missing and label not in names:
                notes.append(f'{counted(missing, "image")} of "{label}" without a mask: extent not known.')
        notes += note_on_folders(child for child in look(place).folders if child not in folders)
    known = {*split_folders(listing), truth}
    notes += note_on_folders(child for child in listing.folders if child not in known)
    words = "MVTec AD (train/good, test/<class>, ground_truth/<class>)"
    return Found(words, samples, defect_classes(samples), notes + note_on_normal(samples))


def _masks_by_stem(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The masks of each image: one file, or in MVTec LOCO AD a folder of them, one for each defect."""
    several = {composed(child.name): look(child).images for child in look(folder).folders}
    return several | {stem: (path,) for stem, path in masks_by_stem(folder).items()}


MVTEC = Layout("mvtec", "MVTec AD: train/good, test/<class>, ground_truth/<class>", _is_mvtec, _read_mvtec)
