"""Findings as tables: ``findings.csv``, ``cracks.csv``, ``regions.csv``, and ``cracks.jsonl`` with a line per crack."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO

from blemish.files import replacing, write_text
from blemish.findings import TABLE_NAME, Finding, crack_record
from blemish.measurement.crack import Crack, Millimetres
from blemish.measurement.regions import Region
from blemish.measurement.scale import Scale
from blemish.reports.document import Document, largest_width, size_of

_IMAGE_COLUMNS = (
    "image",
    "path",
    "verdict",
    "score",
    "p_value",
    "surface_score",
    "label",
    "cracks",
    "worst_grade",
    "max_width_mm",
    "total_length_mm",
    "length_per_area_m_per_m2",
    "max_width_px",
    "unreliable_widths",
    "total_length_px",
    "regions",
    "defect_area_px",
    "defect_area_mm2",
    "defect_area_fraction",
    "worst_bbox_px",
    "worst_area_px",
    "worst_area_mm2",
    "worst_length_px",
    "worst_length_mm",
    "worst_contrast",
    "width_px",
    "height_px",
    "mm_per_px",
    "scale_source",
    "problems",
    "notes",
    "error",
)
# Of a crack everything but its line; what is a pair or a list stands in columns of its own.
_APART = {
    *("number", "network", "grade", "grades_within", "max_width_at", "mm"),
    *("polyline_px", "widths_px", "width_uncertainties_px", "width_flags"),
}
_MM = tuple(own.name for own in fields(Millimetres) if own.name not in _APART)
_CRACK_COLUMNS = (
    "image",
    "crack",
    "network",
    "grade",
    "grades_within_uncertainty",
    *(f"{name}_mm" for name in _MM),
    "max_width_x_px",
    "max_width_y_px",
    *(own.name for own in fields(Crack) if own.name not in _APART),
    "width_flags",
    "mm_per_px",
    "scale_source",
)
_WORST = ("area_px", "area_mm2", "length_px", "length_mm", "contrast")
_REGION_COLUMNS = (
    "image",
    "region",
    *(own.name for own in fields(Region) if own.name not in {"bbox_px", "centroid_px"}),
    "x_px",
    "y_px",
    "box_width_px",
    "box_height_px",
    "centroid_x_px",
    "centroid_y_px",
)

# What a spreadsheet takes for the beginning of a formula, in text; "" is no part of it.
_FORMULA = tuple("=+-@\t\r")


def write_csv(document: Document, out: Path) -> list[Path]:
    """Write ``findings.csv``, and ``cracks.csv`` and ``regions.csv`` where there can be any: UTF-8 that Excel knows.

    Returns:
        The files written.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    written = [write_table(out / TABLE_NAME, _IMAGE_COLUMNS, map(_image_row, document.images))]
    if document.measured:
        rows = (_crack_row(image, crack) for image, crack in document.cracks())
        written.append(write_table(out / "cracks.csv", _CRACK_COLUMNS, rows))
    if any(image.regions for image in document.images):
        written.append(write_table(out / "regions.csv", _REGION_COLUMNS, _region_rows(document)))
    return written


def image_table(file: TextIO) -> Callable[[Finding], None]:
    """Begin ``findings.csv`` in an open file; the function that is returned appends the row of a finding."""
    table = csv.DictWriter(file, _IMAGE_COLUMNS)
    table.writeheader()
    return lambda finding: table.writerow(_inert(_image_row(finding)))


