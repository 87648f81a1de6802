"""VIA (VGG Image Annotator): a JSON file or project with the regions of all images of its folder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blemish.datasets.readers.csv_files import beside, check_exist
from blemish.datasets.readers.folders import (
    DEFECT,
    NormalNames,
    look,
    note_on_unlisted,
    split_folders,
    split_of,
    with_splits_in_words,
)
from blemish.datasets.readers.json_files import load_object
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import Drawn, Outlines
from blemish.errors import DataError, ImageError
from blemish.images import image_size_px

_PROJECT = "_via_img_metadata"
_CIRCLE_POINTS = 64


def _find_files(path: Path) -> list[Path]:
    """The file itself, or those in the folder, its splits and ``annotations/``."""
    if path.is_dir():
        listing = look(path)
        annotations = listing.find(("annotations", "labels"))
        folders = [path, *split_folders(listing), *([annotations] if annotations is not None else [])]
        files = [file for folder in folders for file in look(folder).others]
    else:
        files = [path]
    return [file for file in files if file.suffix.lower() == ".json" and _entries(file)]


def _entries(file: Path) -> list[dict[str, Any]]:
    """One entry for each image; [] where the file is something else."""
    if b'"regions"' not in file.read_bytes():
        return []
    try:
        document = load_object(file, "VIA")
    except DataError:
        return []
    entries = list(document.get(_PROJECT, document).values())
    is_via = all(isinstance(entry, dict) and {"filename", "regions"} <= entry.keys() for entry in entries)
    return entries if is_via else []


def _read(path: Path, names: NormalNames) -> Found:
    outlines = Outlines(names)
    files = _find_files(path)
    for file in files:
        entries = _entries(file)
        images = [_locate(str(entry["filename"]), file) for entry in entries]
        check_exist(images, file)
        for entry, image in zip(entries, images, strict=True):
            try:
                drawn = list(_objects(outlines, entry, image, file))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(
                    f'"{file}" is not valid VIA: {type(error).__name__} at {error}; export it again.'
                ) from error
            outlines.add(image, drawn, split_of(file.parent.name))
    notes = note_on_unlisted(sample.path for sample in outlines.samples)
    words = with_splits_in_words("VIA", (sample.split for sample in outlines.samples))
    return Found(words, outlines.samples, outlines.classes(), notes + outlines.notes())


def _locate(name: str, file: Path) -> Path:
    """Beside the file, or in a folder of images there or one above."""
    places = [file.parent, file.parent / "images", file.parent.parent, file.parent.parent / "images"]
    return next((found for place in places if (found := beside(place, name)).is_file()), file.parent / name)


def _objects(outlines: Outlines, entry: dict[str, Any], image: Path, file: Path) -> Iterator[Drawn]:
    regions = entry["regions"]
    for number, region in enumerate(regions.values() if isinstance(regions, dict) else regions, start=1):
        label = _label(region.get("region_attributes") or {})
        points = _points(region["shape_attributes"])
        if points is None:
            yield Drawn(label)
            continue
        try:
            size_px = image_size_px(image)  # VIA does not say it, and shows images as their EXIF orientation does
        except ImageError:
            yield Drawn(label)
            continue
        numbers = [value for point in points for value in point]
        yield outlines.polygon(label, numbers, image, size_px, f'region {number} of "{image.name}" in "{file}"')


def _label(attributes: dict[str, Any]) -> str:
    """The first attribute that says something; of check boxes the first that is checked."""
    for value in attributes.values():
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, dict):
            checked = [name for name, is_checked in value.items() if is_checked]
            if checked:
                return str(checked[0])
    return DEFECT


def _points(shape: dict[str, Any]) -> list[tuple[float, float]] | None:
    """The outline of a polygon, circle or ellipse; None for shapes without an extent."""
    kind = shape["name"]
    if kind == "polygon":
        return [(float(x), float(y)) for x, y in zip(shape["all_points_x"], shape["all_points_y"], strict=True)]
    if kind not in {"circle", "ellipse"}:
        return None
    radii = (shape["r"], shape["r"]) if kind == "circle" else (shape["rx"], shape["ry"])
    tilt = float(shape.get("theta") or 0)
    turns = [2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS)]
    along = [(float(radii[0]) * math.cos(turn), float(radii[1]) * math.sin(turn)) for turn in turns]
    return [
        (
            float(shape["cx"]) + x * math.cos(tilt) - y * math.sin(tilt),
            float(shape["cy"]) + x * math.sin(tilt) + y * math.cos(tilt),
        )
        for x, y in along
    ]


VIA = Layout(
    "via",
    "VIA: a JSON file or project with regions, beside its images",
    lambda path: path.exists() and bool(_find_files(path)),
    _read,
)
