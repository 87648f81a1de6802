"""``report.pdf``, ``report.xlsx`` and ``report.docx``: the report for those who hand in documents and not pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError, ImageError
from blemish.files import write_bytes
from blemish.findings import Finding
from blemish.images import read_image
from blemish.reports.document import Document
from blemish.reports.overlays import outline
from blemish.reports.tabular import Cell, Rows, Table, extra, rows_of

PDF_NAME, XLSX_NAME, DOCX_NAME = "report.pdf", "report.xlsx", "report.docx"
_PICTURES, _PICTURE_PX = 20, 1000
# Longer tables are for a workbook.
_MAX_ROWS = 200
# What neither XML nor a workbook's cell can hold.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_KOREAN_FONT = "HYGothic-Medium"


def write_pdf(document: Document, out: Path) -> list[Path]:
    """Write ``report.pdf``, A4. Letters beyond Western ones are set in a font that PDF readers bring for Korean.

    Raises:
        SettingsError: reportlab is not installed.
        BlemishError: ``out`` cannot be written to.
    """
    platypus, units = extra("reportlab.platypus"), extra("reportlab.lib.units")
    sizes = extra("reportlab.lib.pagesizes")
    report, file = rows_of(document), BytesIO()
    style = _pdf_styles(document, report)
    width = sizes.A4[0] - 30 * units.mm
    story: list[Any] = [_paragraph(report.kind, style["small"]), _paragraph(report.title, style["title"])]
    facts = [[_paragraph(name, style["small"]), _paragraph(value, style["text"])] for name, value in report.details]
    story.append(platypus.Table(facts, colWidths=[width * 0.3, width * 0.7], hAlign="LEFT"))
    story += [_paragraph(note, style["note"]) for note in report.notes]
    for name, picture in _pictures(document):
        height_px, width_px = picture.shape[:2]
        across = min(width, 110 * units.mm * width_px / height_px)
        shown = platypus.Image(BytesIO(_jpeg(picture)), width=across, height=across * height_px / width_px)
        story.append(platypus.KeepTogether([_paragraph(name, style["head"]), shown]))
    for table in report.tables:
        story += [_paragraph(table.title, style["head"]), _pdf_table(table, style, width)]
    story += [_paragraph(text, style["text"]) for text in report.explanations]

    def number(canvas: Any, page: Any) -> None:
        canvas.setFont(style["text"].fontName, 8)
        canvas.drawRightString(sizes.A4[0] - 15 * units.mm, 8 * units.mm, str(page.page))

    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), 15 * units.mm)
    made = platypus.SimpleDocTemplate(file, pagesize=sizes.A4, title=report.title, author="", invariant=1, **margins)
    made.build(story, onFirstPage=number, onLaterPages=number)
    return _written(out / PDF_NAME, file)


def write_xlsx(document: Document, out: Path) -> list[Path]:
    """Write ``report.xlsx``: a sheet with the head, and one for each table, with filters.

    Raises:
        SettingsError: openpyxl is not installed.
        BlemishError: ``out`` cannot be written to.
    """
    openpyxl, styles = extra("openpyxl"), extra("openpyxl.styles")
    report, file = rows_of(document), BytesIO()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = report.kind[:31]
    rows: list[tuple[Cell, ...]] = [(report.title,), *report.details, *((note,) for note in report.notes)]
    _fill(sheet, [*rows, *((text,) for text in report.explanations)])
    sheet["A1"].font = styles.Font(bold=True, size=14)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 50
    for table in report.tables:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", table.title)[:31])
        _fill(sheet, [table.heads, *table.rows])
        sheet.freeze_panes, sheet.auto_filter.ref = "A2", sheet.dimensions
        for number, head in enumerate(table.heads, start=1):
            sheet.cell(1, number).font = styles.Font(bold=True)
            longest = max((len(str(row[number - 1] or "")) for row in table.rows[:_MAX_ROWS]), default=0)
            sheet.column_dimensions[sheet.cell(1, number).column_letter].width = min(60, max(len(head), longest) + 3)
    book.save(file)
    return _written(out / XLSX_NAME, file)


def write_docx(document: Document, out: Path) -> list[Path]:
    """Write ``report.docx``: the report to go on writing in.

    Raises:
        SettingsError: python-docx is not installed.
        BlemishError: ``out`` cannot be written to.
    """
    docx, shared = extra("docx"), extra("docx.shared")
    report, file = rows_of(document), BytesIO()
    made = docx.Document()
    made.styles["Normal"].font.size = shared.Pt(9)
    made.add_paragraph(_fit(report.kind))
    made.add_heading(_fit(report.title), 0)
    _docx_table(made, Table("", ("", ""), report.details))
    for note in report.notes:
        made.add_paragraph(_fit(note), style="List Bullet")
    for name, picture in _pictures(document):
        made.add_heading(_fit(name), 2)
        height_px, width_px = picture.shape[:2]
        made.add_picture(BytesIO(_jpeg(picture)), width=shared.Mm(min(150, 110 * width_px / height_px)))
    for table in report.tables:
        made.add_heading(_fit(table.title), 1)
        _docx_table(made, table)
    for text in report.explanations:
        made.add_paragraph(_fit(text))
    made.save(file)
    return _written(out / DOCX_NAME, file)


def _pictures(document: Document) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The worst images with outlines, as far as they can be read."""
    wanted = [image for image in document.worst_first() if image.error is None][:_PICTURES]
    for image in wanted:
        picture = _picture(document, image)
        if picture is not None:
            yield image.image, picture


