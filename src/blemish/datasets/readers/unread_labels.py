"""Label files that lie beside unlabelled images and that no reader understands: they may mark defects."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from blemish.datasets.readers.folders import composed
from blemish.datasets.readers.label_places import LABEL_FOLDERS
from blemish.datasets.sample import Sample

_SUFFIXES = frozenset({".txt", ".json", ".xml", ".csv", ".mat", ".npy", ".npz", ".jsonl", ".manifest"})
_TABLES = frozenset({".json", ".xml", ".csv", ".jsonl", ".manifest", ".tsv"})
_READ_BYTES = 1 << 18
_NAMES_LOOKED_FOR = 20


def find_unread_labels(samples: Iterable[Sample]) -> tuple[Path, ...]:
    """Files that belong to images of unknown truth by their name, or that name such images inside.

    Looked through are the folders of the images, the folders for labels beside these, and the folder above.
    """
    images = [sample.path for sample in samples if sample.defective is None and sample.masks is None]
    stems = {composed(image.stem) for image in images}
    names = [image.name.encode() for image in images[:_NAMES_LOOKED_FOR]]
    found: set[Path] = set()
    for folder in sorted({image.parent for image in images}):
        for place in _places(folder):
            for file in _files(place):
                is_table = file.suffix.lower() in _TABLES and _names_any(file, names)
                if is_table or (file.suffix.lower() in _SUFFIXES and composed(file.stem) in stems):
                    found.add(file)
    return tuple(sorted(found))


def _places(folder: Path) -> list[Path]:
    """The folder, the one above, and folders for labels in and beside it."""
    near = [folder, folder.parent]
    labels = [
        place / entry.name
        for place in near
        for entry in _entries(place)
        if entry.is_dir() and entry.name.casefold() in LABEL_FOLDERS
    ]
    return [*near, *labels, *(place / folder.name for place in labels if (place / folder.name).is_dir())]


def _files(folder: Path) -> list[Path]:
    return [folder / entry.name for entry in _entries(folder) if entry.is_file() and not entry.name.startswith(".")]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _names_any(file: Path, names: list[bytes]) -> bool:
    try:
        with file.open("rb") as stream:
            start = stream.read(_READ_BYTES)
    except OSError:
        return False
    return any(name in start for name in names)
