"""The report of thousands of images is still a page that a browser opens and a mail carries."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from blemish.images import write_jpeg
from blemish.reports.document import read_document
from blemish.reports.drawings import picture_px
from blemish.reports.page import MAX_ON_ONE_PAGE, PICTURES, write_page

from .test_page_in_chromium import CHROMIUM, chromium

pytestmark = pytest.mark.slow

IMAGES = 3000
SIZES = ("length", "mean_width", "median_width", "p95_width", "max_width", "width_uncertainty", "length_uncertainty")


def crack(number: int, width: float) -> dict:
    points = [[100.0 + x, 200.0] for x in range(20)]
    own = {"number": number, "network": 1, "orientation_deg": 0.0, "direction": "horizontal", "branches": 0}
    own |= {"tortuosity": 1.0, "closed": False, "touches_border": False, "area_px": 40, "area_width_px": width}
    own |= {"image_fraction": 1.0, "score": 0.9, "max_width_at": [110.0, 200.0], "polyline_px": points}
    sizes = {f"{name}_px": width for name in SIZES} | {"width_uncertainty_px": width / 10}
    return own | sizes | {"widths_px": [width] * len(points)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cracks on each of 3,000 images; those that can be shown are noise, which no JPEG makes small."""
    base = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (750, 1000, 3), np.uint8)
    plain = {"score": 0.9, "p_value": 0.01, "verdict": "reject", "size_px": [1000, 750]}
    with (base / "findings.jsonl").open("w") as lines:
        for number in range(IMAGES):
            path = base / f"{number:04d}.jpg"
            if number < PICTURES + 10:
                write_jpeg(path, noise)
            width = 50 - number * 0.01
            cracks = [crack(1, width), crack(2, width / 2)]
            record = {"image": path.name, "path": str(path), "name": path.stem, "cracks": cracks}
            lines.write(json.dumps(plain | record) + "\n")
    return base


@pytest.fixture(scope="module")
def out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page")
    write_page(read_document(folder), out)
    return out


