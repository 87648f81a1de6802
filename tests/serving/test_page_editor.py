"""Correcting an outline in a real browser: by mouse, by touch, and by keyboard alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.client import Client

from .browsing import AXE, IN_CHROMIUM, Browser, OpenPage

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = IN_CHROMIUM
SIZE = (96, 64)


class Drawing:
    """The canvas of the viewer, by places in the image, which fills it and is 96 x 64 px."""

    def __init__(self, page: Browser) -> None:
        self.page = page
        self.canvas = page.one(".stage canvas")

    def at(self, x: float, y: float) -> tuple[int, int]:
        """From the middle of the canvas, as the driver counts."""
        box = self.canvas.rect
        scale = min(box["width"] / SIZE[0], box["height"] / SIZE[1])
        return round((x + 0.5 - SIZE[0] / 2) * scale), round((y + 0.5 - SIZE[1] / 2) * scale)

    def drag(self, *places: tuple[float, float]) -> None:
        act = ActionChains(self.page.driver, duration=20)
        act.move_to_element_with_offset(self.canvas, *self.at(*places[0])).click_and_hold()
        for place in places[1:]:
            act.move_to_element_with_offset(self.canvas, *self.at(*place))
        act.release().perform()

    def click(self, *places: tuple[float, float]) -> None:
        for place in places:
            ActionChains(self.page.driver, duration=20).move_to_element_with_offset(
                self.canvas, *self.at(*place)
            ).click().perform()

    def touch(self, *fingers: list[tuple[float, float]]) -> None:
        """Fingers that go down one after another, move together and go up."""
        box = self.canvas.rect

        def points(step: int, count: int) -> list[dict[str, float]]:
            middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            places = [self.at(*finger[step]) for finger in fingers[:count]]
            return [{"x": middle[0] + x, "y": middle[1] + y, "id": number} for number, (x, y) in enumerate(places)]

        def send(kind: str, touching: list[dict[str, float]]) -> None:
            self.page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touching})

        for count in range(1, len(fingers) + 1):
            send("touchStart", points(0, count))
        for step in range(1, len(fingers[0])):
            send("touchMove", points(step, len(fingers)))
        send("touchEnd", [])


def edit(page: Browser) -> Drawing:
    page.click(".card", "dark.png")
    page.one(".side h1", "dark.png")
    page.press("c")
    page.one("#edit-save")
    return Drawing(page)


def save(page: Browser) -> None:
    page.press_control("s")
    page.one(".side .state", "corrected")


def corrected(address: str) -> tuple[np.ndarray, np.ndarray]:
    """The corrected mask, and the detector's: bool (64, 96)."""
    with Client(address) as service:
        found = next(iter(service.findings(text="dark")))
        pictures = [service.picture(found.id, name) for name in ("corrected", "mask")]
    now, before = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) > 127 for data in pictures)
    return now, before


