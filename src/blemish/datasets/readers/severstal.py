"""Severstal's steel sheets: images and a ``train.csv`` of run lengths, one row per image and class.

Two dialects: ``ImageId,ClassId,EncodedPixels`` names only defective images, so images that stand in the folder and
not in the table are free of defects (47 % of the original set); the older ``ImageId_ClassId,EncodedPixels`` has a
row for every image and class, empty where there is no defect.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from blemish.datasets.readers.csv_files import beside, check_exist, header_of, read_rows
from blemish.datasets.readers.folders import NormalNames, composed, has_images, look, note_on_folders
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.run_lengths import RunLengthMask
from blemish.datasets.sample import ClassMask, Sample
from blemish.errors import DataError
from blemish.text import counted

FREE = "good"
_IMAGE_FOLDERS = ("train_images", "images", "train")


def _find_table(path: Path) -> Path | None:
    if path.is_dir():
        tables = [file for file in look(path).others if file.suffix.lower() == ".csv"]
        # The download also holds a sample submission with the same columns.
        tables.sort(key=lambda file: (file.name.casefold() != "train.csv", file.name))
        tables = [file for file in tables if "submission" not in file.name.casefold()]
    else:
        tables = [path] if path.suffix.lower() == ".csv" else []
    return next((table for table in tables if _is_severstal(header_of(table))), None)


def _is_severstal(header: tuple[str, ...]) -> bool:
    return "EncodedPixels" in header and ({"ImageId", "ClassId"} <= set(header) or "ImageId_ClassId" in header)


def _read(path: Path, names: NormalNames) -> Found:
    table = _find_table(path)
    assert table is not None
    listing = look(table.parent)
    named = [folder for folder in (listing.find((name,)) for name in _IMAGE_FOLDERS) if folder is not None]
    folder = next((folder for folder in [*named, table.parent] if has_images(folder)), None)
    if folder is None:
        raise DataError(
            f'There are no images beside the table "{table}"; put them in "train_images" or "images" next to it.'
        )
    runs = _runs_by_image(table)
    check_exist((beside(folder, image) for image in runs), table)
    samples = [_sample(path, runs.get(composed(path.name), {}), table) for path in look(folder).images]
    classes = tuple(sorted({mask.label for sample in samples for mask in sample.masks or ()}, key=_numeric))
    free = sum(not sample.defective for sample in samples)
    several = sum(len(sample.masks or ()) > 1 for sample in samples)
    notes = [f"{counted(free, 'image')} without a run in the table: free of defects."] * bool(free)
    notes += [f"{counted(several, 'image')} with more than one class."] * bool(several)
    notes += note_on_folders(child for child in listing.folders if child != folder)
    return Found(f"Severstal ({table.name} with run lengths)", samples, classes, notes)


def _runs_by_image(table: Path) -> dict[str, dict[str, str]]:
    """Run lengths by image and class; images that the table names only in empty rows have no class."""
    runs: dict[str, dict[str, str]] = defaultdict(dict)
    for number, row in enumerate(read_rows(table), start=2):
        if "ImageId_ClassId" in row:
            image, _, label = row["ImageId_ClassId"].rpartition("_")
        else:
            image, label = row["ImageId"], row["ClassId"]
        if not image or (not label and row["EncodedPixels"]):
            raise DataError(f'Row {number} of the table "{table}" does not name an image and a class.')
        by_class = runs[composed(image)]
        if row["EncodedPixels"]:
            # One image and class may stand in several rows, one per defect.
            by_class[label] = f"{by_class[label]} {row['EncodedPixels']}" if label in by_class else row["EncodedPixels"]
    return runs


def _sample(path: Path, runs: dict[str, str], table: Path) -> Sample:
    masks = tuple(
        ClassMask(label, RunLengthMask(runs[label], f'the run lengths of "{path.name}", class {label}, in "{table}"'))
        for label in sorted(runs, key=_numeric)
    )
    return Sample(path, "+".join(mask.label for mask in masks) or FREE, defective=bool(masks), masks=masks)


def _numeric(label: str) -> tuple[int, str]:
    return (int(label), label) if label.isdecimal() else (1 << 31, label)


SEVERSTAL = Layout(
    "severstal",
    "Severstal's train.csv (ImageId,ClassId,EncodedPixels) and its images",
    lambda path: _find_table(path) is not None,
    _read,
)
