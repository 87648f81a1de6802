"""The report page stands alone, never trusts a name, and says what it leaves out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import tifffile

import blemish
from blemish.findings import GuaranteeRecord, read_run
from blemish.findings.image_check import ImageCheck, ImageChecks
from blemish.images import write_png
from blemish.images.windows import open_windows
from blemish.measurement import Scale, load_grades
from blemish.reports.document import read_document
from blemish.reports.page import write_page

from .conftest import ODD_NAME, Drawn, Write, bar, line, ring

VOID = {"meta", "input", "br", "img", "link"}


class Tree(HTMLParser):
    """Checks that every element is closed in order, and gathers elements, text and addresses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), attrs
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["script"] and self.open[-1:] != ["style"]:
            self.text += data

    def marked(self, attribute: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if attribute in attributes]


def render(folder: Path, **options: object) -> Tree:
    (path,) = write_page(read_document(folder), folder, **options)
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://", page)
    tree = Tree(page)
    for _, attributes in tree.elements:
        for name in ("src", "href"):
            assert attributes.get(name) is None or attributes[name].startswith(("data:image/jpeg;base64,", "#"))
    return tree


CASES = {
    "nothing at all": [],
    "one normal image": [Drawn("normal.png")],
    "one crack": [Drawn("wall.png", line((20, 40), (300, 60)), "reject")],
    "one loop": [Drawn("wall.png", ring(), None)],
    "only a broken image": [Drawn("broken.png", readable=False, verdict=None)],
}


@pytest.mark.parametrize("scale", [None, Scale.given(0.1)], ids=["px", "mm"])
@pytest.mark.parametrize("drawn", CASES.values(), ids=CASES)
def test_every_inspection_has_a_well_formed_page(write_inspection: Write, drawn: list[Drawn], scale: Scale | None):
    folder = write_inspection(*drawn, scale=scale)
    tree = render(folder)
    assert len(tree.marked("data-card")) == sum(each.readable for each in drawn)
    assert ("No scale was given" in tree.text) == (scale is None and any(each.readable for each in drawn))


def test_the_page_shows_summary_pictures_tables_and_provenance(found: Path):
    tree = render(found)
    kinds = [tag for tag, _ in tree.elements]
    assert sum(attributes.get("class") == "plot" for _, attributes in tree.elements) == 3
    pictures = [attributes for tag, attributes in tree.elements if tag == "image"]
    # Six images, and a close-up of each but the normal one.
    assert len(pictures) == 6 + 5
    assert kinds.count("script") == 1
    for said in ("wall.blemish", "0.1 mm per pixel (given)", "10 mm", "not inspected:", "largest width"):
        assert said in tree.text
    document = read_document(found)
    regions = sum(len(image.regions) for image in document.images)
    rows = [row for row in tree.marked("data-item") if "data-card" not in row]
    assert len(rows) == len(document.images) + len(list(document.cracks())) + regions


def test_names_cannot_become_markup(found: Path):
    tree = render(found)
    assert ODD_NAME in tree.text
    assert sum(tag == "script" for tag, _ in tree.elements) == 1
    assert ODD_NAME.lower() in {attributes["data-name"] for attributes in tree.marked("data-name")}


def test_texts_of_other_peoples_files_cannot_become_markup(found: Path):
    run = json.loads((found / "run.json").read_text())
    run["detector"] = {"file": "<b>", "method": "unet", "settings": {"</dl><script>": {"<i>": '"><script>'}}}
    (found / "run.json").write_text(json.dumps(run))
    assert sum(tag in ("script", "b") for tag, _ in render(found).elements) == 1


def test_only_the_worst_images_are_shown_and_the_page_says_so(found: Path):
    tree = render(found, pictures=2)
    cards = [row["data-name"] for row in tree.marked("data-card")]
    assert len(cards) == 2
    assert cards[0] == "wall/wide.png"
    assert "the 2 worst of 7 images" in re.sub(r"\s+", " ", tree.text)
    assert "floor/normal.png" in tree.text


def test_the_colours_of_lines_are_those_of_the_legend(found: Path):
    tree = render(found)
    with_class = [(attributes["class"], attributes) for attributes in tree.marked("class")]
    legend = {each["style"].removeprefix("background:") for name, each in with_class if name == "swatch"}
    drawn = {each["stroke"] for name, each in with_class if name == "line"}
    assert drawn
    assert drawn <= legend


def test_an_image_that_is_gone_leaves_its_drawing(write_inspection: Write, tmp_path: Path):
    folder = write_inspection(Drawn("wall.png", line((20, 40), (300, 60))))
    (tmp_path / "images" / "wall.png").unlink()
    tree = render(folder)
    assert "no longer where it was inspected" in tree.text
    assert "1 image no longer where inspected" in tree.text
    assert not [tag for tag, _ in tree.elements if tag == "image"]
    assert [tag for tag, _ in tree.elements if tag == "path"]


def test_another_image_of_the_same_name_is_not_drawn_upon(write_inspection: Write, tmp_path: Path):
    folder = write_inspection(Drawn("wall.png", line((20, 40), (300, 60))))
    write_png(tmp_path / "images" / "wall.png", np.zeros((20, 20, 3), np.uint8))
    tree = render(folder)
    assert "or is another one now" in tree.text
    assert not [tag for tag, _ in tree.elements if tag == "image"]


def test_what_is_missing_from_the_findings_is_said_on_the_page(found: Path):
    target = found / "findings.jsonl"
    target.write_bytes(target.read_bytes()[:-30])
    assert "is cut off" in render(found).text


