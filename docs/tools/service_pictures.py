"""Draw the pictures of the page that stand in docs/service.md: drawn walls in a service, opened in Chromium.

python docs/tools/service_pictures.py       needs Chromium with chromedriver, and the extras serve, client and dev
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np
import uvicorn
from numpy.typing import NDArray
from PIL import Image
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By

from blemish.client import Client
from blemish.serving.running import server_config
from blemish.serving.service import Service
from blemish.serving.settings import ServeSettings
from blemish.synthesis import draw_image
from blemish.synthesis.arrangements import draw_arrangement

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
DESKTOP, PHONE = (1280, 860), (390, 844)


def wall(number: int, size_px: int = 512) -> bytes:
    """A drawn wall as PNG, two in three with a crack."""
    return png(draw_image(number, size_px=size_px, cracked=number % 3 != 0).image)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An RGB image as PNG."""
    return cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()


def fill(address: str) -> None:
    """Eighteen drawn walls, three of them reviewed, and a picture of something else."""
    with Client(address) as service:
        for number in range(18):
            name = f"Pier {number // 6 + 1}/IMG_{1000 + number}.png"
            service.inspect([(name, wall(100 + number))], mm_per_px=0.1)
        board = draw_arrangement("board", np.random.default_rng(0), size_px=512).pixels
        service.inspect([("Pier 3/IMG_1018.png", png(board))], mm_per_px=0.1)
        for found, decision in zip(list(service.findings())[1:4], ("approve", "reject", "approve"), strict=True):
            service.review(found, decision)


def fill_dates(address: str) -> str:
    """One wall at four dates, over which its cracks grow from the left; the id of the last finding."""
    drawn = draw_image(107, size_px=512, cracked=True)
    columns = np.arange(drawn.mask.shape[1])
    with Client(address) as service:
        for fraction in (0.45, 0.6, 0.8, 1.0):
            hidden = cv2.dilate((drawn.mask & (columns > fraction * columns.size)).astype(np.uint8), np.ones((9, 9)))
            pixels = cv2.inpaint(drawn.image, hidden, 5, cv2.INPAINT_TELEA)
            service.inspect([("Pier 4/east.png", png(pixels))], mm_per_px=0.1)
        return next(iter(service.findings(order="newest"))).id


def fill_history(address: str) -> None:
    """Enough walls for scores over time."""
    with Client(address) as service:
        for number in range(100):
            pixels = draw_image(200 + number, size_px=256, cracked=number % 9 == 0).image
            service.inspect([(f"{number}.png", png(pixels))])


def begin_jobs(address: str, folder: Path) -> str:
    """One job that is done, with a file that is no image, and one of which a tenth is; the id of the latter."""
    walls = [wall(300 + number) for number in range(12)]
    with Client(address) as service:
        for name, count in (("deck", 12), ("piers", 200)):
            with ZipFile(folder / f"{name}.zip", "w") as archive:
                for number in range(count):
                    archive.writestr(f"IMG_{number:04}.png", walls[number % len(walls)])
                archive.writestr("IMG_cut-off.png", b"cut off")
        for _ in service.watch_job(service.begin_job(folder / "deck.zip").id):
            pass
        running = service.begin_job(folder / "piers.zip").id
        for at in service.watch_job(running):
            if at.done >= 20:
                break
        return running


def take(address: str, name: str, size: tuple[int, int], keys: str | None = None, **remembered: str) -> None:
    """One picture of the page, with what a reader would have set.

    Args:
        address: of the page, or of one view of it.
        name: of the picture.
        size: of the window, pixels.
        keys: opens the first finding and presses these; None opens none.
        remembered: what the browser keeps: language, theme.
    """
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
    ):
        options.add_argument(argument)
    metrics = {"width": size[0], "height": size[1], "pixelRatio": 1.0, "mobile": size == PHONE}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    driver = webdriver.Chrome(options=options, service=Driver(shutil.which("chromedriver")))
    try:
        driver.get(address)
        for key, value in remembered.items():
            driver.execute_script("localStorage.setItem(arguments[0], arguments[1])", key, value)
        driver.refresh()
        time.sleep(3)
        if keys is not None:
            if "#" not in address:
                driver.find_element(By.CSS_SELECTOR, ".card").click()
                time.sleep(2)
            for key in keys:
                ActionChains(driver).send_keys(key).perform()
                time.sleep(8)
            driver.execute_script("document.querySelector('.trend[open]')?.scrollIntoView()")
        picture = Image.open(BytesIO(driver.get_screenshot_as_png())).convert("RGB")
        picture.quantize(192).save(PICTURES / name, optimize=True)
    finally:
        driver.quit()


def main() -> None:
    """Start a service, fill it, and look at it."""
    with tempfile.TemporaryDirectory() as store:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        service = Service(ServeSettings(store=Path(store)))
        server = uvicorn.Server(server_config(service))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        time.sleep(1)
        try:
            fill(address)
            take(address, "service-desktop.png", DESKTOP, language="en")
            take(address, "service-viewer.png", DESKTOP, "", language="en")
            take(address, "service-correct.png", DESKTOP, "cc", language="en")
            take(address, "service-dark-ko.png", DESKTOP, "", language="ko", theme="dark")
            take(address, "service-phone.png", PHONE, language="en")
            take(f"{address}/#/finding/{fill_dates(address)}", "service-dates.png", DESKTOP, "t", language="en")
            fill_history(address)
            take(f"{address}/#/detectors", "service-detectors.png", DESKTOP, language="en")
            running = begin_jobs(address, Path(store))
            take(f"{address}/#/jobs", "service-jobs.png", (1280, 640), language="en")
            with Client(address) as client:
                client.cancel_job(running)
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main()
