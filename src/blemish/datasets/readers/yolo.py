"""YOLO: a text file for each image, a line for each object: class, then a box or an outline in fractions of the image.

Class names stand in a ``data.yaml``, or in ``classes.txt`` or ``obj.names``. As YOLO has it, an image with an empty
label file or without one shows no defect.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from blemish.datasets.coco_masks import fill_polygon
from blemish.datasets.readers.folders import DEFECT, NormalNames, split_of, with_splits_in_words
from blemish.datasets.readers.label_places import LabelPlace, files_with, label_places
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import Drawn, Outlines
from blemish.datasets.sample import CompleteMask, Split
from blemish.errors import DataError, ImageError
from blemish.images import image_size_px
from blemish.text import counted

_BOX, _ROTATED_BOX = 4, 8
_NAME_FILES = ("classes.txt", "obj.names", "_darknet.labels")
_LOOKED_AT = 20
_MAX_COSINE = 0.05
_SPLIT_KEYS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class FractionMask(CompleteMask):
    """An outline in fractions of the image, as it is shown.

    Attributes:
        numbers: x0, y0, x1, y1, …, from 0 to 1.
        where: what messages call it.
    """

    numbers: tuple[float, ...]
    where: str

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective."""
        sides = np.tile([width_px, height_px], len(self.numbers) // 2)
        return fill_polygon(tuple((np.asarray(self.numbers) * sides).tolist()), height_px, width_px, where=self.where)


def _places(root: Path) -> list[LabelPlace]:
    """Where images and label files lie: as ``data.yaml`` says, else as the folders are named."""
    if not root.is_dir():
        return []
    places = _from_yaml(root) or label_places(root, ".txt")
    files = [label for place in places for _, label in place.pairs(".txt") if label is not None]
    written = [file for file in files if file.stat().st_size][:_LOOKED_AT]
    is_empty = not written and bool(files) and _names_file(root) is not None
    return places if is_empty or (written and all(_rows(file) for file in written)) else []


def _rows(file: Path) -> list[list[float]]:
    """The lines of a label file as numbers; [] where it is something else."""
    try:
        rows = [[float(cell) for cell in line.split()] for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):  # UnicodeDecodeError is a ValueError
        return []
    rows = [row for row in rows if row]
    is_yolo = all(len(row) > _BOX and row[0] >= 0 and row[0].is_integer() for row in rows)
    # A few exporters let an outline run a little over the edge.
    return rows if is_yolo and all(-0.5 <= value <= 1.5 for row in rows for value in row[1:]) else []


def _read(root: Path, names: NormalNames) -> Found:
    places = _places(root)
    pairs = [(image, label, place.split) for place in places for image, label in place.pairs(".txt")]
    rows = {label: _rows_checked(label) for _, label, _ in pairs if label is not None}
    has_rotated_boxes = _are_rotated_boxes(
        [(image, row[1:]) for image, label, _ in pairs if label is not None for row in rows[label]]
    )
    named = _class_names(root)
    largest = max((int(row[0]) for each in rows.values() for row in each), default=0)
    outlines = Outlines(names)
    bare = 0
    seen: set[Path] = set()
    for image, label, split in pairs:
        if image.resolve() in seen:  # "val: images/train", as small demonstrations have it
            continue
        seen.add(image.resolve())
        bare += label is None
        drawn = []
        for number, row in enumerate(rows.get(label, []) if label is not None else [], start=1):
            name = named.get(int(row[0]), DEFECT if not named and largest == 0 else f"class {int(row[0])}")
            drawn.append(_object(outlines, name, tuple(row[1:]), has_rotated_boxes, f'line {number} of "{label}"'))
        outlines.add(image, drawn, split)
    notes = [f"{counted(bare, 'image')} without a label file: no defect, as YOLO has it."] * bool(bare)
    notes += ["Rotated boxes are no outlines."] * has_rotated_boxes
    unnamed = sorted({int(row[0]) for kept in rows.values() for row in kept} - set(named)) if named else []
    if unnamed:
        notes.append(f"The label files use {counted(len(unnamed), 'class', 'classes')} without a name: {unnamed[0]}.")
    words = with_splits_in_words("YOLO labels", (sample.split for sample in outlines.samples))
    classes = outlines.classes([named[place] for place in sorted(named)])
    return Found(words, outlines.samples, classes, notes + outlines.notes())


def _object(outlines: Outlines, name: str, numbers: tuple[float, ...], has_rotated_boxes: bool, where: str) -> Drawn:
    if len(numbers) == _BOX or (has_rotated_boxes and len(numbers) == _ROTATED_BOX):
        return Drawn(name)
    if not outlines.is_outline(numbers, where):
        return Drawn(name, is_broken=True)
    return Drawn(name, FractionMask(numbers, where))


def _are_rotated_boxes(objects: list[tuple[Path, list[float]]]) -> bool:
    """Whether all outlines of a set have four points that make a rectangle, as YOLO writes rotated boxes."""
    outlines = [(image, numbers) for image, numbers in objects if len(numbers) > _BOX]
    if not outlines or any(len(numbers) != _ROTATED_BOX for _, numbers in outlines):
        return False
    return all(_is_rectangle(image, numbers) for image, numbers in outlines[:_LOOKED_AT])


def _is_rectangle(image: Path, numbers: list[float]) -> bool:
    try:
        height_px, width_px = image_size_px(image)
    except ImageError:
        return True
    corners = np.reshape(numbers, (4, 2)) * [width_px, height_px]
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(sides, axis=1)
    cosines = (sides * np.roll(sides, -1, axis=0)).sum(axis=1) / np.maximum(lengths * np.roll(lengths, -1), 1e-9)
    return bool((np.abs(cosines) < _MAX_COSINE).all())


def _rows_checked(file: Path) -> list[list[float]]:
    rows = _rows(file)
    if not rows and file.read_bytes().strip():
        raise DataError(
            f'The label file "{file}" is not YOLO\'s: each line must hold a class number, then a box or an outline in '
            "fractions of the image."
        )
    return rows


def _names_file(root: Path) -> Path | None:
    """The file with the class names: in the root, or up to two folders above where the root is a part of the set."""
    for folder in (root, *list(root.resolve().parents)[:2]):
        for file in [*files_with(folder, ".yaml"), *files_with(folder, ".yml")]:
            if "names" in _yaml(file):
                return file
        for name in _NAME_FILES:
            for file in (folder / name, folder / "labels" / name, folder / "train" / name):
                if file.is_file():
                    return file
    return None


def _class_names(root: Path) -> dict[int, str]:
    file = _names_file(root)
    if file is None:
        return {}
    if file.suffix.lower() in {".yaml", ".yml"}:
        names = _yaml(file)["names"]
        pairs = names.items() if isinstance(names, dict) else enumerate(names or [])
    else:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        pairs = enumerate(line.strip() for line in lines if line.strip())
    try:
        return {int(number): str(name) for number, name in pairs}
    except (TypeError, ValueError) as error:
        raise DataError(
            f'"{file}" does not name the classes: "names" must be a list, or numbers with names.'
        ) from error


def _yaml(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return document if isinstance(document, dict) else {}


def _from_yaml(root: Path) -> list[LabelPlace]:
    """The folders that ``train``, ``val`` and ``test`` of a yaml file in the root name, as far as they are there."""
    places = []
    for file in [*files_with(root, ".yaml"), *files_with(root, ".yml")]:
        document = _yaml(file)
        if "names" not in document:
            continue
        for key in _SPLIT_KEYS:
            entries = document.get(key, document.get("valid") if key == "val" else None)
            for entry in entries if isinstance(entries, list) else [entries]:
                images = _folder(file, document.get("path"), entry) if isinstance(entry, str) else None
                if images is not None:
                    places.append(LabelPlace(images, _labels_of(images), split_of(key)))
    return places


def _folder(file: Path, base: Any, entry: str) -> Path | None:
    """The folder of images that an entry means; exporters write ``../train/images`` whatever the folder is."""
    relative = entry.removeprefix("../")
    bases = [file.parent / base] if isinstance(base, str) else []
    for start in [*bases, file.parent]:
        for path in (start / relative, start / relative / "images"):
            if path.is_dir() and any(
                label is not None for _, label in LabelPlace(path, _labels_of(path)).pairs(".txt")
            ):
                return path
    return None


def _labels_of(images: Path) -> Path:
    """Where YOLO looks for the labels: the last ``images`` of the path replaced by ``labels``."""
    parts = list(images.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    labels = Path(*parts)
    return labels if labels.is_dir() else images


YOLO = Layout(
    "yolo",
    "YOLO: images and a text file each, beside them or in labels/, with data.yaml or classes.txt",
    lambda path: bool(_places(path)),
    _read,
)
