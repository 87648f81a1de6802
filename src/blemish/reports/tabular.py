"""A report as plain rows of text: what the PDF, the workbook and the Word file all say, in the page's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from blemish.errors import SettingsError, install_hint
from blemish.findings import VERDICTS
from blemish.reports.document import Document, largest_width, size_of
from blemish.reports.elements import element_of, elements_of
from blemish.reports.messages import GUIDE, LIMITS, WIDTHS, Messages
from blemish.reports.page import title_of, told_details
from blemish.reports.summary import summarise
from blemish.reports.width_classes import choose_classes

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading; numbers stay numbers, so that a workbook can reckon with them."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A report.

    Attributes:
        kind: what it is, above the title.
        title: of the report.
        details: client, place, … and the key numbers, each with its value.
        notes: what a reader must know first.
        tables: elements, images, cracks or regions, and what was not inspected.
        explanations: what the numbers mean.
    """

    kind: str
    title: str
    details: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    tables: tuple[Table, ...]
    explanations: tuple[str, ...]


def rows_of(document: Document) -> Rows:
    """The report of an inspection as rows, in the language of its details."""
    t, classes = Messages(document.details.lang), choose_classes(document)
    summary = summarise(document, classes)
    details = told_details(document, t)
    details += [(name, f"{value} ({remark})" if remark else value) for name, value, remark in summary.metrics]
    details += [(t(group.label), str(group.count)) for group in summary.verdicts]
    tables = [_elements(document, t), _images(document, t), _cracks(document, t), _regions(document, t)]
    tables += [Table(each.title, (t("image"), t("remarks")), each.names) for each in summary.lists]
    explanations = [t(GUIDE)] if summary.grades else []
    explanations += [t(WIDTHS), t(LIMITS)] if document.measured else []
    return Rows(
        kind=t("Inspection report"),
        title=title_of(document),
        details=tuple(details),
        notes=summary.notes,
        tables=tuple(table for table in tables if table.rows),
        explanations=tuple(explanations),
    )


def extra(module: str) -> ModuleType:
    """A package of the extra ``report``. Raises SettingsError where it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise SettingsError(
            f'This format needs the package "{package}", which is not installed: {install_hint("report")}.'
        ) from error


def _elements(document: Document, t: Messages) -> Table:
    classes = choose_classes(document)
    has_grades = document.grades is not None and classes.unit == "mm"
    labels: Sequence[str] = document.grades.labels if document.grades and has_grades else classes.labels
    severities = [t.quoted(label).partition(":")[0] if has_grades else f"{label} {classes.unit}" for label in labels]
    heads = [t("element"), t("images"), *(t(verdict) for verdict in VERDICTS), t("not inspected"), t("cracks")]
    rows = [
        (
            element.name or t("no folder"),
            element.images,
            *(element.verdicts[verdict] for verdict in VERDICTS),
            element.failed,
            element.cracks,
            *element.severities,
            _rounded(element.max_width),
        )
        for element in elements_of(document, classes)
    ]
    return Table(t("By element"), (*heads, *severities, f"{t('max width')}, {classes.unit}"), tuple(rows))


def _images(document: Document, t: Messages) -> Table:
    unit = document.unit
    heads = (
        *(t("image"), t("element"), t("verdict"), t("score"), t("cracks"), t("regions")),
        *(f"{t('max width')}, {unit}", f"{t('total length')}, {unit}"),
        *(t("taken"), t("position"), t("remarks")),
    )
    rows = []
    for image in document.worst_first():
        lengths = [size_of(crack, "length", unit) for crack in image.cracks or ()]
        position = None if image.capture is None else image.capture.position
        rows.append(
            (
                image.image,
                element_of(image),
                None if image.verdict is None else t(image.verdict),
                _rounded(image.score),
                None if image.cracks is None else len(image.cracks),
                len(image.regions),
                _rounded(largest_width(image.cracks or (), unit)),
                _rounded(sum(length for length in lengths if length is not None)) if lengths else None,
                None if image.capture is None else (image.capture.taken or "").replace("T", " "),
                None if position is None else f"{position[0]:.6f}, {position[1]:.6f}",
                t.quoted(image.error) or "; ".join(map(t.quoted, image.notes)),
            )
        )
    return Table(t("All images"), heads, tuple(rows))


def _cracks(document: Document, t: Messages) -> Table:
    heads = (t("image"), t("crack"), t("grade"), t("max width"), "±", t("mean"), t("length"), t("unit"), t("direction"))
    rows = []
    for image, crack in document.cracks():
        unit = document.unit if crack.mm is not None else "px"
        sizes = (size_of(crack, name, unit) for name in ("max_width", "width_uncertainty", "mean_width", "length"))
        grade = t.quoted(crack.grade).partition(":")[0]
        rows.append((image.image, crack.number, grade, *map(_rounded, sizes), unit, t(crack.direction)))
    rows.sort(key=lambda row: (row[7] != document.unit, -float(row[3] or 0)))
    return Table(t("Cracks"), heads, tuple(rows))


def _regions(document: Document, t: Messages) -> Table:
    unit = document.unit
    sizes = ("area_mm2", "length_mm", "width_mm") if unit == "mm" else ("area_px", "length_px", "width_px")
    heads = (
        *(t("image"), t("region"), t("kind"), t("score"), t("area, mm²") if unit == "mm" else t("area, px")),
        *(f"{t('length')}, {unit}", f"{t('width')}, {unit}", t("contrast")),
        *("x, y (px)", t("box, width × height (px)")),
    )
    rows = [
        (
            image.image,
            number,
            region.label or t("defect"),
            _rounded(region.score),
            *(_rounded(getattr(region, name)) for name in sizes),
            _rounded(region.contrast),
            f"{region.bbox_px[0]}, {region.bbox_px[1]}",
            f"{region.bbox_px[2]} × {region.bbox_px[3]}",
        )
        for image in ([] if document.measured else document.worst_first())
        for number, region in enumerate(image.regions, start=1)
    ]
    return Table(t("Regions"), heads, tuple(rows))


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
