"""DAGM 2007: ``Train`` and ``Test`` with a folder ``Label`` of masks for the defective images alone."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets.masks import FileMask
from blemish.datasets.readers.folders import (
    DEFECT,
    NormalNames,
    look,
    mask_of,
    masks_by_stem,
    split_folders,
    with_splits_in_words,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import FREE
from blemish.datasets.sample import ClassMask, Sample, Split


def _places(root: Path) -> dict[Path, Split]:
    """Split folders with images and a folder of masks that are called ``0001_label.PNG``."""
    if not root.is_dir():
        return {}
    found = {}
    for folder, split in split_folders(look(root)).items():
        labels = look(folder).find(("label",))
        masks = look(labels).images if labels is not None else ()
        if masks and look(folder).images and all(mask.stem.casefold().endswith("_label") for mask in masks):
            found[folder] = split
    return found


def _read(root: Path, names: NormalNames) -> Found:
    samples = []
    for folder, split in _places(root).items():
        masks = masks_by_stem(
            folder / next(child.name for child in look(folder).folders if child.name.casefold() == "label")
        )
        for image in look(folder).images:
            mask = mask_of(image, masks)
            parts = (ClassMask(DEFECT, FileMask(mask, image)),) if mask is not None else ()
            samples.append(Sample(image, DEFECT if parts else FREE, bool(parts), parts, split=split))
    words = with_splits_in_words("DAGM (a mask for each defective image)", (sample.split for sample in samples))
    return Found(words, samples, (DEFECT,), ["Images without a mask are normal, as DAGM has it."])


DAGM = Layout("dagm", "DAGM: Train/ and Test/, each with images and Label/", lambda root: bool(_places(root)), _read)
