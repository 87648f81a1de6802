"""MVTec AD 2: ``train/good``, ``validation/good``, and ``test_public`` with the ``ground_truth`` inside."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets.readers.class_folders import class_folders, class_sample, defect_classes
from blemish.datasets.readers.folders import (
    NormalNames,
    composed,
    look,
    mask_of,
    masks_by_stem,
    note_on_folders,
    split_folders,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.sample import Sample, Split
from blemish.text import counted

_TEST = "test_public"
_PRIVATE = ("test_private", "test_private_mixed")


def _is_ad2(root: Path) -> bool:
    if not root.is_dir():
        return False
    test = look(root).find((_TEST,))
    return test is not None and bool(class_folders(test)) and bool(split_folders(look(root)))


def _read(root: Path, names: NormalNames) -> Found:
    listing = look(root)
    test = listing.find((_TEST,))
    assert test is not None
    places: dict[Path, Split] = {**split_folders(listing), test: "test"}
    truth = look(test).find(("ground_truth",))
    samples: list[Sample] = []
    for place, split in places.items():
        for folder in class_folders(place):
            mask_folder = truth / folder.name if truth is not None and place == test else None
            masks = masks_by_stem(mask_folder) if mask_folder is not None and mask_folder.is_dir() else {}
            label = composed(folder.name)
            samples += [
                class_sample(image, label, names, split, mask_of(image, masks)) for image in look(folder).images
            ]
    private = [folder for folder in listing.folders if folder.name.casefold() in _PRIVATE]
    hidden = sum(len(look(folder).images) for folder in private)
    notes = [f"Left out {counted(hidden, 'private test image')}, whose labels are not public."] * bool(hidden)
    missing = sum(bool(sample.defective) and sample.masks is None for sample in samples)
    notes += [f"{counted(missing, 'image')} without a mask: extent not known."] * bool(missing)
    notes += note_on_folders(child for child in listing.folders if child not in {*places, *private})
    return Found("MVTec AD 2 (train, validation, test_public)", samples, defect_classes(samples), notes)


MVTEC_AD2 = Layout(
    "mvtec-ad2", "MVTec AD 2: train/good, validation/good, test_public/{good,bad,ground_truth}", _is_ad2, _read
)
