"""COCO annotations: a JSON file with images, categories and outlines or run lengths, and the images near it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blemish.datasets.coco_masks import CountsMask, PolygonMask
from blemish.datasets.masks import UnionMask
from blemish.datasets.readers.folders import NormalNames, counted, look, split_folders, split_of
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.tables import beside, check_exist
from blemish.datasets.sample import ClassMask, MaskSource, Sample, Split
from blemish.errors import DataError

FREE = "good"
_KEYS = (b'"images"', b'"annotations"', b'"categories"')


def _find_files(path: Path) -> list[Path]:
    """The annotation files of a data set: the file itself, or those in the folder, ``annotations/`` and the splits."""
    if not path.is_dir():
        return [path] if path.suffix.lower() == ".json" and _is_coco(path) else []
    listing = look(path)
    annotations = listing.find(("annotations", "labels"))
    places = [path, *([annotations] if annotations is not None else []), *split_folders(listing)]
    files = [file for place in places for file in look(place).others if file.suffix.lower() == ".json"]
    # COCO's own download has captions and key points beside the outlines.
    instances = [file for file in files if file.name.startswith("instances")]
    return [file for file in instances or files if _is_coco(file)]


def _is_coco(file: Path) -> bool:
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return all(key in content for key in _KEYS)


def _read(path: Path, names: NormalNames) -> Found:
    root = path if path.is_dir() else path.parent
    samples: list[Sample] = []
    notes: list[str] = []
    files = _find_files(path)
    declared: dict[str, None] = {}
    for file in files:
        document = _load(file)
        categories = _categories(document, file)
        declared |= dict.fromkeys(categories.values())
        try:
            annotations = _by_image(document)
            images = document["images"]
            paths = _locate([image["file_name"] for image in images], file, root)
            split = _split(file)
            for image, path in zip(images, paths, strict=True):
                samples.append(_sample(path, image, annotations.get(image["id"], []), categories, names, split, file))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f'"{file}" is not valid COCO: {type(error).__name__} at {error}; export it again.'
            ) from error
    used = {label for sample in samples for label in sample.label.split("+") if sample.defective}
    used |= {mask.label for sample in samples for mask in sample.masks or ()}
    classes = tuple(label for label in declared if label in used)
    idle = [label for label in declared if label not in used and label not in names]
    notes += [f"{counted(len(idle), 'category', 'categories')} without any annotation: {', '.join(idle)}."] * bool(idle)
    boxes = sum(bool(sample.defective) and sample.masks is None for sample in samples)
    notes += [f"{counted(boxes, 'image')} with boxes but no outline: extent not known."] * bool(boxes)
    return Found(f"COCO ({', '.join(file.name for file in files)})", samples, classes, notes)


def _load(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f'"{file}" is not valid JSON: it is damaged or cut off.') from error
    if not isinstance(document, dict):
        raise DataError(f'"{file}" is not valid COCO: it must hold "images", "annotations" and "categories".')
    return document


def _categories(document: dict[str, Any], file: Path) -> dict[int, str]:
    try:
        return {int(entry["id"]): str(entry["name"]) for entry in sorted(document["categories"], key=lambda c: c["id"])}
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f'"{file}" is not valid COCO: each category needs an "id" and a "name".') from error


def _by_image(document: dict[str, Any]) -> dict[Any, list[dict[str, Any]]]:
    annotations: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for annotation in document["annotations"]:
        annotations[annotation["image_id"]].append(annotation)
    return annotations


def _locate(file_names: list[str], file: Path, root: Path) -> list[Path]:
    """Where the images lie: beside the file, in ``images/``, or in a folder named like the file."""
    parents = (
        (file.parent, file.parent.parent)
        if file.parent.name.casefold() in {"annotations", "labels"}
        else (file.parent,)
    )
    stem = file.stem.removeprefix("instances_")
    places = [place for parent in parents for place in _image_places(parent, stem)] + [root]
    found = []
    for name in file_names:
        hit = next((place for place in places if beside(place, name).is_file()), places[0])
        found.append(beside(hit, name))
        places.sort(key=lambda place: place != hit)  # the next image lies most likely in the same folder
    check_exist(found, file)
    return found


def _image_places(parent: Path, stem: str) -> Iterator[Path]:
    yield parent
    for name in ("images", stem, f"images/{stem}", "train", "val", "test"):
        yield parent / name


def _split(file: Path) -> Split | None:
    words = file.stem.casefold().replace("-", "_").replace(".", "_").split("_")
    # COCO writes the year behind the split: instances_train2017.
    from_name = (split_of(word.rstrip("0123456789")) for word in words)
    return next((split for split in from_name if split is not None), split_of(file.parent.name))


def _sample(
    path: Path,
    image: dict[str, Any],
    annotations: list[dict[str, Any]],
    categories: dict[int, str],
    names: NormalNames,
    split: Split | None,
    file: Path,
) -> Sample:
    parts: dict[str, list[MaskSource]] = defaultdict(list)
    has_extent = True
    where = f'The annotation of "{path.name}" in "{file}"'
    for annotation in annotations:
        label = categories.get(int(annotation["category_id"]))
        if label is None:
            raise DataError(f"{where} has the category {annotation['category_id']}, which the file does not declare.")
        if label in names:
            continue
        source = _source(annotation.get("segmentation"), int(image["height"]), int(image["width"]), where)
        has_extent &= source is not None
        parts[label] += [source] if source is not None else []
    order = [label for label in categories.values() if label in parts]
    masks = tuple(
        ClassMask(label, UnionMask(tuple(parts[label])) if len(parts[label]) > 1 else parts[label][0])
        for label in order
        if parts[label]
    )
    return Sample(
        path, "+".join(order) or FREE, defective=bool(parts), masks=masks if has_extent else None, split=split
    )


def _source(segmentation: Any, height_px: int, width_px: int, where: str) -> MaskSource | None:
    if not segmentation:
        return None
    if isinstance(segmentation, dict):
        counts = segmentation["counts"]
        height_px, width_px = (int(side) for side in segmentation["size"])
        return CountsMask(counts if isinstance(counts, str) else tuple(map(int, counts)), height_px, width_px, where)
    polygons = tuple(tuple(map(float, polygon)) for polygon in segmentation)
    return PolygonMask(polygons, height_px, width_px, where)


COCO = Layout(
    "coco",
    "a COCO file (JSON) with its images beside it or in images/",
    lambda path: bool(_find_files(path)),
    _read,
)
