"""PDF, workbook and Word file open in other libraries and say what the page says."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.errors import SettingsError
from blemish.findings import ReportDetails
from blemish.reports.document import read_document
from blemish.reports.exports import export
from blemish.reports.tabular import rows_of

from .conftest import ODD_NAME, Drawn, Write, line

WRITERS = {"pdf": "reportlab", "xlsx": "openpyxl", "docx": "docx"}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_document_is_written_in_either_language(found: Path, tmp_path: Path, name: str, lang: str):
    document = replace(read_document(found), details=ReportDetails(lang=lang, title="Pier & <b>", client="시청"))
    (path,) = export(document, [name], tmp_path / "out")
    assert path.name == f"report.{name}"
    assert path.stat().st_size > 2000


def test_the_workbook_holds_numbers_and_no_formulas(found: Path, tmp_path: Path):
    import openpyxl

    document = replace(read_document(found), details=ReportDetails(title="=1+1"))
    (path,) = export(document, ["xlsx"], tmp_path)
    book = openpyxl.load_workbook(path)
    assert book.worksheets[0]["A1"].data_type == "s"
    sheet = book["Cracks"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    cracks = list(document.cracks())
    assert len(rows) == len(cracks)
    assert {row[0] for row in rows} == {image.image for image, _ in cracks}
    widest = max(crack.mm.max_width for _, crack in cracks)
    assert rows[0][3] == pytest.approx(widest, rel=1e-3)
    assert [sheet.title for sheet in book.worksheets[1:]][:2] == ["By element", "All images"]


def test_the_word_file_holds_every_image_and_what_was_not_inspected(found: Path, tmp_path: Path):
    import docx

    (path,) = export(read_document(found), ["docx"], tmp_path)
    made = docx.Document(path)
    cells = {cell.text for table in made.tables for row in table.rows for cell in row.cells}
    assert {image.image for image in read_document(found).images} <= cells
    assert ODD_NAME in cells
    assert len(made.inline_shapes) == sum(image.error is None for image in read_document(found).images)


def test_without_cracks_measured_regions_are_told(write_inspection: Write):
    folder = write_inspection(Drawn("cast.png", line((20, 40), (300, 60)), "reject"), cracks=False)
    titles = [table.title for table in rows_of(read_document(folder)).tables]
    assert "Regions" in titles
    assert "Cracks" not in titles


def test_an_inspection_of_nothing_is_written_too(write_inspection: Write, tmp_path: Path):
    document = read_document(write_inspection())
    assert len(export(document, WRITERS, tmp_path / "out")) == 3


@pytest.mark.parametrize(("name", "package"), WRITERS.items())
def test_a_missing_package_is_named_with_its_extra(
    found: Path, tmp_path: Path, name: str, package: str, monkeypatch: pytest.MonkeyPatch
):
    for module in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingsError, match=rf'"{package}".*\.\[report\]'):
        export(read_document(found), [name], tmp_path)


def test_pictures_of_deep_images_are_read_in_the_runs_bit_range(write_inspection: Write):
    import docx

    folder = write_inspection(Drawn("deep.png", line((20, 40), (300, 60)), "reject"))
    twelve_bit = np.full((240, 320), 3000, np.uint16)
    assert cv2.imwrite(str(folder.parent / "images" / "deep.png"), twelve_bit)
    document = read_document(folder)
    assert document.run is not None
    run = document.run.model_copy(update={"options": document.run.options.model_copy(update={"bit_range": (0, 4095)})})
    (path,) = export(replace(document, run=run), ["docx"], folder)
    (picture,) = (part for part in docx.Document(path).part.package.iter_parts() if part.partname.endswith(".jpg"))
    grey = cv2.imdecode(np.frombuffer(picture.blob, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.median(grey) == pytest.approx(3000 / 4095 * 255, abs=3)