@pytest.mark.parametrize(
    ("state", "said", "times"),
    [("in force", "guarantee", 0), ("suspended", "Guarantee suspended", 1), ("not applicable", "did not pass", 1)],
)
def test_a_guarantee_in_doubt_is_said_once_and_before_any_number(found: Path, state: str, said: str, times: int):
    guarantee = GuaranteeRecord(state=state, images=6, flagged=5, suspended_from="wall.jpg", number=2, reason="r")
    run = read_run(found)
    assert run is not None
    run.model_copy(update={"guarantee": guarantee}).write(found)
    (path,) = write_page(read_document(found), found)
    page = path.read_text(encoding="utf-8")
    assert page.count(said) == times
    assert sum(said in note for note in re.findall(r'<p class="note">(.*?)</p>', page)) == times


def test_korean_letters_have_a_font_on_every_system(found: Path):
    (path,) = write_page(read_document(found), found)
    page = path.read_text(encoding="utf-8")
    assert '<meta charset="utf-8">' in page
    # Windows, macOS, Linux in two packagings.
    for font in ("Malgun Gothic", "Apple SD Gothic Neo", "Noto Sans CJK KR", "NanumGothic"):
        assert font in page


def test_cracks_without_a_scale_beside_others_are_told_apart(found: Path):
    target = found / "findings.jsonl"
    lines = target.read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[0])
    record["scale"] = None
    target.write_text("\n".join([json.dumps(record), *lines[1:]]) + "\n", encoding="utf-8")
    tree = render(found)
    assert "1 image with cracks without a scale" in tree.text
    assert "px" in tree.text


def test_beside_cracks_regions_are_listed_folded_up(found: Path):
    kinds = [tag for tag, _ in render(found).elements]
    assert kinds.count("details") == 2  # the other lists what was not inspected


def test_without_measurements_regions_are_listed(write_inspection: Write):
    tree = render(write_inspection(Drawn("wall.png", line((20, 40), (300, 60))), cracks=False))
    assert "Cracks were not measured" in tree.text
    assert [attributes for tag, attributes in tree.elements if attributes.get("id") == "regions"]


def test_perspective_gets_no_scale_bar(write_inspection: Write):
    plane = Scale.from_plane([(0, 0), (300, 20), (310, 230), (5, 200)], [(0, 0), (50, 0), (50, 40), (0, 40)])
    tree = render(write_inspection(Drawn("wall.png", line((20, 40), (300, 40))), scale=plane))
    assert not [1 for _, attributes in tree.elements if attributes.get("class") == "bar" and "transform" in attributes]
    assert "four points of a plane" in tree.text


def test_grades_are_shown_with_their_source_and_as_a_guide(write_inspection: Write):
    drawn = [Drawn(f"{width_px}.png", bar(width_px), "reject") for width_px in (3, 6)]
    tree = render(write_inspection(*drawn, scale=Scale.given(0.09), grades=load_grades("eurocode-2")))
    said = re.sub(r"\s+", " ", tree.text)
    for words in (
        "EN 1992-1-1:2004, Table 7.1N",
        "(read in the source)",
        "It is a guide",
        "over 0.4 mm: above X0, XC1",
    ):
        assert words in said
    # 0.27 mm is near 0.3, 0.54 mm is above all limits.
    by_name = {card["data-name"]: card["data-grade"] for card in tree.marked("data-card")}
    assert by_name == {"3.png": "1", "6.png": "3"}
    assert "near a grade's limit" in said


def test_without_millimetres_nothing_is_graded(write_inspection: Write):
    folder = write_inspection(
        Drawn("wall.png", line((20, 40), (300, 60))), scale=None, grades=load_grades("eurocode-2")
    )
    tree = render(folder)
    assert "EN 1992" not in tree.text
    assert {card["data-grade"] for card in tree.marked("data-card")} == {""}


def test_other_grades_can_be_asked_for_afterwards(write_inspection: Write):
    folder = write_inspection(Drawn("wall.png", line((20, 40), (300, 60))), grades=load_grades("eurocode-2"))
    (path,) = write_page(read_document(folder, grades=load_grades("korea-rc")), folder)
    assert "(not confirmed)" in path.read_text(encoding="utf-8")


def test_a_very_large_image_is_drawn_from_its_parts(tmp_path, monkeypatch):
    image = np.full((500, 640, 3), 200, np.uint8)
    image[100:104, 50:300] = image[400:405, 350:600] = 30
    tifffile.imwrite(tmp_path / "large.tif", image, tile=(64, 64), photometric="rgb", metadata=None)

    def drawn(name):
        blemish.inspect(tmp_path / "large.tif", out=tmp_path / name)
        (card,) = re.findall(r"<svg.*?</svg>", (tmp_path / name / "report.html").read_text(), re.DOTALL)[:1]
        return re.sub(r"data:image/jpeg;base64,[^\"]*", "", card)

    whole = drawn("whole")
    monkeypatch.setattr("blemish.reports.document.open_windows", partial(open_windows, from_px=1))
    monkeypatch.setattr("blemish.reports.drawings.CLUSTERED_FROM_PX", 1)
    assert drawn("parts") == whole


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "cannot be trusted in 2 photographs"), ("ko", "사진 2장에서는 0.15 mm")]
)
def test_what_widths_photographs_can_tell_stands_in_the_report(found: Path, lang: str, said: str):
    checks = [ImageCheck(image=f"{i}<b>.jpg", min_width_mm=0.12, problems=("tilted",)) for i in range(2)]
    ImageChecks(images=tuple(checks), wanted_mm=0.1).save(found / "photos.json")
    document = read_document(found)
    (path,) = write_page(replace(document, details=document.details.model_copy(update={"lang": lang})), found)
    tree = Tree(path.read_text("utf-8"))
    assert said in tree.text
    assert "0<b>.jpg" in tree.text
    assert "5°" in tree.text
