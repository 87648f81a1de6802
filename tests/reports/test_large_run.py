"""The report of thousands of images is still a page that a browser opens and a mail carries."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from blemish.images import write_jpeg
from blemish.reports.document import read_document
from blemish.reports.drawings import picture_px
from blemish.reports.page import PICTURES, write_page

from .test_page_in_chromium import CHROMIUM, chromium

pytestmark = pytest.mark.slow

IMAGES = 3000
SIZES = ("length", "mean_width", "median_width", "p95_width", "max_width", "width_uncertainty", "length_uncertainty")


def crack(number: int, width: float) -> dict:
    points = [[100.0 + x, 200.0] for x in range(20)]
    own = {"number": number, "network": 1, "orientation_deg": 0.0, "direction": "horizontal", "branches": 0}
    own |= {"tortuosity": 1.0, "closed": False, "touches_border": False, "area_px": 40, "area_width_px": width}
    own |= {"image_fraction": 1.0, "score": 0.9, "max_width_at": [110.0, 200.0], "polyline_px": points}
    return own | {f"{name}_px": width for name in SIZES} | {"widths_px": [width] * len(points)}


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
def page(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    (path,) = write_page(read_document(folder), tmp_path_factory.mktemp("page"))
    return path.read_text(encoding="utf-8")


def test_every_image_is_listed_and_the_worst_are_shown(page: str):
    assert page.count("<article ") == PICTURES
    assert "Shown here: the 50 worst of 3000 images" in page
    names = set(re.findall(r'<td class="name">(\d{4}\.jpg)</td>', page))
    assert len(names) == IMAGES


def test_only_the_first_rows_of_a_long_table_are_laid_out(page: str):
    rows = re.findall(r"<tr data-item( class=.later.)?", page)
    assert len(rows) == 2 * IMAGES
    assert sum(not later for later in rows) == 2 * 200
    assert "The 3000 widest are listed; 3000 more are in cracks.csv." in page


def test_the_page_stays_below_a_bound_even_for_noise(page: str):
    assert len(page) < 50e6
    tables = re.sub(r"data:image/jpeg;base64,[^\"]*", "", page)
    assert len(tables) < 6e6


def test_many_pictures_are_smaller_ones(folder: Path, tmp_path: Path):
    document = read_document(folder)
    (few,) = write_page(document, tmp_path / "few", pictures=5)
    (many,) = write_page(document, tmp_path / "many", pictures=PICTURES + 10)
    assert many.stat().st_size < 14 * few.stat().st_size
    assert picture_px(PICTURES, PICTURES) == 1000
    assert [picture_px(count, PICTURES) for count in (0, 1, 200, 3000)] == [1000, 1000, 500, 240]


READER = """<script>
const table = document.getElementById("images").parentElement.querySelector("table");
const laidOut = () => [...table.tBodies[0].rows].filter((row) => row.getClientRects().length).length;
const seen = [laidOut()];
const form = document.getElementById("filters");
form.elements.text.value = "00";
form.dispatchEvent(new Event("input"));
seen.push(laidOut());
form.elements.text.value = "001";
form.dispatchEvent(new Event("input"));
seen.push(laidOut());
form.reset();
form.dispatchEvent(new Event("input"));
table.parentElement.nextElementSibling.querySelector("button").click();
seen.push(laidOut());
document.title = `seen ${seen}`;
</script></body>"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_a_browser_shows_the_first_rows_that_pass_and_all_when_asked(page: str, tmp_path: Path):
    target = tmp_path / "large.html"
    target.write_text(re.sub(r"data:image/jpeg;base64,[^\"]*", "data:,", page).replace("</body>", READER))
    dom = chromium(target, "--dump-dom")
    # "00" is in 147 of the names 0000.jpg to 2999.jpg, "001" in 13.
    assert re.search(r"<title>seen ([\d,]+)</title>", dom).group(1) == "200,147,13,3000"
