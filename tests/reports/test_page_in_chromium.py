"""The report in a real browser: it loads nothing, its filters filter, its tables sort, it prints and fits a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from blemish.reports.document import read_document
from blemish.reports.page import write_page

from .conftest import ODD_NAME

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
# Plays a reader at the end of the page: sets the filters of each state, notes what is then shown, and sorts tables.
READER = """<script>
const shown = (kind) => [...document.querySelectorAll(kind)].filter((one) => !one.hidden);
const names = (kind) => shown(kind).map((one) => one.dataset.name);
const form = document.getElementById("filters");
const table = document.getElementById("cracks").parentElement.querySelector("table");
const seen = { states: STATES.map((state) => {
  form.reset();
  Object.entries(state).forEach(([name, value]) => { form.elements[name].value = value; });
  form.dispatchEvent(new Event("input"));
  const said = form.querySelector("output").value;
  return { cards: names("[data-card]"), rows: names("#cracks + * tr[data-item]"), said };
}) };
form.reset();
form.elements.plain.checked = true;
form.dispatchEvent(new Event("input"));
seen.lines = getComputedStyle(document.querySelector(".image .found")).display;
seen.hash = location.hash;
const heads = [...table.tHead.rows[0].cells];
seen.sorted = ["max width, mm", "image"].map((title) => {
  const column = heads.findIndex((head) => head.textContent === title);
  return [0, 1].map(() => {
    heads[column].querySelector("button").click();
    return [heads[column].ariaSort, ...[...table.tBodies[0].rows].map((row) => row.cells[column].textContent)];
  });
});
seen.width = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
const entries = performance.getEntriesByType("resource").map((entry) => entry.name);
seen.loaded = entries.filter((name) => !name.startsWith("data:"));
parent.postMessage(JSON.stringify(seen), "*");
</script></body>"""
# A window cannot be as narrow as a phone, a frame can.
PHONE = """<!doctype html><iframe src="read.html" width="390" height="844"></iframe><pre id="seen"></pre><script>
addEventListener("message", (event) => { document.getElementById("seen").textContent = event.data; });
</script>"""
STATES: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["wall/wide.png", "floor/loop.png", ODD_NAME, "floor/specks.png", "wall/thin.png", "floor/normal.png"]),
    ({"verdict": "review"}, ["floor/specks.png", "wall/thin.png"]),
    ({"text": " WALL/ "}, ["wall/wide.png", "wall/thin.png"]),
    ({"direction": "vertical"}, ["floor/specks.png", "wall/thin.png"]),
    ({"width": "0.8"}, ["wall/wide.png", "floor/specks.png"]),
    ({"verdict": "pass", "text": "wall"}, []),
    ({"grade": "3"}, ["wall/wide.png", "floor/loop.png", ODD_NAME, "floor/specks.png"]),
    ({"sort": "name", "text": "o.*"}, []),
    ({"sort": "name", "text": "oo"}, ["floor/loop.png", "floor/normal.png", "floor/specks.png", ODD_NAME]),
    ({"sort": "length", "verdict": "reject"}, [ODD_NAME, "floor/loop.png", "wall/wide.png"]),
]


@pytest.fixture(scope="module")
def page(found_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = write_page(read_document(found_once), tmp_path_factory.mktemp("page"))
    return path


def chromium(page: Path, *arguments: object, address: str = "") -> str:
    command = [str(CHROMIUM), *QUIET, "--disable-sync", f"--user-data-dir={page.parent / 'profile'}"]
    command += [*map(str, arguments), address or page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture(scope="module")
def seen(page: Path) -> dict[str, Any]:
    """What the reader saw on a phone's width."""
    reader = READER.replace("STATES", json.dumps([state for state, _ in STATES]))
    copy, phone = page.with_name("read.html"), page.with_name("phone.html")
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", reader), encoding="utf-8")
    phone.write_text(PHONE, encoding="utf-8")
    dom = chromium(page, "--virtual-time-budget=5000", "--dump-dom", address=phone.as_uri())
    found = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    return json.loads(html.unescape(found.group(1)))


@pytest.mark.parametrize("number", range(len(STATES)), ids=[str(state) for state, _ in STATES])
def test_filters_and_order(seen: dict[str, Any], number: int):
    expected = [name.lower() for name in STATES[number][1]]
    state = seen["states"][number]
    assert state["cards"] == expected
    assert state["said"] == f"{len(expected)} of 6 images shown"
    assert set(state["rows"]) <= set(expected)


def test_tables_sort_both_ways(seen: dict[str, Any]):
    (falling, rising), (from_a, from_z) = seen["sorted"]
    widths = [float(width) for width in falling[1:]]
    assert (falling[0], rising[0]) == ("descending", "ascending")
    assert widths == sorted(widths, reverse=True)
    assert [float(width) for width in rising[1:]] == sorted(widths)
    assert (from_a[0], from_z[0]) == ("ascending", "descending")
    assert from_a[1].startswith("floor/")
    assert from_z[1].startswith("wall/")


def test_lines_can_be_taken_off_and_the_view_is_in_the_address(seen: dict[str, Any]):
    assert seen["lines"] == "none"
    assert seen["hash"] == "#plain=1"


def test_nothing_is_loaded_and_a_phone_need_not_scroll_sideways(seen: dict[str, Any]):
    assert seen["loaded"] == []
    inside, window = seen["width"]
    assert 360 < inside <= window <= 390


def test_an_address_with_a_view_opens_that_view(page: Path):
    dom = chromium(page, "--dump-dom", address=f"{page.as_uri()}#verdict=review&sort=name")
    cards = [card for card in re.findall(r"<article [^>]*>", dom) if " hidden" not in card]
    assert [re.search(r'data-name="([^"]*)"', card).group(1) for card in cards] == ["floor/specks.png", "wall/thin.png"]


def test_the_page_prints(page: Path):
    target = page.with_name("report.pdf")
    chromium(page, "--no-pdf-header-footer", f"--print-to-pdf={target}")
    assert target.read_bytes().startswith(b"%PDF")
