"""Pascal VOC and CVAT masks: ``JPEGImages``, ``SegmentationClass``, and a ``labelmap.txt`` with colours."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blemish.datasets.masks import FileMask
from blemish.datasets.readers.folders import (
    DEFECT,
    UNLABELLED,
    NormalNames,
    composed,
    has_images,
    look,
    mask_of,
    masks_by_stem,
    note_on_folders,
    split_of,
    with_splits_in_words,
)
from blemish.datasets.readers.label_map import read_label_map
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import FREE
from blemish.datasets.sample import ClassMask, Sample, Split
from blemish.text import counted

_IMAGES, _MASKS, _OBJECTS, _SETS = "jpegimages", "segmentationclass", "segmentationobject", "imagesets"


def listed_splits(root: Path, kind: str) -> dict[str, Split]:
    """Splits by the stem of the image, from ``ImageSets/<kind>/train.txt`` and the like."""
    sets = look(root).find((_SETS,))
    folder = look(sets).find((kind.casefold(),)) if sets is not None else None
    splits: dict[str, Split] = {}
    for file in sorted(folder.glob("*.txt")) if folder is not None else []:
        split = split_of(file.stem)
        if split is not None:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            splits |= {composed(line.split()[0]).rsplit("/", 1)[-1]: split for line in lines if line.strip()}
    return splits


def _is_voc(root: Path) -> bool:
    if not root.is_dir():
        return False
    images, masks = look(root).find((_IMAGES,)), look(root).find((_MASKS,))
    return images is not None and masks is not None and has_images(images) and has_images(masks)


def _read(root: Path, names: NormalNames) -> Found:
    listing = look(root)
    folder, mask_folder = listing.find((_IMAGES,)), listing.find((_MASKS,))
    assert folder is not None
    assert mask_folder is not None
    masks, splits = masks_by_stem(mask_folder), listed_splits(root, "Segmentation")
    colours = read_label_map(root, names)

    def sample(image: Path) -> Sample:
        mask, split = mask_of(image, masks), splits.get(composed(image.stem))
        if mask is None:
            return Sample(image, UNLABELLED, split=split)
        if colours is None:
            return Sample(image, DEFECT, masks=(ClassMask(DEFECT, FileMask(mask, image)),), split=split)
        parts = colours.masks(image, mask)
        return Sample(image, "+".join(part.label for part in parts) or FREE, bool(parts), parts, split=split)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        samples = list(pool.map(sample, look(folder).images))
    missing = sum(sample.masks is None for sample in samples)
    notes = [f"{counted(missing, 'image')} without a mask: extent not known."] * bool(missing)
    known = {folder, mask_folder, *(listing.find((name,)) for name in (_OBJECTS, _SETS, "annotations"))}
    notes += note_on_folders(child for child in listing.folders if child not in known)
    words = with_splits_in_words("Pascal VOC masks", (sample.split for sample in samples))
    classes = tuple(colours.defects) if colours is not None else (DEFECT,)
    used = {mask.label for sample in samples for mask in sample.masks or ()}
    return Found(words, samples, tuple(label for label in classes if label in used), notes)


VOC_MASKS = Layout(
    "voc-masks",
    "Pascal VOC or CVAT masks: JPEGImages/, SegmentationClass/ and, if there is one, labelmap.txt",
    _is_voc,
    _read,
)