def write_jsonl(document: Document, out: Path) -> list[Path]:
    """Write ``cracks.jsonl``: a line per crack, as in ``findings.jsonl``, with its image and scale.

    Returns:
        The file written.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    lines = []
    for image, crack in document.cracks():
        record = {"image": image.image, **crack_record(crack), **image.model_dump(mode="json", include={"scale"})}
        lines.append(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
    target = out / "cracks.jsonl"
    write_text(target, "".join(lines))
    return [target]


def length_per_area(image: Finding) -> float | None:
    """Metres of crack per square metre of surface; None without a scale, or where perspective hides the area."""
    if image.scale is None or image.scale.to_plane is not None or image.size_px is None:
        return None
    area_mm2 = image.size_px[0] * image.size_px[1] * image.scale.mm_per_px**2
    return 1000 * sum(size_of(crack, "length", "mm") or 0.0 for crack in image.cracks or ()) / area_mm2


def _crack_row(image: Finding, crack: Crack) -> dict[str, Any]:
    record = crack_record(crack, line=False)
    x, y = record["max_width_at"]
    return {
        **{name: record.get(name) for name in _CRACK_COLUMNS},
        **{f"{name}_mm": value for name, value in (record["mm"] or {}).items() if name in _MM},
        "width_flags": "; ".join(f"{flag} {part:.0%}" for flag, part in crack.flag_fractions.items()),
        **_scale(image.scale),
        "image": image.image,
        "crack": crack.number,
        "grades_within_uncertainty": "; ".join(crack.grades_within),
        "max_width_x_px": x,
        "max_width_y_px": y,
    }


def _image_row(image: Finding) -> dict[str, Any]:
    cracks, regions = image.cracks or (), image.regions
    width_px, height_px = image.size_px or (None, None)
    area_px = sum(region.area_px for region in regions)
    worst = max(cracks, key=lambda crack: size_of(crack, "max_width", "mm") or 0.0, default=None)
    row = {
        **_scale(image.scale),
        "image": image.image,
        "path": image.path,
        "verdict": image.verdict,
        "score": image.score,
        "p_value": image.p_value,
        "surface_score": image.surface_score,
        "label": image.label,
        "cracks": None if image.cracks is None else len(cracks),
        "unreliable_widths": None if image.cracks is None else sum(not crack.width_is_reliable for crack in cracks),
        "worst_grade": None if worst is None else worst.grade,
        "length_per_area_m_per_m2": _rounded(length_per_area(image)),
        "regions": len(regions),
        "defect_area_px": area_px,
        "defect_area_fraction": None
        if image.size_px is None
        else round(area_px / (image.size_px[0] * image.size_px[1]), 6),
        "worst_bbox_px": " ".join(map(str, regions[0].bbox_px)) if regions else None,
        "width_px": width_px,
        "height_px": height_px,
        "problems": "; ".join(image.problems),
        "notes": "; ".join(image.notes),
        "error": image.error,
    }
    if regions:
        worst_region = regions[0]
        row |= {f"worst_{name}": _rounded(getattr(worst_region, name)) for name in _WORST}
        areas_mm2 = [region.area_mm2 for region in regions if region.area_mm2 is not None]
        row["defect_area_mm2"] = _rounded(sum(areas_mm2)) if areas_mm2 else None
    for unit in ("mm", "px"):
        lengths = [size_of(crack, "length", unit) for crack in cracks]
        known = [length for length in lengths if length is not None]
        row[f"total_length_{unit}"] = _rounded(sum(known)) if known else None
        row[f"max_width_{unit}"] = _rounded(largest_width(cracks, unit))
    return row


def _region_rows(document: Document) -> Iterable[dict[str, Any]]:
    for image in document.images:
        for number, region in enumerate(image.regions, start=1):
            x, y, width, height = region.bbox_px
            own = {name: getattr(region, name) for name in _REGION_COLUMNS if hasattr(region, name)}
            yield {
                **{name: _rounded(value) if isinstance(value, float) else value for name, value in own.items()},
                "image": image.image,
                "region": number,
                "x_px": x,
                "y_px": y,
                "box_width_px": width,
                "box_height_px": height,
                "centroid_x_px": _rounded(region.centroid_px[0]),
                "centroid_y_px": _rounded(region.centroid_px[1]),
            }


def _scale(scale: Scale | None) -> dict[str, Any]:
    return {"mm_per_px": scale and scale.mm_per_px, "scale_source": scale and scale.source}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def write_table(target: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Path:
    """Write a CSV table in which no text is a formula; ``target``. Raises BlemishError where it cannot be written."""
    # Excel takes a table for one in the local code page unless it begins with a byte order mark.
    with replacing(target) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(map(_inert, rows))
    return target


def _inert(row: dict[str, Any]) -> dict[str, Any]:
    """A row in which no text is a formula to a spreadsheet: an image can be called ``=HYPERLINK(…)``."""
    return {
        name: f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value for name, value in row.items()
    }
