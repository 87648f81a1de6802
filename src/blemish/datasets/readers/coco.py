"""COCO annotations: a JSON file with images, categories and outlines or run lengths, and the images near it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blemish.datasets.coco_masks import CountsMask, PolygonMask
from blemish.datasets.masks import OutlineMask
from blemish.datasets.readers.csv_files import beside, check_exist
from blemish.datasets.readers.folders import NormalNames, look, note_on_unlisted, split_folders, split_of
from blemish.datasets.readers.json_files import load_object
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import Drawn, Outlines
from blemish.datasets.sample import Split
from blemish.errors import DataError
from blemish.text import counted

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
    outlines = Outlines(names)
    notes: list[str] = []
    files = _find_files(path)
    declared: dict[str, None] = {}
    for file in files:
        document = load_object(file, 'COCO: it must hold "images", "annotations" and "categories"')
        categories = _categories(document, file)
        declared |= dict.fromkeys(categories.values())
        try:
            annotations = _by_image(document)
            images = document["images"]
            paths = _locate([image["file_name"] for image in images], file, root)
            split = _split(file)
            for image, path in zip(images, paths, strict=True):
                outlines.add(
                    path, _drawn(outlines, path, image, annotations.pop(image["id"], []), categories, file), split
                )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f'"{file}" is not valid COCO: {type(error).__name__} at {error}; export it again.'
            ) from error
        strangers = sum(map(len, annotations.values()))
        if strangers:
            notes.append(f'{counted(strangers, "annotation")} in "{file.name}" of images that it does not list.')
    classes = outlines.classes(declared)
    idle = [label for label in declared if label not in classes and label not in names]
    notes += [f"{counted(len(idle), 'category', 'categories')} without any annotation: {', '.join(idle)}."] * bool(idle)
    notes += note_on_unlisted(sample.path for sample in outlines.samples)
    return Found(
        f"COCO ({', '.join(file.name for file in files)})", outlines.samples, classes, notes + outlines.notes()
    )


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


def _drawn(
    outlines: Outlines,
    path: Path,
    image: dict[str, Any],
    annotations: list[dict[str, Any]],
    categories: dict[int, str],
    file: Path,
) -> list[Drawn]:
    """The objects of one image, by class in the order of the categories."""
    drawn: dict[str, list[Drawn]] = {label: [] for label in categories.values()}
    for annotation in annotations:
        where = f'Annotation {annotation.get("id", "without an id")} of "{path.name}" in "{file}"'
        label = categories.get(int(annotation["category_id"]))
        if label is None:
            raise DataError(f"{where} has the category {annotation['category_id']}, which the file does not declare.")
        size_px = int(image["height"]), int(image["width"])
        drawn[label].append(_object(outlines, label, annotation.get("segmentation"), path, size_px, where))
    return [each for objects in drawn.values() for each in objects]


def _object(
    outlines: Outlines, label: str, segmentation: Any, image: Path, size_px: tuple[int, int], where: str
) -> Drawn:
    if not segmentation:
        return Drawn(label)
    if isinstance(segmentation, dict):
        counts = segmentation["counts"]
        height_px, width_px = (int(side) for side in segmentation["size"])
        runs = counts if isinstance(counts, str) else tuple(map(int, counts))
        source = CountsMask(runs, height_px, width_px, where)
        try:
            source.checked()
        except DataError:
            outlines.leave_out(where)
            return Drawn(label, is_broken=True)
        return Drawn(label, OutlineMask(source, image, (height_px, width_px), where))
    polygons = [tuple(map(float, polygon)) for polygon in segmentation]
    usable = tuple(polygon for polygon in polygons if outlines.is_outline(polygon, where))
    if not usable:
        return Drawn(label, is_broken=True)
    return Drawn(label, OutlineMask(PolygonMask(usable, *size_px, where), image, size_px, where))


COCO = Layout(
    "coco",
    "a COCO file (JSON) with its images beside it or in images/",
    lambda path: bool(_find_files(path)),
    _read,
)
