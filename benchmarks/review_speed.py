"""How long the page keeps a reviewer waiting: 100 findings decided about by keyboard in a real Chromium.

python benchmarks/review_speed.py [--findings 100] [--size 1024]    needs Chromium, chromedriver, serve, client, dev

For each finding: from the key that decides to the frame that shows the next one, with its map, outline and cracks. What
a person looks and thinks in between comes on top. Before that: from asking for the page to the first cards that can be
clicked, and how large the script is when it is compressed. Each stored decision is checked at the end.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service as Driver

from blemish.client import Client
from blemish.serving.routes.page import FOLDER
from blemish.serving.running import server_config
from blemish.serving.service import Service
from blemish.serving.settings import ServeSettings
from blemish.synthesis import draw_image

from machine import describe_machine
from result_files import Column, Row, Table, record

# Notes when a key went down, and the first frame after the next image was there.
WATCH = """
window.waits = [];
let pressed = 0;
addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(
  () => window.waits.push(performance.now() - pressed)))).observe(
  document.querySelector(".stage canvas"), { attributes: true, attributeFilter: ["aria-label"] });
"""
USABLE = """
const done = arguments[0];
const look = () => document.querySelector(".card img") ? done(performance.now()) : setTimeout(look, 5);
look();
"""


def fill(address: str, findings: int, size_px: int) -> None:
    """Drawn walls, two thirds of them cracked."""
    with Client(address) as service:
        for number in range(findings):
            pixels = draw_image(500 + number, size_px=size_px, cracked=number % 3 != 2).image
            service.inspect(
                [(f"{number:03d}.png", cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())], mm_per_px=0.1
            )


def review(driver: webdriver.Chrome, findings: int) -> list[float]:
    """Decide about all findings but the last; the waits in milliseconds."""
    driver.find_element("css selector", ".card").click()
    time.sleep(2)
    driver.execute_script(WATCH)
    for number in range(findings - 1):
        ActionChains(driver, duration=0).send_keys("r" if number % 4 == 3 else "a").perform()
        while driver.execute_script("return waits.length") <= number:
            time.sleep(0.005)
    return [float(wait) for wait in driver.execute_script("return waits")]


def measure(address: str, findings: int) -> dict[str, Any]:
    """All figures."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,900"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Driver(shutil.which("chromedriver")))
    try:
        usable = []
        for _ in range(5):
            driver.get("about:blank")
            driver.get(address)
            usable.append(float(driver.execute_async_script(USABLE)))
        began = time.perf_counter()
        waits = review(driver, findings)
        took_s = time.perf_counter() - began
    finally:
        driver.quit()
    with Client(address) as service:
        states = [found.state for found in service.findings()]
    assert states.count("open") == 1, states
    return {
        "findings": findings,
        "wait_ms": dict(zip(("median", "p95", "largest"), np.quantile(waits, (0.5, 0.95, 1)).round(0), strict=True)),
        "all_waits_s": round(sum(waits) / 1000, 1),
        "with_the_driver_s": round(took_s, 1),
        "first_page_usable_ms": {"first": round(usable[0]), "median_of_5": round(float(np.median(usable)))},
        "script_kb": round(len(gzip.compress((FOLDER / "app.js").read_bytes())) / 1000, 1),
        "machine": describe_machine("onnxruntime"),
    }


def keep(asked: argparse.Namespace, figures: dict[str, Any]) -> None:
    """The figures as a result file."""
    waits, usable = figures["wait_ms"], figures["first_page_usable_ms"]
    said = {
        "wait for the next finding: median, 95 %, largest": ", ".join(f"{wait:.0f} ms" for wait in waits.values()),
        f"all waits of {asked.findings - 1} decisions": f"{figures['all_waits_s']} s",
        "first page usable: first time, median of 5": ", ".join(f"{value} ms" for value in usable.values()),
        "script, compressed": f"{figures['script_kb']} kB",
    }
    record(
        asked.record,
        "Reviewing by keyboard",
        f"{asked.findings} drawn walls of {asked.size} × {asked.size} px with the bundled detector in a service on "
        "loopback, decided about in headless Chromium; from the key to the frame that shows the next image",
        [f"python benchmarks/review_speed.py --findings {asked.findings} --size {asked.size} --record {asked.record}"],
        {
            "waits": Table(
                columns=(Column(name=""),), rows=tuple(Row(name=(n,), cells={"": v}) for n, v in said.items())
            )
        },
        machine=str(figures["machine"]),
    )


def main() -> None:
    """Start a service, fill it, and review what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--findings", type=int, default=100)
    parser.add_argument("--size", type=int, default=1024, help="side of the images, pixels")
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as store:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(server_config(Service(ServeSettings(store=Path(store)))))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        time.sleep(1)
        try:
            fill(address, asked.findings, asked.size)
            figures = measure(address, asked.findings)
            print(json.dumps(figures, indent=1))
            if asked.record:
                keep(asked, figures)
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main()
