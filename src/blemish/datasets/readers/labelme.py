"""labelme: a JSON file for each image, with its outlines and the image's name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from blemish.datasets.readers.folders import UNLABELLED, NormalNames, with_splits_in_words
from blemish.datasets.readers.json_files import load_object, peek_object
from blemish.datasets.readers.label_places import LabelPlace, label_places
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import Drawn, Outlines
from blemish.datasets.sample import Sample
from blemish.errors import DataError
from blemish.text import counted

_KEYS = {"shapes", "imagePath"}
_LOOKED_AT = 5
_CIRCLE_POINTS = 64


def _places(root: Path) -> list[LabelPlace]:
    places = label_places(root, ".json")
    files = [label for place in places for _, label in place.pairs(".json") if label is not None][:_LOOKED_AT]
    return places if files and all(peek_object(file, _KEYS) is not None for file in files) else []


def _read(root: Path, names: NormalNames) -> Found:
    outlines = Outlines(names)
    bare: list[Sample] = []
    for place in _places(root):
        for image, file in place.pairs(".json"):
            if file is None:
                bare.append(Sample(image, UNLABELLED, split=place.split))
                continue
            document = load_object(file, "labelme")
            try:
                size_px = int(document["imageHeight"]), int(document["imageWidth"])
                shapes = list(enumerate(document["shapes"], start=1))
                drawn = [_object(outlines, shape, image, size_px, f'shape {n} of "{file}"') for n, shape in shapes]
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise DataError(
                    f'"{file}" is not valid labelme: {type(error).__name__} at {error}; save it again.'
                ) from error
            outlines.add(image, drawn, place.split)
    notes = [f"{counted(len(bare), 'image')} without a JSON file: not known whether defective."] * bool(bare)
    samples = outlines.samples + bare
    words = with_splits_in_words("labelme", (sample.split for sample in samples))
    return Found(words, samples, outlines.classes(), notes + outlines.notes())


def _object(outlines: Outlines, shape: dict[str, Any], image: Path, size_px: tuple[int, int], where: str) -> Drawn:
    label, points = str(shape["label"]), [(float(x), float(y)) for x, y in shape["points"]]
    kind = shape.get("shape_type") or "polygon"
    if kind == "circle":
        (x, y), (edge_x, edge_y) = points
        radius = math.hypot(edge_x - x, edge_y - y)
        turns = [2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS)]
        points = [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]
    elif kind != "polygon":
        return Drawn(label)  # rectangles, points and lines have no extent
    return outlines.polygon(label, [value for point in points for value in point], image, size_px, where)


LABELME = Layout(
    "labelme",
    "labelme: a JSON file with the outlines beside each image",
    lambda path: path.is_dir() and bool(_places(path)),
    _read,
)
