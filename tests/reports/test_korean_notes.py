"""A Korean report is Korean: every sentence that the code can say of an image is looked for in the sources."""

# ruff: noqa: E501 - sentences stand on one line

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

import blemish
from blemish.findings import DetectorRecord, GuaranteeRecord, Options, ReportDetails
from blemish.images.formats import KINDS
from blemish.measurement import load_grades, shipped_grades
from blemish.reports.document import read_document
from blemish.reports.exports import export
from blemish.reports.korean import KOREAN
from blemish.reports.korean_notes import KOREAN_NOTES
from blemish.reports.tabular import rows_of
from blemish.reports.translating import in_language

ROOM = Path(blemish.__file__).parent
# Where notes on images and reasons of errors are written.
SOURCES = (
    *("images/reading", "images/decoding", "images/limits", "images/pillow_formats", "images/ppm", "images/opening"),
    *("images/header", "images/colour", "images/optional_formats", "images/tiff/opening", "images/usability"),
    *("detectors/decision", "detectors/detector", "detectors/measuring", "detectors/answers", "detectors/runtime"),
    *("measurement/crack", "measurement/width/uncertainty", "measurement/scale_sources", "inspection/drifting"),
)
# Said to those who train or load a detector, give options, or write a library: not of an image.
ELSEWHERE = re.compile(
    r"^(<Detector|Widths are graded|The detector's graph (takes|cannot|gives a reconstruction)|Lines? \{|There is no table"
    r"|from \{|it holds what is no number|a crack's line |.* looks at sensor series|The marker's side)|^no (file|size|full scale|codestream|thresholds)$|^impossible"
)
# What Korean writes alike: formats, programs, options, units, and what stands in quotation marks.
PLAIN = re.compile(
    r'"[^"]*"|--[a-z-]+|pip install|(?<![a-z])(px|mm|MB|kB|uint8|uint16|bool|in|ArUco|AprilTag|LibRaw|Photoshop|Krita|Radiance'
    r"|PostScript|Illustrator|MrSID|NumPy|OpenEXR|Targa|WebP|Eurocode|w_max|x|m|inf|nan)(?![a-z])"
)


def english_words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]*[a-z]{2,}", PLAIN.sub(" ", text)))


def prose_of(path: Path) -> Iterator[str]:
    """Every text of a module that reads as prose, with its values in braces."""
    tree = ast.parse(path.read_text("utf-8"))
    passed_over: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed_over |= {id(each) for each in ast.walk(node) if isinstance(node.value, ast.Constant)}
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Field":
            passed_over |= {id(each) for each in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(each) for each in ast.walk(node)} - {id(node)}
    for node in ast.walk(tree):
        if id(node) in passed_over:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(one.value if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def said_somewhere() -> list[str]:
    found = {text.strip("; ") for name in SOURCES for text in prose_of(ROOM / f"{name}.py")}
    return sorted(text for text in found if text.count(" ") >= 3 and not ELSEWHERE.search(text))


def filled(text: str) -> str:
    return text.replace("{}", "7")


# Sentences whose beginnings or ends stand in other texts of their module.
PARTS = {
    "of {} bytes each": '"{}" has {} x {} pixels of {} bytes each, more than the limit of {} megapixels; {}',
    "point of the scale": "The point of the scale at 1, 2 lies outside the image of 3 x 4 px; give x and y in pixels from the upper left corner of the image as it is shown",
    "corner of the plane": "The corner of the plane at 1, 2 lies outside the image of 3 x 4 px; give x and y in pixels from the upper left corner of the image as it is shown",
    '"{}" has {} x {} pixels': '"{}" has {} x {} pixels in 7 MB, as files do that are made to fill the memory; 7',
    "{}{}, more than the limit of {} megapixels; {}": '"{}" has {} x {} pixels, more than the limit of {} megapixels; {}',
    "{} in {}, as files do that are made to fill the memory; {}": '"a" has {} x {} pixels in {}, as files do that are made '
    "to fill the memory; {}",
    "is a folder, not an image": '"a" is a folder, not an image.',
    "is not a regular file": '"a" is not a regular file.',
    "{} below {} drawn {}": "3 values below {} drawn black",
    "{} above {} drawn {}": "3 values above {} drawn white",
    "{} outlined although the image score passes": "3 regions are outlined although the image score passes",
    '"{}" is a JPEG 2000 image of {}-bit {}values; save it as TIFF.': '"a" is a JPEG 2000 image of 7-bit signed values; save '
    "it as TIFF.",
    "The {} at {}, {} lies outside the image of {} x {} px; give x and y in pixels from the upper left corner of the image "
    "as it is shown.": "The point of the scale at 1, 2 lies outside the image of 3 x 4 px; give x and y in pixels from the "
    "upper left corner of the image as it is shown",
    '"{}" holds {} from {} to {}; give --bit-range LOW,HIGH, the values to draw black and white, such as {}.': '"a" holds '
    "16-bit signed values from 1 to 2; give --bit-range LOW,HIGH, the values to draw black and white, such as 1,2.",
    "{}-bit: {} scaled to 0 to 255": "12-bit: 0 to 4095 scaled to 0 to 255",
    "height above take-off {} m, camera straight down": "metadata: height above take-off 4 m, camera straight down, focal "
    "length 20 mm (35 mm film)",
    "first of {} pages": "first of more than 99 pages",
}


@pytest.mark.parametrize("text", said_somewhere())
def test_every_sentence_about_an_image_is_said_in_korean(text: str):
    told = filled(PARTS.get(text, text))
    # Notes stand without their full stop.
    korean = next((k for each in (told, told.removesuffix(".")) if (k := in_language(each, "ko")) != each), told)
    assert english_words(korean) == set()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.is_read], ids=lambda kind: kind.name)
