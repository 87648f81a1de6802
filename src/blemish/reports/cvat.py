"""CVAT for images 1.1: one ``annotations.xml`` with polygons, to upload to a task that holds the same images."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from blemish.files import write_bytes
from blemish.reports.annotations import annotated_images, class_names
from blemish.reports.document import Document

CVAT_NAME = "annotations.xml"
# What XML cannot hold in any form.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_cvat(document: Document, out: Path) -> list[Path]:
    """Write ``annotations.xml``: every inspected image, with sub-folders in its name, and a polygon for each outline.

    Returns:
        The file written.

    Raises:
        DataError: an image's size or mask was not recorded.
        BlemishError: ``out`` cannot be written to.
    """
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    labels = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task"), "labels")
    for name in class_names(document):
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = _fit(name)
        ElementTree.SubElement(label, "attributes")
    for number, (image, (width_px, height_px), outlines) in enumerate(annotated_images(document)):
        facts = {"id": str(number), "name": _fit(image.image), "width": str(width_px), "height": str(height_px)}
        entry = ElementTree.SubElement(root, "image", facts)
        for outline in outlines:
            shape = {
                "label": _fit(outline.label),
                "source": "auto",
                "occluded": "0",
                "points": ";".join(f"{x:.2f},{y:.2f}" for x, y in outline.ring.tolist()),
                "z_order": "0",
                "group_id": str(outline.group),
            }
            ElementTree.SubElement(entry, "polygon", shape)
    ElementTree.indent(root)
    target = out / CVAT_NAME
    write_bytes(target, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
    return [target]


def _fit(text: str) -> str:
    return _UNFIT.sub("�", text)
