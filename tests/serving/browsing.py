"""A browser for the tests of the page: opened as a reader would have set it, asked as a person looks at it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.client import Client

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no Chromium or no chromedriver is installed"),
]
AXE = Path(__file__).parents[2] / "page" / "node_modules" / "axe-core" / "axe.min.js"
WAIT_S = 15


class Browser:
    """A page, asked as a person looks at it."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver, self.address = driver, address
        self.driver.get(address)

    def all(self, selector: str) -> list[Any]:
        return [one for one in self.driver.find_elements("css selector", selector) if one.is_displayed()]

    def one(self, selector: str, text: str = "") -> Any:
        def find(_: Any) -> Any:
            return next((one for one in self.all(selector) if text in one.text), None)

        return self.wait().until(find, f"{selector} {text}")

    def click(self, selector: str, text: str = "") -> None:
        def act(_: Any) -> bool:
            self.one(selector, text).click()
            return True

        self.wait().until(act)

    def shown(self, name: str) -> None:
        """Wait until the viewer shows an image; before that no key decides."""
        self.one(f'.stage canvas[aria-label="{name}"]')

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
        return self.run(script, selector)

    def until(self, holds: Callable[[], object]) -> None:
        def check(_: Any) -> bool:
            try:
                return bool(holds())
            except Exception:  # a card that is just being drawn anew
                return False

        self.wait().until(check)

    def wait(self) -> Any:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, WAIT_S, ignored_exceptions=[StaleElementReferenceException])

    def press(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        # To whatever has the focus at that moment: an element that was asked for may be drawn anew meanwhile.
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def press_control(self, key: str) -> None:
        from selenium.webdriver import ActionChains
        from selenium.webdriver.common.keys import Keys

        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL).perform()

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def names(self) -> list[str]:
        return self.texts(".card .name")

    def upload(self, *files: Path) -> None:
        self.driver.find_element("id", "files").send_keys("\n".join(map(str, files)))

    def violations(self) -> list[str]:
        """What axe finds against accessibility in what is open: rule and element of each."""
        self.run(AXE.read_text(encoding="utf-8"))
        script = "const done = arguments[0]; axe.run().then((found) => done(found.violations))"
        found = self.driver.execute_async_script(script)
        return [
            f"{one['id']}: {node['html'][:120]}: {node['failureSummary']}" for one in found for node in one["nodes"]
        ]

    def slide(self, selector: str, value: float) -> None:
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
        self.run(script, self.driver.find_element("css selector", selector), value)


OpenPage = Callable[..., Browser]


@pytest.fixture(scope="session")
def idle_browsers() -> Iterator[dict[tuple[bool, str], list[Any]]]:
    """Drivers that a test has left, by phone and language: one takes a second to start."""
    idle: dict[tuple[bool, str], list[Any]] = {}
    yield idle
    for driver in (each for drivers in idle.values() for each in drivers):
        driver.quit()


@pytest.fixture
def open_page(idle_browsers: dict[tuple[bool, str], list[Any]]) -> Iterator[OpenPage]:
    """Opens pages; ``phone`` as a phone does, ``language`` as its reader has set it."""
    opened: list[tuple[tuple[bool, str], Browser]] = []

    def begin(address: str, *, phone: bool = False, language: str = "en") -> Browser:
        idle = idle_browsers.setdefault((phone, language), [])
        opened.append(((phone, language), Browser(idle.pop() if idle else started(phone, language), address)))
        return opened[-1][1]

    yield begin
    for kind, page in opened:
        if forgets(page):
            idle_browsers[kind].append(page.driver)
        else:
            page.driver.quit()


def started(phone: bool, language: str) -> Any:
    """A browser that has seen nothing."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service as Driver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    if phone:
        size = {"width": 390, "height": 844, "pixelRatio": 2.0}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": size})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Driver(DRIVER))


def forgets(page: Browser) -> bool:
    """Leave the page and all that it has kept in the browser; False where that cannot be done."""
    from selenium.common.exceptions import WebDriverException

    driver = page.driver
    try:
        driver.get("about:blank")
        driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        origin = "/".join(page.address.split("/")[:3])
        driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        driver.get_log("browser")
    except WebDriverException:
        return False
    return True


def image(folder: Path, name: str, level: int, *, at: int = 30) -> Path:
    pixels = np.full((64, 96, 3), 230, np.uint8)
    pixels[at : at + 4, 10:80] = level
    path = folder / name
    cv2.imwrite(str(path), pixels)
    return path


def wall_of(*bars: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """A textured wall, uint8 RGB (480, 640, 3), with dark bars at (left, right, top, bottom)."""
    chance = np.random.default_rng(3)
    grain = sum(s * cv2.GaussianBlur(chance.normal(size=(480, 640)), (0, 0), s) for s in (3.0, 4.0, 9.0))
    pixels = np.clip(190 + 18 * np.asarray(grain), 130, 255).astype(np.uint8)
    for left, right, top, bottom in bars:
        pixels[top:bottom, left:right] = 40
    return np.repeat(pixels[..., None], 3, axis=2)


@pytest.fixture
def filled(address: str, tmp_path: Path) -> str:
    """A service with four findings: two rejected, one for review, one that passes."""
    levels = {"dark.png": 10, "grey.png": 60, "pale.png": 130, "clear.png": 225}
    with Client(address) as service:
        service.inspect([image(tmp_path, name, level) for name, level in levels.items()], mm_per_px=0.5)
    return address
