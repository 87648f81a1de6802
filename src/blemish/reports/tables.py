"""Findings as tables: ``cracks.csv``, ``images.csv``, ``regions.csv``, and ``cracks.jsonl`` with a line per crack."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from blemish.files import write_text
from blemish.measurement.crack import Crack
from blemish.measurement.scale import Scale
from blemish.reports.document import Document, ImageFindings, size_of
from blemish.reports.records import sizes_record

_SIZES = ("length", "mean_width", "median_width", "p95_width", "max_width")
_UNCERTAINTIES = ("width_uncertainty", "length_uncertainty")
_CRACK_COLUMNS = (
    "image",
    "crack",
    "network",
    "grade",
    "grades_within_uncertainty",
    *(f"{name}_mm" for name in (*_SIZES, *_UNCERTAINTIES)),
    *(f"{name}_px" for name in (*_SIZES, *_UNCERTAINTIES)),
    "max_width_x_px",
    "max_width_y_px",
    "orientation_deg",
    "direction",
    "branches",
    "tortuosity",
    "closed",
    "touches_border",
    "area_px",
    "area_width_px",
    "image_fraction",
    "score",
    "mm_per_px",
    "scale_source",
)
_IMAGE_COLUMNS = (
    "image",
    "verdict",
    "score",
    "p_value",
    "cracks",
    "worst_grade",
    "max_width_mm",
    "total_length_mm",
    "length_per_area_m_per_m2",
    "max_width_px",
    "total_length_px",
    "regions",
    "defect_area_px",
    "defect_area_fraction",
    "width_px",
    "height_px",
    "mm_per_px",
    "scale_source",
    "notes",
    "error",
)
_REGION_COLUMNS = (
    "image",
    "region",
    "label",
    "score",
    "mean_score",
    "area_mm2",
    "area_px",
    "equivalent_diameter_px",
    "elongation",
    "orientation_deg",
    "x_px",
    "y_px",
    "width_px",
    "height_px",
    "centroid_x_px",
    "centroid_y_px",
)


def write_csv(document: Document, out: Path) -> list[Path]:
    """Write ``images.csv``, and ``cracks.csv`` and ``regions.csv`` where there can be any: UTF-8 that Excel knows.

    Returns:
        The files written.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    written = [_write(out / "images.csv", _IMAGE_COLUMNS, (_image_row(document, image) for image in document.images))]
    if document.measured:
        rows = (_crack_row(document, image, crack) for image, crack in document.cracks())
        written.append(_write(out / "cracks.csv", _CRACK_COLUMNS, rows))
    if any(image.regions for image in document.images):
        written.append(_write(out / "regions.csv", _REGION_COLUMNS, _region_rows(document)))
    return written


def write_jsonl(document: Document, out: Path) -> list[Path]:
    """Write ``cracks.jsonl``: a line per crack, as in ``findings.jsonl``, with its image, scale and grade.

    Returns:
        The file written.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    lines = []
    for image, crack in document.cracks():
        scale = None if image.scale is None else image.scale.to_record()
        record = {"image": image.name, **crack.to_record(), "grade": document.grade_of(crack), "scale": scale}
        lines.append(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
    target = out / "cracks.jsonl"
    write_text(target, "".join(lines))
    return [target]


def length_per_area(image: ImageFindings) -> float | None:
    """Metres of crack per square metre of surface; None without a scale, or where perspective hides the area."""
    if image.scale is None or image.scale.to_plane is not None or image.size_px is None:
        return None
    area_mm2 = image.size_px[0] * image.size_px[1] * image.scale.mm_per_px**2
    return 1000 * sum(size_of(crack, "length", "mm") or 0.0 for crack in image.cracks or ()) / area_mm2


def _crack_row(document: Document, image: ImageFindings, crack: Crack) -> dict[str, Any]:
    record = sizes_record(crack)
    return {
        **{name: record.get(name) for name in _CRACK_COLUMNS},
        **_scale(image.scale),
        "image": image.name,
        "crack": crack.number,
        "grade": document.grade_of(crack),
        "grades_within_uncertainty": "; ".join(document.grades_within(crack)),
        "max_width_x_px": record["max_width_at"][0],
        "max_width_y_px": record["max_width_at"][1],
    }


def _image_row(document: Document, image: ImageFindings) -> dict[str, Any]:
    cracks = image.cracks or ()
    width_px, height_px = image.size_px or (None, None)
    area_px = sum(region.area_px for region in image.regions)
    worst = max(cracks, key=lambda crack: size_of(crack, "max_width", "mm") or 0.0, default=None)
    row = {
        **_scale(image.scale),
        "image": image.name,
        "verdict": image.verdict,
        "score": image.score,
        "p_value": image.p_value,
        "cracks": None if image.cracks is None else len(cracks),
        "worst_grade": None if worst is None else document.grade_of(worst),
        "length_per_area_m_per_m2": _rounded(length_per_area(image)),
        "regions": len(image.regions),
        "defect_area_px": area_px,
        "defect_area_fraction": None
        if image.size_px is None
        else round(area_px / (image.size_px[0] * image.size_px[1]), 6),
        "width_px": width_px,
        "height_px": height_px,
        "notes": "; ".join(image.notes),
        "error": image.error,
    }
    for unit in ("mm", "px"):
        lengths = [size_of(crack, "length", unit) for crack in cracks]
        widths = [size_of(crack, "max_width", unit) for crack in cracks]
        row[f"total_length_{unit}"] = (
            _rounded(sum(length for length in lengths if length is not None)) if cracks else None
        )
        row[f"max_width_{unit}"] = _rounded(max((width for width in widths if width is not None), default=None))
    return row


def _region_rows(document: Document) -> Iterable[dict[str, Any]]:
    for image in document.images:
        scale = image.scale if image.scale is not None and image.scale.to_plane is None else None
        for number, region in enumerate(image.regions, start=1):
            x, y, width, height = region.bbox_px
            yield {
                "image": image.name,
                "region": number,
                "label": region.label,
                "score": _rounded(region.score),
                "mean_score": _rounded(region.mean_score),
                "area_mm2": None if scale is None else _rounded(region.area_px * scale.mm_per_px**2),
                "area_px": region.area_px,
                "equivalent_diameter_px": _rounded(region.equivalent_diameter_px),
                "elongation": _rounded(region.elongation),
                "orientation_deg": _rounded(region.orientation_deg),
                "x_px": x,
                "y_px": y,
                "width_px": width,
                "height_px": height,
                "centroid_x_px": _rounded(region.centroid_px[0]),
                "centroid_y_px": _rounded(region.centroid_px[1]),
            }


def _scale(scale: Scale | None) -> dict[str, Any]:
    return {"mm_per_px": scale and scale.mm_per_px, "scale_source": scale and scale.source}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _write(target: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Path:
    text = io.StringIO()
    table = csv.DictWriter(text, columns)
    table.writeheader()
    table.writerows(rows)
    # Excel takes a table for one in the local code page unless it begins with a byte order mark.
    write_text(target, "\ufeff" + text.getvalue())
    return target