def test_every_format_that_is_not_read_is_named_in_korean(kind):
    assert english_words(in_language(f'"some file.bin" is {kind.refusal}.', "ko")) == set()


@pytest.mark.parametrize("name", shipped_grades())
def test_every_shipped_grade_scale_is_in_korean(name: str):
    grades = load_grades(name)
    for text in (grades.name, grades.source, grades.note, *grades.labels):
        assert english_words(in_language(text, "ko")) - {"AASHTO"} == set(), text


@pytest.mark.parametrize(("english", "korean"), KOREAN_NOTES.items())
def test_a_translation_holds_the_same_values(english: str, korean: str):
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert fields(english) == fields(korean)
    assert in_language(english, "en") == english


def test_names_are_quoted_as_they_stand():
    assert '"a video.jpg"' in in_language('"a video.jpg" is empty.', "ko")
    assert in_language("a stranger's note", "ko") == "a stranger's note"


def test_the_names_of_all_recorded_fields_have_a_translation():
    fields = [*Options.model_fields, *DetectorRecord.model_fields]
    assert {name.replace("_", " ") for name in fields} - KOREAN.keys() == set()


def test_a_korean_report_of_every_kind_of_note_holds_no_english_word(found: Path, tmp_path: Path):
    document = read_document(found)
    texts = [filled(PARTS.get(text, text)) for text in said_somewhere()]
    errors = [text for text in texts if text.endswith(".") and in_language(text, "ko") != text]
    notes = [text.removesuffix(".") for text in texts if text not in errors]
    answered = [image.model_copy(update={"notes": tuple(notes)}) for image in document.images]
    failed = [image.model_copy(update={"error": error}) for error in errors for image in document.images[-1:]]
    reason = "the scores of images that are not rejected have left those of the calibration images"
    guarantee = GuaranteeRecord(state="suspended", images=9, flagged=3, suspended_from="a.png", number=4, reason=reason)
    assert document.run is not None
    options = document.run.options.model_copy(update={"scale": "a marker of 50 mm in each image"})
    run = document.run.model_copy(update={"guarantee": guarantee, "options": options})
    details = ReportDetails(lang="ko", title="주차장", client="시청")
    document = replace(document, run=run, images=(*answered, *failed), details=details, gaps=())
    (page,) = export(document, ["html"], tmp_path)
    shown = re.sub(r"<(style|script|head)[\s>].*?</\1>|<[^>]*>", " ", page.read_text("utf-8"), flags=re.DOTALL)
    for image in document.images:
        shown = shown.replace(image.image, " ")
    for entity, sign in (("&#34;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(entity, sign)
    record = {"wall", "blemish", "unet", "mm/px", "crack", "floor", "script", "alert", "png", "p95", "csv", "cracks"}
    assert english_words(shown) - record == set()
    for table in rows_of(document).tables:
        for row in table.rows:
            for cell in row[-1:]:
                assert english_words(str(cell or "")) == set()
