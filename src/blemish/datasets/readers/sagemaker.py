"""Manifests of Amazon SageMaker Ground Truth and Lookout for Vision: a JSON object with ``source-ref`` on every line.

The images and masks are looked for beside the manifest by the end of their addresses: ``s3://bucket/a/b.jpg`` is
``a/b.jpg`` or ``b.jpg``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from blemish.datasets.mask_values.layer import pack
from blemish.datasets.readers.colour_classes import ColourClasses
from blemish.datasets.readers.csv_files import check_exist
from blemish.datasets.readers.folders import UNLABELLED, NormalNames, look, split_of, with_splits_in_words
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import Drawn, Outlines
from blemish.datasets.sample import Sample, Split
from blemish.errors import DataError

_SUFFIXES = {".manifest", ".jsonl"}
_SOURCE = "source-ref"
_BACKGROUND = "background"


def _find_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if _is_manifest(path) else []
    listing = look(path)
    folders = [path, *(folder for folder in listing.folders if folder.name.casefold() in {"manifests", "annotations"})]
    return [file for folder in folders for file in look(folder).others if _is_manifest(file)]


def _is_manifest(file: Path) -> bool:
    if file.suffix.lower() not in _SUFFIXES or not file.is_file():
        return False
    with file.open("rb") as lines:
        return f'"{_SOURCE}"'.encode() in lines.readline(1 << 20)


def _read(path: Path, names: NormalNames) -> Found:
    outlines = Outlines(names)
    bare: list[Sample] = []
    files = _find_files(path)
    for file in files:
        split = _split(file)
        lines = list(_lines(file))
        images = [_locate(str(line[_SOURCE]), file) for _, line in lines]
        check_exist(images, file)
        for (number, line), image in zip(lines, images, strict=True):
            try:
                drawn = _objects(line, image, file, names)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(
                    f'Line {number} of "{file}" is not valid: {type(error).__name__} at {error}; export it again.'
                ) from error
            if drawn is None:
                bare.append(Sample(image, UNLABELLED, split=split))
            else:
                outlines.add(image, drawn, split)
    samples = outlines.samples + bare
    notes = [f"{len(bare)} lines without a label: not known whether defective."] * bool(bare)
    words = with_splits_in_words(f"manifest ({', '.join(file.name for file in files)})", (s.split for s in samples))
    return Found(words, samples, outlines.classes(), notes + outlines.notes())


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, text in enumerate(file.read_bytes().splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f'Line {number} of "{file}" is not valid JSON: it is damaged or cut off.') from error
        if not isinstance(line, dict) or _SOURCE not in line:
            raise DataError(f'Line {number} of "{file}" names no image: it must hold "{_SOURCE}".')
        yield number, line


def _split(file: Path) -> Split | None:
    words = (split_of(word) for word in file.stem.replace("-", "_").replace(".", "_").split("_"))
    return next((split for split in words if split is not None), None)


def _locate(address: str, file: Path) -> Path:
    parts = PurePosixPath(address.removeprefix("s3://")).parts
    for folder in (file.parent, file.parent.parent):
        for start in range(len(parts)):
            candidate = folder.joinpath(*parts[start:])
            if candidate.is_file():
                return candidate
        for name in ("images", "masks"):
            if (folder / name / parts[-1]).is_file():
                return folder / name / parts[-1]
    return file.parent / parts[-1]


def _objects(line: dict[str, Any], image: Path, file: Path, names: NormalNames) -> list[Drawn] | None:
    """The objects that a line names, by masks where there are some; None where it has no label at all."""
    facts = {key.removesuffix("-metadata"): value for key, value in line.items() if key.endswith("-metadata")}
    masked: list[Drawn] = []
    labelled: list[Drawn] = []
    is_labelled = False
    for name, about in facts.items():
        value = line.get(name)
        is_labelled |= value is not None
        if "internal-color-map" in about:
            mask = _locate(str(value), file)
            check_exist([mask], file, kind="mask")
            parts = _colour_classes(about["internal-color-map"], file, names).masks(image, mask)
            masked += [Drawn(part.label, part.source) for part in parts]
        elif isinstance(value, dict) and "annotations" in value:
            kinds = about.get("class-map", {})
            labelled += [
                Drawn(kinds.get(str(each["class_id"]), f"class {each['class_id']}")) for each in value["annotations"]
            ]
        elif "class-name" in about:
            labelled.append(Drawn(str(about["class-name"])))
    if not is_labelled:
        return None
    # An image-level label beside a mask says less than the mask, unless the mask is missing.
    return masked or labelled


def _colour_classes(entries: dict[str, Any], file: Path, names: NormalNames) -> ColourClasses:
    codes = {}
    for entry in entries.values():
        colour = str(entry["hex-color"]).lstrip("#")
        codes[str(entry["class-name"])] = pack(*(int(colour[place : place + 2], 16) for place in (0, 2, 4)))
    defects = {label: code for label, code in codes.items() if label.casefold() != _BACKGROUND and label not in names}
    return ColourClasses(file, defects, frozenset(codes.values()) - frozenset(defects.values()))


SAGEMAKER = Layout(
    "sagemaker",
    "a manifest of SageMaker or Lookout for Vision: JSON lines with source-ref, images beside it",
    lambda path: path.exists() and bool(_find_files(path)),
    _read,
)