def _picture(document: Document, image: Finding) -> NDArray[np.uint8] | None:
    pixels = document.read_pixels(image)
    try:
        mask = document.read_mask(image)
        if pixels is None and (view := document.view_of(image)) is not None:
            pixels, mask = _kept(read_image(view), mask)
    except (DataError, ImageError):
        return None
    if pixels is None:
        return None
    canvas = pixels.copy()
    if mask is not None and mask.shape == canvas.shape[:2]:
        outline(canvas, mask)
    shrink = min(1.0, _PICTURE_PX / max(canvas.shape[:2]))
    size = (max(1, round(canvas.shape[1] * shrink)), max(1, round(canvas.shape[0] * shrink)))
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)


def _kept(
    view: NDArray[np.uint8], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """A small copy and the mask at its size."""
    if mask is None:
        return view, None
    small = cv2.resize(
        np.where(mask, np.uint8(255), np.uint8(0)), (view.shape[1], view.shape[0]), interpolation=cv2.INTER_AREA
    )
    return view, small > 0


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return data.tobytes()


def _written(target: Path, file: BytesIO) -> list[Path]:
    write_bytes(target, file.getvalue())
    return [target]


def _fit(value: Cell) -> str:
    return "" if value is None else _UNFIT.sub("�", str(value))


def _cut(table: Table) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = list(table.rows[:_MAX_ROWS])
    return rows if len(table.rows) <= _MAX_ROWS else [*rows, ("…", *([""] * (len(table.heads) - 1)))]


def _fill(sheet: Any, rows: list[tuple[Cell, ...]]) -> None:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            cell.value = _fit(value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"  # a name that begins with "=" is no formula


def _docx_table(made: Any, table: Table) -> None:
    rows = _cut(table)
    if any(table.heads):
        rows.insert(0, table.heads)
    grid = made.add_table(
        len(rows), len(table.heads), style="Light Grid Accent 1" if any(table.heads) else "Table Grid"
    )
    for cells, row in zip(grid.rows, rows, strict=True):
        for cell, value in zip(cells.cells, row, strict=True):
            cell.text = _fit(value)


def _paragraph(text: Cell, style: Any) -> Any:
    paragraph: Callable[..., Any] = extra("reportlab.platypus").Paragraph
    return paragraph(escape(_fit(text)), style)


def _pdf_styles(document: Document, report: Rows) -> dict[str, Any]:
    styles, colors = extra("reportlab.lib.styles"), extra("reportlab.lib.colors")
    everything = repr(report)
    font = "Helvetica"
    if document.details.lang == "ko" or any(letter > "ÿ" and letter not in "–…≥•" for letter in everything):
        metrics, fonts = extra("reportlab.pdfbase.pdfmetrics"), extra("reportlab.pdfbase.cidfonts")
        metrics.registerFont(fonts.UnicodeCIDFont(_KOREAN_FONT))
        font = _KOREAN_FONT

    def style(name: str, size: float, **more: Any) -> Any:
        return styles.ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.35, wordWrap="CJK", **more)

    return {
        "title": style("title", 20, spaceAfter=8),
        "head": style("head", 12, spaceBefore=12, spaceAfter=4, keepWithNext=1),
        "text": style("text", 9, spaceAfter=3),
        "small": style("small", 8, textColor=colors.HexColor("#5b6570")),
        "cell": style("cell", 6.5),
        "note": style("note", 9, spaceBefore=3, borderPadding=4, backColor=colors.HexColor("#fff4df")),
    }


def _pdf_table(table: Table, style: dict[str, Any], width: float) -> Any:
    platypus, colors = extra("reportlab.platypus"), extra("reportlab.lib.colors")
    rows = [[_paragraph(cell, style["cell"]) for cell in row] for row in (table.heads, *_cut(table))]
    # The name is the widest column, and the last one holds remarks.
    weights = [3.0, *([1.0] * (len(table.heads) - 2)), 2.0]
    made = platypus.LongTable(rows, colWidths=[width * weight / sum(weights) for weight in weights], repeatRows=1)
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#c8cdd3")), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    made.setStyle([*lines, ("LEFTPADDING", (0, 0), (-1, -1), 2), ("RIGHTPADDING", (0, 0), (-1, -1), 2)])
    return made
