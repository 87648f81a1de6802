"""All that an inspection can be written as, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from blemish.errors import SettingsError, did_you_mean
from blemish.findings import MASKS_NAME, PAGES_NAME, REPORT_NAME
from blemish.images import write_png
from blemish.reports.annotations import check_recorded
from blemish.reports.coco import write_coco
from blemish.reports.csv_tables import write_csv, write_jsonl
from blemish.reports.cvat import CVAT_NAME, write_cvat
from blemish.reports.document import Document
from blemish.reports.dxf import write_dxf
from blemish.reports.geojson import write_geojson
from blemish.reports.label_studio import INTERFACE_NAME, TASKS_NAME, write_label_studio
from blemish.reports.labelme import write_labelme
from blemish.reports.office import DOCX_NAME, PDF_NAME, XLSX_NAME, write_docx, write_pdf, write_xlsx
from blemish.reports.page import PICTURES, write_page
from blemish.reports.positions import POSITIONS_NAME, write_positions
from blemish.reports.site import SITE_NAME
from blemish.reports.yolo import write_yolo


def write_masks(document: Document, out: Path) -> list[Path]:
    """Write ``masks/NAME.png`` for every inspected image, black where nothing was found: what training reads again.

    Returns:
        The files written.

    Raises:
        DataError: an image's size or mask was not recorded.
        BlemishError: ``out`` cannot be written to.
    """
    written = []
    for image in document.images:
        if image.error is not None:
            continue
        check_recorded(image)
        mask = document.read_mask(image)
        width_px, height_px = image.size_px or (0, 0)
        target = out / MASKS_NAME / f"{image.name}.png"
        write_png(target, np.zeros((height_px, width_px), dtype=np.bool_) if mask is None else mask)
        written.append(target)
    return written


FORMATS: dict[str, Callable[[Document, Path], list[Path]]] = {
    "html": write_page,
    "csv": write_csv,
    "jsonl": write_jsonl,
    "coco": write_coco,
    "yolo": write_yolo,
    "cvat": write_cvat,
    "labelme": write_labelme,
    "label-studio": write_label_studio,
    "geojson": write_geojson,
    "dxf": write_dxf,
    "masks": write_masks,
    "positions": write_positions,
    "pdf": write_pdf,
    "xlsx": write_xlsx,
    "docx": write_docx,
}

EDITABLE = {"xlsx": XLSX_NAME, "docx": DOCX_NAME}
"""Files of formats that people go on writing in."""

_FILES = (
    REPORT_NAME,
    PDF_NAME,
    XLSX_NAME,
    DOCX_NAME,
    POSITIONS_NAME,
    "cracks.csv",
    "regions.csv",
    "cracks.jsonl",
    "coco.json",
    "coco-polygons.json",
    CVAT_NAME,
    TASKS_NAME,
    INTERFACE_NAME,
    SITE_NAME,
    "yolo/data.yaml",
)
_FOLDERS = (
    (PAGES_NAME, "*.html"),
    (PAGES_NAME, "*.jpg"),
    ("geojson", "*.geojson"),
    ("dxf", "*.dxf"),
    ("labelme", "*.json"),
    ("yolo", "*.txt"),
)


def remove_exports(folder: Path) -> None:
    """Remove the report and all exports but masks from a folder; files of other names stay."""
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)
    for name, pattern in _FOLDERS:
        for file in (folder / name).rglob(pattern):
            file.unlink()
        # Label files stand in sub-folders: the deepest go first.
        for empty in sorted([folder / name, *(folder / name).rglob("*")], reverse=True):
            if empty.is_dir() and not any(empty.iterdir()):
                empty.rmdir()


def export(document: Document, formats: Iterable[str], out: Path, *, pictures: int = PICTURES) -> list[Path]:
    """Write an inspection in several formats.

    Args:
        document: the inspection.
        formats: names out of `FORMATS`.
        out: folder for the files.
        pictures: how many of the worst images the page shows.

    Returns:
        The files written.

    Raises:
        SettingsError: an unknown format; then nothing is written.
        DataError: the inspection lacks what a format needs.
        BlemishError: ``out`` cannot be written to.
    """
    writers: dict[str, Callable[[Document, Path], list[Path]]] = {
        **FORMATS,
        "html": partial(write_page, pictures=pictures),
    }
    chosen = list(dict.fromkeys(name.strip() for name in formats))
    for name in chosen:
        if name not in FORMATS:
            raise SettingsError(f'There is no report format "{name}".{did_you_mean(name, FORMATS)}')
    return [path for name in chosen for path in writers[name](document, out)]