def test_brush_and_eraser_with_undo_and_redo(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    drawing.drag((20, 50), (60, 50))
    page.press("e")
    drawing.drag((60, 31), (60, 33))
    drawing.drag((20, 32), (30, 32))
    page.press_control("z")
    page.press("b")
    drawing.drag((20, 10), (60, 10))
    page.press_control("z")
    page.press_control("z")
    page.press_control("y")
    save(page)
    now, before = corrected(filled)
    assert now[50, 20:61].all()
    assert not now[31:34, 60].any()
    assert before[31:34, 60].all()
    assert np.array_equal(now[28:38, 18:32], before[28:38, 18:32])
    assert not now[5:15].any()


def test_a_polygon_adds_and_another_takes_away(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    page.press("p")
    drawing.click((10, 44), (50, 44), (50, 60), (10, 60))
    page.press(Keys.ENTER)
    page.press("x")
    drawing.click((20, 48), (40, 48), (40, 56), (20, 56), (5, 5))
    page.press(Keys.BACKSPACE, Keys.ENTER)
    save(page)
    now, before = corrected(filled)
    assert now[45:47, 12:48].all()
    assert not now[50:54, 22:38].any()
    assert now[40:].sum() == pytest.approx(40 * 16 - 20 * 8, abs=60)
    assert np.array_equal(now[:40], before[:40])


def test_a_centre_line_is_moved_removed_and_drawn(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    page.press("c")
    drawing.click((45, 31.5))  # chooses the crack of the detector
    drawing.drag((10, 31.5), (10, 50))
    page.press_control("z")
    drawing.click((45, 31.5))
    page.press(Keys.DELETE)
    drawing.click((10, 10), (50, 10), (50, 20))
    page.press(Keys.ENTER)
    save(page)
    now, before = corrected(filled)
    assert before[31:33, 20:70].all()
    assert not now[26:40].any()
    assert now[10, 12:48].all()
    assert now[12:20, 50].all()


def test_a_line_s_end_is_dragged_elsewhere(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    page.press("c")
    drawing.click((45, 31.5))
    drawing.drag((10, 31.5), (10, 55))
    save(page)
    now, _ = corrected(filled)
    assert now[54:56, 10:12].any()
    assert now[43, 40:50].any()
    assert not now[31, 20:40].any()


def test_two_points_give_the_scale_and_widths_follow(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    page.press("d")
    drawing.click((10, 10), (60, 10))
    page.one("#edit-said", "50 px apart")
    page.one("#edit-length").send_keys("100")
    page.one("#edit-said", "2 mm per pixel")
    page.click("#edit-save")
    page.one(".side .state", "corrected")
    with Client(filled) as service:
        finding = next(iter(service.findings(text="dark"))).finding
    assert finding.scale.mm_per_px == pytest.approx(2.0, rel=0.02)
    page.one(".table", "mm")


def test_by_keyboard_alone(filled: str, open_page: OpenPage):
    page = open_page(filled)
    page.until(lambda: len(page.names()) == 4)
    page.run("document.querySelector('.card').focus()")
    page.press(Keys.ENTER)
    page.one(".side h1", "dark.png")
    page.press("c")
    page.one("#edit-save")
    page.press("[", "[", "[")
    page.press(*[Keys.ARROW_DOWN] * 8)
    page.press(" ", *[Keys.ARROW_RIGHT] * 10, " ")
    page.press(*[Keys.ARROW_DOWN] * 3)
    save(page)
    now, before = corrected(filled)
    drawn = np.argwhere(now & ~before)
    assert len(drawn) > 15
    assert drawn[:, 1].max() - drawn[:, 1].min() == pytest.approx(20, abs=4)
    assert drawn[:, 0].max() < 56


def test_one_finger_draws_and_two_zoom(filled: str, open_page: OpenPage):
    page = open_page(filled, phone=True)
    drawing = edit(page)
    drawing.touch([(20, 50), (40, 50), (60, 50)])
    before = page.run("return document.querySelector('canvas').toDataURL()")
    drawing.touch([(40, 20), (30, 20)], [(50, 20), (70, 20)])
    page.until(lambda: page.run("return document.querySelector('canvas').toDataURL()") != before)
    page.click("#edit-save")
    page.one(".side .state", "corrected")
    now, own = corrected(filled)
    assert now[50, 20:61].all()
    assert np.array_equal(now[15:25], own[15:25])


def test_what_was_drawn_survives_somebody_else_s_decision(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    drawing.drag((20, 50), (60, 50))
    with Client(filled) as service:
        service.review(next(iter(service.findings(text="dark"))), "reject")
    page.press_control("s")
    page.one("#said", "Somebody else has decided meanwhile.")
    with Client(filled) as service:
        assert next(iter(service.findings(text="dark"))).state == "rejected"
    page.click("#said button", "Save all the same")
    page.one(".side .state", "corrected")
    assert corrected(filled)[0][50, 20:61].all()


def test_a_correction_is_undone_and_what_replaced_one_too(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    drawing.drag((20, 50), (60, 50))
    save(page)
    page.press("r")
    page.shown("grey.png")
    page.press("u")
    page.one(".side h1", "dark.png")
    page.one(".side .state", "corrected")
    assert corrected(filled)[0][50, 20:61].all()
    page.press("u")
    page.one(".side .state", "open")
    with Client(filled) as service:
        assert next(iter(service.findings(text="dark"))).corrected is False


def test_leaving_asks_where_something_was_drawn(filled: str, open_page: OpenPage):
    page = open_page(filled)
    drawing = edit(page)
    drawing.drag((20, 50), (60, 50))
    page.press(Keys.ESCAPE)
    page.driver.switch_to.alert.dismiss()
    page.one("#edit-save")
    page.click(".editor button", "As the detector outlined it")
    page.press(Keys.ESCAPE)
    page.driver.switch_to.alert.accept()
    page.one(".decide")
    page.one(".side .state", "open")


@pytest.mark.skipif(not AXE.exists(), reason='axe is not installed: run "npm ci" in page/')
@pytest.mark.parametrize("language", ["en", "ko-KR"])
def test_axe_finds_no_violation_in_the_editor(filled: str, open_page: OpenPage, language: str):
    page = open_page(filled, language=language)
    edit(page)
    for key in "bpcdv":
        page.press(key)
        assert page.violations() == []
