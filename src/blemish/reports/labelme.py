"""labelme: ``labelme/NAME.json`` for each image, in the image's own sub-folder, which points to the image."""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
from typing import Any

from blemish.files import write_text
from blemish.findings import Finding
from blemish.reports.annotations import annotated_images, label_files
from blemish.reports.document import Document

FOLDER = "labelme"
_VERSION = "5.5.0"


def write_labelme(document: Document, out: Path) -> list[Path]:
    """Write a JSON file for each inspected image, without shapes where nothing was found.

    Returns:
        The files written.

    Raises:
        DataError: an image's size or mask was not recorded, or two images would share a label file.
        BlemishError: ``out`` cannot be written to.
    """
    files = label_files(document, out / FOLDER, ".json")
    for image, (width_px, height_px), outlines in annotated_images(document):
        record: dict[str, Any] = {
            "version": _VERSION,
            "flags": {},
            "shapes": [
                {
                    "label": outline.label,
                    "points": outline.ring.astype(float).tolist(),
                    "group_id": outline.group,
                    "description": "" if outline.score is None else f"score {outline.score:.6g}",
                    "shape_type": "polygon",
                    "flags": {},
                }
                for outline in outlines
            ],
            "imagePath": _path_to(image, document, files[image.image].parent),
            "imageData": None,
            "imageHeight": height_px,
            "imageWidth": width_px,
        }
        write_text(files[image.image], json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    return list(files.values())


def _path_to(image: Finding, document: Document, folder: Path) -> str:
    """The image as labelme looks for it, from the file's own folder; its name where it is no longer there."""
    found = document.find_image(image)
    if found is None:
        return PurePosixPath(image.image).name
    try:
        return Path(os.path.relpath(found, folder)).as_posix()
    except ValueError:  # on another drive
        return found.resolve().as_posix()