@pytest.fixture(scope="module")
def page(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


def rows_of(page: str) -> list[list]:
    data = re.search(r'<script type="application/json" id="gallery">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    return json.loads(data.group(1))["rows"]


def test_every_image_is_listed_and_shown_on_a_page(page: str, out: Path):
    rows = rows_of(page)
    assert [row[0] for row in rows] == [f"{number:04d}.jpg" for number in range(IMAGES)]
    assert [row[3] for row in rows[:2]] == [50, 49.99]
    pages = re.findall(r'<a href="(report/\d+\.html)">', page)
    assert pages == [f"report/{number}.html" for number in range(1, IMAGES // 50 + 1)]
    listed = [re.findall(r'<td class="name">(\d{4}\.jpg)</td>', (out / name).read_text()) for name in pages]
    assert list(chain.from_iterable(listed)) == [row[0] for row in rows]
    for name in (pages[0], pages[-1]):
        assert (out / name).read_text().count("<article ") == 50


def test_pictures_lie_beside_the_pages_that_show_them(page: str, out: Path):
    pictures = [row[9] for row in rows_of(page)]
    there = PICTURES + 10
    assert all(pictures[:there])
    assert not any(pictures[there:])
    assert all((out / picture).is_file() for picture in pictures[:there])
    first = (out / "report/1.html").read_text()
    shown = re.findall(r'<image href="([^"]*)" width', first)
    assert [(out / "report" / name).resolve() for name in shown] == [(out / name).resolve() for name in pictures[:50]]
    # The worst are enlarged at their widest place, the others are not read once more.
    assert first.count('class="close-up"') == 50
    assert (out / "report/2.html").read_text().count('class="close-up"') == 10


def test_only_the_worst_cracks_are_listed(page: str):
    rows = re.findall(r"<tr data-item( class=.later.)?", page)
    assert len(rows) == 200
    assert "The 200 widest are listed; 5800 more are in cracks.csv." in page


def test_the_page_stays_below_a_megabyte(page: str):
    assert len(page.encode()) < 1e6


def test_a_report_that_is_written_again_leaves_no_page_of_the_earlier_one(folder: Path, tmp_path: Path):
    document = read_document(folder)
    write_page(document, tmp_path, pictures=0)
    write_page(replace(document, images=document.images[-210:]), tmp_path, pictures=0)
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [f"{number}.html" for number in range(1, 6)]


def test_many_pictures_are_smaller_ones(folder: Path, tmp_path: Path):
    document = read_document(folder)
    document = replace(document, images=document.images[:MAX_ON_ONE_PAGE])
    (few,) = write_page(document, tmp_path / "few", pictures=5)
    (many,) = write_page(document, tmp_path / "many", pictures=PICTURES + 10)
    assert many.stat().st_size < 14 * few.stat().st_size
    assert picture_px(PICTURES, PICTURES) == 1000
    assert [picture_px(count, PICTURES) for count in (0, 1, 200, 3000)] == [1000, 1000, 500, 240]


def test_names_cannot_become_markup(folder: Path, tmp_path: Path):
    document = read_document(folder)
    odd = document.images[0].model_copy(update={"image": "</script><script>alert(1)<!--.png", "name": "a b#%"})
    write_page(replace(document, images=(odd, *document.images[1:300])), tmp_path, pictures=0)
    page = (tmp_path / "report.html").read_text()
    assert page.count("<script") == 2
    assert odd.image in {row[0] for row in rows_of(page)}


READER = """<script>
const tiles = () => [...document.querySelectorAll(".tile")];
const form = document.getElementById("filters");
const seen = [];
const first = () => tiles()[0] && tiles()[0].textContent;
const look = () => seen.push([tiles().length, first(), form.querySelector("output").value]);
const set = (values) => {
  form.reset();
  Object.entries(values).forEach(([name, value]) => { form.elements[name].value = value; });
  form.dispatchEvent(new Event("input"));
  look();
};
look();
document.querySelector("#pager button:last-of-type").click();
look();
[{ text: "00" }, { text: "001" }, { width: "49.5" }].forEach(set);
[{ sort: "name", text: "29" }, { verdict: "pass" }, { direction: "horizontal" }].forEach(set);
seen.push([new URL(tiles()[0].href).pathname.split("/").slice(-2).join("/"), tiles()[0].hash, ""]);
document.title = "seen " + JSON.stringify(seen);
</script></body>"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_filters_and_order_reach_over_all_pages(page: str, tmp_path: Path):
    target = tmp_path / "large.html"
    target.write_text(page.replace("</body>", READER))
    dom = chromium(target, "--dump-dom")
    seen = json.loads(html.unescape(re.search(r"<title>seen (.*?)</title>", dom).group(1)))
    of = "of 3000 images shown"
    # "00" is in 147 of the names 0000.jpg to 2999.jpg, "001" in 13, "29" in 159.
    assert seen == [
        [60, "0000.jpg1 · reject · 50.00 px", f"3000 {of}"],
        [60, "0060.jpg61 · reject · 49.40 px", f"3000 {of}"],
        [60, "0000.jpg1 · reject · 50.00 px", f"147 {of}"],
        [13, "0001.jpg2 · reject · 49.99 px", f"13 {of}"],
        [51, "0000.jpg1 · reject · 50.00 px", f"51 {of}"],
        [60, "0029.jpg30 · reject · 49.71 px", f"159 {of}"],
        [0, None, f"0 {of}"],
        [60, "0000.jpg1 · reject · 50.00 px", f"3000 {of}"],
        ["report/1.html", "#image-1", ""],
    ]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("name", ["report.html", "report/1.html"])
def test_pictures_are_loaded_from_files_and_the_page_prints(out: Path, tmp_path: Path, name: str):
    target = tmp_path / "report.pdf"
    chromium(
        out / name, "--no-pdf-header-footer", f"--print-to-pdf={target}", f"--user-data-dir={tmp_path / 'profile'}"
    )
    # Noise of 60 or 50 pictures, which no compression makes small.
    assert target.stat().st_size > 2e6
