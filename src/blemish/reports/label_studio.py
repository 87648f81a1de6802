"""Label Studio: tasks with outlines to begin from, and the labelling interface that shows them.

The images come from a local storage of Label Studio, below whose root they lie as they did below the inspected folder.
What was drawn there comes back as the COCO that Label Studio exports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from blemish.files import write_bytes, write_text
from blemish.reports.annotations import Outline, annotated_images, class_names
from blemish.reports.document import Document

TASKS_NAME, INTERFACE_NAME = "label-studio.json", "label-studio.xml"


def write_label_studio(document: Document, out: Path) -> list[Path]:
    """Write ``label-studio.json``, a task for each inspected image, and ``label-studio.xml``, the interface.

    Returns:
        The files written.

    Raises:
        DataError: an image's size or mask was not recorded.
        BlemishError: ``out`` cannot be written to.
    """
    tasks = [
        {
            "data": {"image": f"/data/local-files/?d={quote(image.image)}"},
            "predictions": [
                {
                    "model_version": "" if document.run is None else document.run.detector.method,
                    "score": image.score,
                    "result": [_polygon(outline, size_px, number) for number, outline in enumerate(outlines, 1)],
                }
            ],
        }
        for image, size_px, outlines in annotated_images(document)
    ]
    write_text(out / TASKS_NAME, json.dumps(tasks, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", name="image", value="$image", zoom="true")
    labels = ElementTree.SubElement(view, "PolygonLabels", name="label", toName="image")
    for name in class_names(document):
        ElementTree.SubElement(labels, "Label", value=name)
    ElementTree.indent(view)
    write_bytes(out / INTERFACE_NAME, ElementTree.tostring(view, encoding="utf-8") + b"\n")
    return [out / TASKS_NAME, out / INTERFACE_NAME]


def _polygon(outline: Outline, size_px: tuple[int, int], number: int) -> dict[str, Any]:
    """An outline in hundredths of the image's size."""
    width_px, height_px = size_px
    points = [[100 * x / width_px, 100 * y / height_px] for x, y in outline.ring.astype(float).tolist()]
    return {
        "id": str(number),
        "type": "polygonlabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": width_px,
        "original_height": height_px,
        "image_rotation": 0,
        "value": {"points": points, "closed": True, "polygonlabels": [outline.label]},
    } | ({} if outline.score is None else {"score": outline.score})
