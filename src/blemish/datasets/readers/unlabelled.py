"""Images without any label: enough to inspect, or to learn from where all are known to be normal."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets.readers.folders import (
    IMAGE_FOLDERS,
    UNLABELLED,
    NormalNames,
    has_images,
    look,
    note_on_files,
    note_on_folders,
    split_folders,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.sample import Sample, Split

HOW_TO_LABEL = 'No labels: to say that all images are normal, put them in a folder named "good" inside this one.'


def _places(root: Path) -> dict[Path, Split | None]:
    listing = look(root)
    splits: dict[Path, Split | None] = {}
    splits |= {folder: split for folder, split in split_folders(listing).items() if has_images(folder)}
    images = listing.find(IMAGE_FOLDERS)
    if splits:
        return splits
    if listing.images:
        return {root: None}
    return {images: None} if images is not None and has_images(images) else {}


def _read(root: Path, names: NormalNames) -> Found:
    chosen = _places(root)
    notes = [HOW_TO_LABEL]
    samples: list[Sample] = []
    for folder, split in chosen.items():
        listing = look(folder)
        samples += [Sample(image, UNLABELLED, split=split) for image in listing.images]
        notes += note_on_files(listing.others, "that are not images")
    if root not in chosen:
        notes += note_on_files(look(root).images, "beside the folders of images")
    notes += note_on_folders(child for child in look(root).folders if child not in chosen)
    return Found("images without labels", samples, (), notes)


UNLABELLED_IMAGES = Layout(
    "unlabelled", "a folder of images without labels", lambda root: root.is_dir() and bool(_places(root)), _read
)
