"""YOLO-seg: ``yolo/data.yaml`` and a text file for each image in ``yolo/labels/``, in the image's own sub-folder.

With the inspected images in ``yolo/images/`` it is a data set that YOLO and `blemish.datasets` read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from blemish.files import write_text
from blemish.reports.annotations import annotated_images, class_names, label_files
from blemish.reports.document import Document
from blemish.reports.outlines import Ring

FOLDER = "yolo"


def write_yolo(document: Document, out: Path) -> list[Path]:
    """Write the label files, empty where nothing was found, and ``data.yaml`` with the names of the classes.

    Returns:
        The files written.

    Raises:
        DataError: an image's size or mask was not recorded, or two images would share a label file.
        BlemishError: ``out`` cannot be written to.
    """
    names = class_names(document)
    files = label_files(document, out / FOLDER / "labels", ".txt")
    head = {"path": ".", "train": "images", "val": "images", "names": dict(enumerate(names))}
    written = [out / FOLDER / "data.yaml"]
    write_text(written[0], yaml.safe_dump(head, allow_unicode=True, sort_keys=False))
    for image, size_px, outlines in annotated_images(document):
        lines = [
            f"{names.index(outline.label)} "
            + " ".join(f"{value:.7g}" for value in (_apart_from_boxes(outline.ring) / size_px).ravel())
            for outline in outlines
        ]
        write_text(files[image.image], "".join(f"{line}\n" for line in lines))
        written.append(files[image.image])
    return written


def _apart_from_boxes(ring: Ring) -> Ring:
    """A rectangle with a fifth point: four corners alone are what rotated boxes look like in this format."""
    if len(ring) != 4:
        return ring
    middle = (ring[0] + ring[1]) / 2
    return np.insert(ring.astype(np.float64), 1, middle, axis=0)
