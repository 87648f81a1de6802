"""Images of one folder are an element: counted together, the worst first, and shown with what was taken when."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from blemish.findings import Finding, ReportDetails
from blemish.images import Capture, write_png
from blemish.measurement import load_grades
from blemish.reports.csv_tables import write_csv
from blemish.reports.document import Document, read_document
from blemish.reports.elements import elements_of
from blemish.reports.page import write_page
from blemish.reports.page_rows import image_rows
from blemish.reports.summary import summarise
from blemish.reports.width_classes import choose_classes

from .conftest import Drawn, Write, line


def shown(document: Document, out: Path) -> str:
    (page,) = write_page(document, out)
    return page.read_text("utf-8")


def test_elements_count_what_lies_in_them(found: Path):
    document = read_document(found)
    elements = elements_of(document, choose_classes(document))
    assert {element.name for element in elements} == {"wall", "floor"}
    for element in elements:
        images = [image for image in document.images if image.image.startswith(f"{element.name}/")]
        assert element.images == len(images)
        assert element.failed == sum(image.error is not None for image in images)
        assert element.cracks == sum(len(image.cracks or ()) for image in images)
        assert sum(element.severities) == element.cracks
        assert sum(element.verdicts.values()) == len(images) - element.failed


def test_the_element_with_the_worst_image_comes_first(write_inspection: Write):
    folder = write_inspection(
        Drawn("a/fine.png"),
        Drawn("b/thin.png", line((20, 40), (300, 60), width_px=2), "reject"),
        Drawn("c/wide.png", line((20, 40), (300, 60), width_px=9), "reject"),
    )
    document = read_document(folder)
    assert [element.name for element in elements_of(document, choose_classes(document))] == ["c", "b", "a"]


def doubted(image: Finding) -> Finding:
    """The image with ± a little more than half of each crack's width."""
    cracks = (replace(crack, width_uncertainty_px=0.6 * crack.max_width_px) for crack in image.cracks or ())
    return image.model_copy(update={"cracks": tuple(cracks)})


@pytest.mark.parametrize(
    ("uncertain", "told", "larger"),
    [
        ("", "c", ""),
        ("c", "b", "1 larger width could not"),
        ("bc", "a", "2 larger widths could not"),
        ("a", "c", ""),
        ("abc", None, ""),
    ],
)
def test_the_largest_width_is_one_that_can_be_trusted(write_inspection: Write, uncertain, told, larger):
    folder = write_inspection(
        Drawn("a/thin.png", line((20, 40), (300, 40), width_px=3), "reject"),
        Drawn("b/middle.png", line((20, 40), (300, 40), width_px=6), "reject"),
        Drawn("c/wide.png", line((20, 40), (300, 40), width_px=9), "reject"),
        scale=None,
    )
    document = read_document(folder)
    images = tuple(doubted(image) if image.image[0] in uncertain else image for image in document.images)
    document, classes = replace(document, images=images), choose_classes(document)
    widths = {image.image[0]: image.cracks[0].max_width_px for image in images}
    assert widths["a"] < widths["b"] < widths["c"]

    ((value, remark),) = [metric[1:] for metric in summarise(document, classes).metrics if metric[0] == "largest width"]
    assert value == ("–" if told is None else f"{widths[told]:.2f} px")
    assert "no width could be measured reliably" in remark if told is None else f", {told}/" in remark
    assert larger in remark
    assert ("larger" in remark) == bool(larger)
    korean = summarise(replace(document, details=ReportDetails(lang="ko")), classes)
    assert [metric[1] for metric in korean.metrics if metric[0] == "최대 폭"] == [value]

    # Whatever else tells a largest width goes by the same rule.
    elements = {element.name: element.max_width for element in elements_of(document, classes)}
    rows = {row.finding.image[0]: row.max_width for row in image_rows(document, "px")}
    table = {row["image"][0]: row for row in csv.DictReader(write_csv(document, folder)[0].open(encoding="utf-8-sig"))}
    for name, width_px in widths.items():
        known = name not in uncertain
        assert elements[name] == (width_px if known else None)
        assert rows[name] == (width_px if known else 0)
        assert table[name]["max_width_px"] == (f"{width_px:g}" if known else "")
        assert table[name]["unreliable_widths"] == ("0" if known else "1")
    assert document.worst_first()[0].image[0] == (told or "a")


@pytest.mark.parametrize("grades", [None, load_grades("eurocode-2")], ids=["width classes", "grades"])
def test_severities_are_those_of_the_page(write_inspection: Write, grades):
    folder = write_inspection(
        Drawn("a/1.png", line((20, 40), (300, 60), width_px=9), "reject"), Drawn("b/2.png"), grades=grades
    )
    document = read_document(folder)
    classes = choose_classes(document)
    steps = len(classes.labels) if grades is None else len(grades.labels)
    assert {len(element.severities) for element in elements_of(document, classes)} == {steps}


def test_one_folder_alone_is_no_element(write_inspection: Write):
    document = read_document(write_inspection(Drawn("a/1.png"), Drawn("a/2.png")))
    assert elements_of(document, choose_classes(document)) == ()


def test_the_page_says_who_inspected_what_for_whom(found: Path, tmp_path: Path):
    write_png(tmp_path / "logo.png", Drawn("x").pixels)
    details = ReportDetails(
        title="Pier <2>", client="City", place="Bridge", inspector="Kim", date="1 May", logo=str(tmp_path / "logo.png")
    )
    page = shown(replace(read_document(found), details=details), found)
    for text in ("Pier &lt;2&gt;", "City", "Bridge", "Kim", "1 May", '<img class="logo" src="data:image/jpeg'):
        assert text in page


def test_a_logo_that_is_gone_is_said_and_stops_nothing(found: Path):
    page = shown(replace(read_document(found), details=ReportDetails(logo="gone.png")), found)
    assert "The logo could not be read" in page


def test_what_the_camera_wrote_is_shown(found: Path):
    document = read_document(found)
    capture = Capture("2026-03-01T09:08:07", "DJI <FC300S>", 37.5665, 126.9783, 53.5)
    images = [image.model_copy(update={"capture": capture}) for image in document.images]
    page = shown(replace(document, images=tuple(images)), found)
    for text in ("2026-03-01 09:08", "DJI &lt;FC300S&gt;", "37.566500°, 126.978300°", "53.5 m", "images taken"):
        assert text in page


def test_what_was_not_inspected_is_named_at_the_head(found: Path):
    page = shown(read_document(found), found)
    assert page.index("Not inspected: 1") < page.index("floor/broken.png") < page.index('id="elements"')


def test_unusable_images_are_named_with_their_reasons(found: Path):
    document = read_document(found)
    images = [
        image.model_copy(update={"verdict": "unusable", "notes": ("too dark",)}) if "normal" in image.image else image
        for image in document.images
    ]
    page = shown(replace(document, images=tuple(images)), found)
    assert page.index("Unusable: 1") < page.index("too dark") < page.index('id="elements"')


def test_the_page_is_written_in_korean(found: Path):
    page = shown(replace(read_document(found), details=ReportDetails(lang="ko")), found)
    assert '<html lang="ko">' in page
    for text in ("점검 보고서", "부재별", "최대 폭", "이미지 (심한 순)"):
        assert text in page
    for text in ("Images, worst first", "By element", "largest width", "Distribution"):
        assert text not in page
