"""The page in a real browser: what an inspector does from the first photo to the last decision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.client import Client
from blemish.detectors import Container, Thresholds, write_container
from blemish.serving.service import Service
from blemish.serving.settings import ServeSettings

from .browsing import AXE, IN_CHROMIUM, OpenPage, image, wall_of
from .conftest import png
from listening import listening

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver.common.keys import Keys

pytestmark = IN_CHROMIUM


def test_from_the_first_photo_to_the_gallery(address: str, open_page: OpenPage, tmp_path: Path):
    page = open_page(address)
    page.one("#empty", "Nothing here yet.")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    page.upload(image(tmp_path, "clear.png", 225), image(tmp_path, "벽.png", 10), broken)
    page.until(lambda: page.names() == ["벽.png", "clear.png"])
    assert page.texts(".card .verdict") == ["reject", "pass"]
    page.one("#progress summary", "1 could not be inspected")
    page.one("#progress li", "broken.png")
    page.one("#said", "2 photos inspected.")


def test_a_dropped_folder_is_walked(address: str, open_page: OpenPage):
    page = open_page(address)
    page.one(".invitation")
    page.run("""
        const canvas = new OffscreenCanvas(40, 40);
        canvas.getContext("2d").fillRect(0, 0, 40, 40);
        canvas.convertToBlob().then((blob) => {
          const transfer = new DataTransfer();
          for (const name of ["a.png", "b.png"]) transfer.items.add(new File([blob], name));
          window.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
        });
    """)
    page.until(lambda: sorted(page.names()) == ["a.png", "b.png"])


def test_filters_search_and_order(filled: str, open_page: OpenPage):
    page = open_page(filled)
    worst = ["dark.png", "grey.png", "pale.png", "clear.png"]
    page.until(lambda: page.names() == worst)
    page.click(".chip.review")
    page.until(lambda: page.names() == ["pale.png"])
    page.click(".chip.reject")
    page.until(lambda: page.names() == worst[:3])
    page.one("#search").send_keys("GREY")
    page.until(lambda: page.names() == ["grey.png"])
    page.one(".count", "1 of 1 shown")


def test_a_review_by_keyboard_alone_and_its_undo(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.until(lambda: len(page.names()) == 4)
    page.run("document.querySelector('.card').focus()")
    page.press(Keys.ENTER)
    page.shown("dark.png")
    page.press("a")
    page.shown("grey.png")
    page.press("r")
    page.shown("pale.png")
    with Client(filled) as service:
        page.until(lambda: [one.state for one in service.findings()] == ["approved", "rejected", "open", "open"])
        page.press("u")
        page.one(".side h1", "grey.png")
        page.until(lambda: [one.state for one in service.findings()] == ["approved", "open", "open", "open"])
    page.press(Keys.ARROW_LEFT)
    page.one(".side h1", "dark.png")
    page.one(".history li", "confirmed")
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.all("#viewer"))
    assert page.run("return document.activeElement.dataset.id") is not None


def test_a_decision_with_tag_and_comment(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.click(".card")
    page.click(".decide .chip", "shadow")
    page.one("textarea").send_keys("only a shadow, <b>a</b>rr")
    page.click(".decide .reject")
    page.one(".side h1", "grey.png")
    with Client(filled) as service:
        (review,) = service.reviews(next(iter(service.findings(state="rejected"))).id)
    assert (review.decision, review.tags, review.comment) == ("reject", ["shadow"], "only a shadow, <b>a</b>rr")


def test_two_people_at_one_finding(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.click(".card")
    page.one(".side h1", "dark.png")
    with Client(filled) as service:
        service.review(next(iter(service.findings())), "approve")
    page.press("r")
    page.one("#said", "Somebody else has decided since")
    page.one(".side .state", "confirmed")


def test_the_same_place_at_other_dates(address: str, open_page: OpenPage):
    stays, short, long = (60, 360, 60, 65), (60, 260, 160, 164), (60, 420, 160, 164)
    with Client(address) as service:
        service.inspect([("pier.png", png(wall_of(stays, short)))], mm_per_px=0.5)
        service.inspect([("pier.png", png(wall_of(stays, long, (60, 360, 400, 406))))], mm_per_px=0.5)
        later = next(iter(service.findings(order="newest")))
    page = open_page(f"{address}/#/finding/{later.id}")
    page.one(".side h1", "pier.png")
    page.press("t")
    page.one(".trend li", "1 grown, 1 new, 1 static")
    rows = [one.text for one in page.all(".trend tbody tr")]
    assert any("grown" in row and "±" in row for row in rows)
    assert len(page.all(".trend .plot")) == 2
    page.one("#place").send_keys("Pier 1", Keys.ENTER)
    page.one(".trend .note", "No earlier image of this place.")
    if AXE.exists():
        assert page.violations() == []


def test_thresholds_redraw_at_once(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.until(lambda: len(page.names()) == 4)
    page.click(".histogram summary")
    page.slide(".histogram input", 0.05)
    assert page.texts(".card .verdict") == ["reject"] * 4
    page.one(".histogram output", "4 reject, 0 not")
    page.click(".histogram button", "Reset")
    assert page.texts(".card .verdict") == ["reject", "reject", "review", "pass"]
    page.click(".card")
    page.one("#pixel-threshold")
    page.slide("#pixel-threshold", 0.9)
    few = page.one("fieldset output", "%").text
    page.slide("#pixel-threshold", 0.31)
    assert page.one("fieldset output", "%").text != few


def test_layers_zoom_and_measurements(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.click(".card")
    page.one(".table", "mm")
    picture = "return document.querySelector('canvas').toDataURL()"
    page.until(lambda: len(page.run(picture)) > 2000)
    seen = [page.run(picture)]
    for key in ("m", "l", "s", "w", "+", "0"):
        page.press(key)
        page.until(lambda: page.run(picture) != seen[-1])
        seen.append(page.run(picture))
    assert not page.driver.find_element("css selector", "[data-layer=map]").is_selected()
    assert page.driver.find_element("css selector", "[data-layer=skeleton]").is_selected()


@pytest.mark.parametrize("turned", [False, True], ids=["right", "top"])
def test_the_label_of_a_width_at_the_edge_is_whole(address: str, open_page: OpenPage, turned: bool):
    pixels = np.full((160, 640, 3), 230, np.uint8)
    pixels[78:82, 300:640] = 10
    pixels[74:86, 615:640] = 10
    if turned:
        pixels = np.rot90(pixels)
    with Client(address) as service:
        service.inspect([("edge.png", png(pixels))], mm_per_px=0.5)
    page = open_page(address)
    page.one(".card")
    page.run("""
        const drawn = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          const at = this.getTransform(), width = this.measureText(text).width;
          const corner = at.transformPoint(new DOMPoint(x + width, y));
          const size = at.d * parseFloat(this.font.match(/[0-9.]+px/)[0]);
          window.label = { text, right: this.canvas.width - corner.x, top: corner.y - size };
          drawn.call(this, text, x, y);
        };
    """)
    page.click(".card")
    page.shown("edge.png")
    page.until(lambda: page.run("return window.label"))
    label = page.run("return window.label")
    assert label["text"].endswith("mm")
    assert min(label["right"], label["top"]) >= 0, label


def test_korean_dark_and_what_is_remembered(filled: str, open_page: OpenPage):
    page = open_page(filled, language="ko-KR")
    page.one("nav", "검사 결과")
    page.one(".card .verdict", "불합격")
    page.click("#theme")
    dark = page.run("return getComputedStyle(document.body).backgroundColor")
    page.driver.refresh()
    page.one("nav", "검사 결과")
    assert page.run("return getComputedStyle(document.body).backgroundColor") == dark == "rgb(18, 23, 28)"
    page.click("#language")
    page.one("nav", "Findings")


def test_a_phone_need_not_scroll_sideways(filled: str, open_page: OpenPage):
    page = open_page(filled, phone=True)
    page.until(lambda: len(page.names()) == 4)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    page.click(".card")
    page.one(".decide .approve")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_names_and_comments_never_become_markup(address: str, open_page: OpenPage, tmp_path: Path):
    evil = '<img src=x onerror="document.title=1">.png'
    with Client(address) as service:
        (found,) = service.inspect([(evil, image(tmp_path, "a.png", 10).read_bytes())])
        service.review(found.id, "reject", tags=[evil], comment=evil)
    page = open_page(address)
    page.click(".card .name", "<img src=x")
    page.one(".side h1", "<img src=x")
    page.one(".history q", "<img src=x")
    assert page.driver.title == "blemish"
    assert page.run("return document.querySelectorAll('img[src=x]').length") == 0


def test_nothing_is_loaded_from_elsewhere_and_the_console_is_quiet(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.click(".card")
    page.one(".side h1", "dark.png")
    loaded = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert loaded
    assert all(name.startswith(filled) for name in loaded)
    assert [entry["message"] for entry in page.driver.get_log("browser")] == []


def test_a_detector_is_uploaded_activated_and_rolled_back(
    address: str, open_page: OpenPage, darkness: Container, tmp_path: Path
):
    thresholds = Thresholds(pixel=0.6, reject=0.0, source="chosen for the tests")
    file = tmp_path / "new" / "darkness.blemish"
    file.parent.mkdir()
    write_container(file, replace(darkness, spec=darkness.spec.model_copy(update={"thresholds": thresholds})))
    page = open_page(f"{address}/#/detectors")
    page.one("#detectors article", "darkness")
    page.driver.find_element("css selector", "#detectors input[type=file]").send_keys(str(file))
    page.click("#detectors td button", "Activate")
    page.one("#detectors article", "reject 0")
    page.click("#detectors button", "Roll back")
    page.one("#detectors article", "reject 0.6")


def test_a_browser_logs_in_with_a_key(darkness_file: Path, open_page: OpenPage, tmp_path: Path):
    service = Service(ServeSettings(detectors=(str(darkness_file),), store=tmp_path / "keyed", keys=True, threads=2))
    with listening(service) as address:
        page = open_page(address)
        page.one("input[type=password]").send_keys("wrong", Keys.ENTER)
        page.one("#said", "wrong or was revoked")
        page.one("input[type=password]").clear()
        page.one("input[type=password]").send_keys(service.first_key, Keys.ENTER)
        page.one(".invitation")
        page.upload(image(tmp_path, "a.png", 10))
        page.until(lambda: page.names() == ["a.png"])
        page.click(".card")
        page.one(".side h1", "a.png")
        page.press("a")
        page.one(".side .state", "confirmed")
        page.press(Keys.ESCAPE)
        page.click("header button", "Log out")
        page.one("input[type=password]")


def test_the_first_page_is_usable_within_a_second(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.until(lambda: len(page.names()) == 4)
    page.driver.refresh()
    page.until(lambda: len(page.names()) == 4)
    ready_ms = page.run("return performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert ready_ms < 1000
