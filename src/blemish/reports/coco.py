"""COCO annotations: ``coco.json`` with exact run lengths, ``coco-polygons.json`` with outlines for drawing tools.

Both hold the same images and annotations, one annotation per connected component, and cover the same pixels. COCO's
polygons cannot have holes, so a component with holes is several of them, side by side.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from blemish.files import write_text
from blemish.findings import Finding
from blemish.reports.annotations import check_recorded, class_names, label_of
from blemish.reports.document import Document
from blemish.reports.outlines import OutlinedComponent, outline_components, rings_without_holes


def write_coco(document: Document, out: Path) -> list[Path]:
    """Write both files.

    Returns:
        The files written.

    Raises:
        DataError: an image's size or mask was not recorded.
        BlemishError: ``out`` cannot be written to.
    """
    # Numbers are those of the inspection, so that an image keeps its own when others fail.
    inspected = {number: image for number, image in enumerate(document.images, start=1) if image.error is None}
    for image in inspected.values():
        check_recorded(image)
    labels = class_names(document)
    images = [
        {"id": number, "file_name": image.image, "width": image.size_px[0], "height": image.size_px[1]}
        for number, image in inspected.items()
        if image.size_px is not None
    ]
    exact: list[dict[str, Any]] = []
    outlined: list[dict[str, Any]] = []
    for number, image in inspected.items():
        mask = document.read_mask(image)
        for component in () if mask is None else outline_components(mask, image.regions):
            shared = _annotation(len(exact) + 1, number, component, labels)
            exact.append({**shared, "segmentation": _counts(component, mask.shape if mask is not None else (0, 0))})
            outlined.append({**shared, "segmentation": _polygons(component, image)})
    info = {
        "description": f"Found by blemish in {document.folder.name}",
        "version": document.run and document.run.blemish,
    }
    categories = [{"id": number, "name": label} for number, label in enumerate(labels, start=1)]
    written = []
    for name, entries in (("coco.json", exact), ("coco-polygons.json", outlined)):
        record = {"info": info, "images": images, "annotations": entries, "categories": categories}
        write_text(out / name, json.dumps(record, ensure_ascii=False) + "\n")
        written.append(out / name)
    return written


def _annotation(number: int, image_number: int, component: OutlinedComponent, labels: list[str]) -> dict[str, Any]:
    label = label_of(component)
    annotation = {
        "id": number,
        "image_id": image_number,
        "category_id": labels.index(label) + 1 if label in labels else 1,
        "bbox": list(component.bbox_px),
        "area": component.area_px,
        "iscrowd": 0,
    }
    return annotation if component.region is None else {**annotation, "score": component.region.score}


def _counts(component: OutlinedComponent, shape: tuple[int, ...]) -> dict[str, Any]:
    """Uncompressed run lengths: how many pixels off, on, off, …, down the columns first."""
    starts, lengths = component.runs.T
    ends = starts + lengths
    off = starts - np.concatenate([[0], ends[:-1]])
    counts = np.column_stack([off, lengths]).ravel().tolist()
    rest = shape[0] * shape[1] - int(ends[-1])
    return {"size": [shape[0], shape[1]], "counts": [*counts, rest] if rest else counts}


def _polygons(component: OutlinedComponent, image: Finding) -> list[list[int]]:
    height_px = 0 if image.size_px is None else image.size_px[1]
    return [ring.ravel().tolist() for ring in rings_without_holes(component, height_px)]
