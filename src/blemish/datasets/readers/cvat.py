"""CVAT for images 1.1: an XML file with an entry for each image, beside the images or one folder above them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.coco_masks import CountsMask
from blemish.datasets.masks import OutlineMask
from blemish.datasets.readers.csv_files import beside, check_exist
from blemish.datasets.readers.folders import NormalNames, look, note_on_unlisted, split_of, with_splits_in_words
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import Drawn, Outlines
from blemish.errors import DataError

_HEAD_BYTES = 4096
# Attributes and image-level tags say nothing of an extent; boxes, lines and points have none.
_NO_EXTENT = ("box", "polyline", "points", "cuboid", "skeleton", "ellipse", "tag")


def _find_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.suffix.lower() == ".xml" and _is_cvat(path) else []
    listing = look(path)
    annotations = listing.find(("annotations", "labels"))
    places = [path, *([annotations] if annotations is not None else [])]
    files = [file for place in places for file in look(place).others if file.suffix.lower() == ".xml"]
    return [file for file in files if _is_cvat(file)]


def _is_cvat(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    # A VOC file has one "annotation", and CVAT's format for video has tracks.
    return b"<annotations" in head and b"<version>1.1" in head


def _read(path: Path, names: NormalNames) -> Found:
    outlines = Outlines(names)
    files = _find_files(path)
    for file in files:
        root = _parse(file)
        if root.find("track") is not None:
            raise DataError(f'"{file}" holds tracks of a video; export it as "CVAT for images 1.1".')
        entries = root.findall("image")
        images = [_locate(entry.get("name", ""), file) for entry in entries]
        check_exist(images, file)
        for entry, image in zip(entries, images, strict=True):
            try:
                drawn = list(_objects(outlines, entry, image, file))
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f'"{file}" is not valid CVAT: {type(error).__name__} at {error}; export it again.'
                ) from error
            outlines.add(image, drawn, split_of(entry.get("subset") or file.parent.name))
    notes = note_on_unlisted(sample.path for sample in outlines.samples)
    words = with_splits_in_words("CVAT for images", (sample.split for sample in outlines.samples))
    return Found(words, outlines.samples, outlines.classes(), notes + outlines.notes())


def _parse(file: Path) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(file.read_bytes())
    except OSError as error:
        raise DataError(f'The file "{file}" cannot be read: {error.strerror}.') from error
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f'"{file}" is not valid XML: it is damaged or cut off.') from error


def _locate(name: str, file: Path) -> Path:
    """Beside the file, or in a folder of images there or one above; exports for a subset name that folder too."""
    places = [file.parent, file.parent / "images", file.parent.parent, file.parent.parent / "images"]
    return next((found for place in places if (found := beside(place, name)).is_file()), file.parent / name)


def _objects(outlines: Outlines, entry: ElementTree.Element, image: Path, file: Path) -> list[Drawn]:
    size_px = int(entry.attrib["height"]), int(entry.attrib["width"])
    drawn = []
    for number, shape in enumerate(entry, start=1):
        label, where = shape.attrib["label"], f'shape {number} of "{image.name}" in "{file}"'
        if shape.tag == "polygon":
            numbers = [float(value) for point in shape.attrib["points"].split(";") for value in point.split(",")]
            drawn.append(outlines.polygon(label, numbers, image, size_px, where))
        elif shape.tag == "mask":
            drawn.append(_mask(outlines, label, shape, image, size_px, where))
        elif shape.tag in _NO_EXTENT:
            drawn.append(Drawn(label))
    return drawn


def _mask(
    outlines: Outlines, label: str, shape: ElementTree.Element, image: Path, size_px: tuple[int, int], where: str
) -> Drawn:
    """Run lengths inside a box, off and on in turn along the rows."""
    left, top, width, height = (int(float(shape.attrib[name])) for name in ("left", "top", "width", "height"))
    counts = np.array([int(value) for value in shape.attrib["rle"].split(",")], dtype=np.int64)
    fits = min(left, top) >= 0 and left + width <= size_px[1] and top + height <= size_px[0]
    if not fits or (counts < 0).any() or counts.sum() != width * height:
        outlines.leave_out(where)
        return Drawn(label, is_broken=True)
    inside = np.repeat(np.arange(counts.size) % 2 == 1, counts).reshape(height, width)
    whole = np.zeros(size_px, dtype=np.bool_)
    whole[top : top + height, left : left + width] = inside
    return Drawn(label, OutlineMask(CountsMask(_column_counts(whole), *size_px, where), image, size_px, where))


def _column_counts(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """COCO's run lengths, down the columns, beginning with those that are off."""
    line = np.concatenate([[False], mask.ravel(order="F")])
    changes = np.flatnonzero(np.diff(line))
    return tuple(np.diff(np.concatenate([[0], changes, [mask.size]])).tolist())


CVAT = Layout(
    "cvat",
    "CVAT for images: annotations.xml with its images beside it or in images/",
    lambda path: path.exists() and bool(_find_files(path)),
    _read,
)
