"""The report of thousands of images: how large it is, what writing it takes, and how soon a browser shows it.

    python benchmarks/report_opens.py [--images 3000] [--rounds 3]

Findings are drawn, as a flight along a bridge would leave them: 30 folders, positions, a scale, grades, two cracks on
every second image, and a small copy of noise, which no JPEG makes small, of each image. Needs Chromium and
``pip install selenium``. "Shown" is from the start of navigation until the script has laid out the first images,
"loaded" until the pictures in the window are there as well.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from blemish.findings import DetectorRecord, Options, RunRecord
from blemish.images import write_jpeg
from blemish.measurement import load_grades
from blemish.reports.document import read_document
from blemish.reports.page import write_page

from machine import describe_machine

SIZES = ("length", "mean_width", "median_width", "p95_width", "max_width", "width_uncertainty", "length_uncertainty")
POINTS = 300
_SEEN = """
const [page] = performance.getEntriesByType("navigation");
return [page.domContentLoadedEventEnd, page.loadEventEnd, document.querySelectorAll(".tile").length];
"""
_PICTURES = "return [...document.images].filter((one) => one.complete && one.naturalWidth).length"


def crack(number: int, width_px: float) -> dict[str, object]:
    """A level crack as it stands in a finding."""
    points = [[100.0 + x, 200.0] for x in range(POINTS)]
    own: dict[str, object] = {"number": number, "network": 1, "orientation_deg": 0.0, "direction": "horizontal"}
    own |= {"branches": 0, "tortuosity": 1.0, "closed": False, "touches_border": False, "area_px": 40}
    own |= {"area_width_px": width_px, "image_fraction": 1.0, "score": 0.9, "max_width_at": [110.0, 200.0]}
    own |= {"polyline_px": points, "widths_px": [width_px] * POINTS, "grade": "X0, XC1"}
    return (
        own
        | {f"{name}_px": width_px for name in SIZES}
        | {"mm": {"max_width_at": [11.0, 20.0], **dict.fromkeys(SIZES, width_px / 10)}}
    )


def draw_job(folder: Path, images: int) -> None:
    """Findings and small copies."""
    rng, scale = np.random.default_rng(0), {"mm_per_px": 0.1, "source": "given"}
    noise = folder / "noise.jpg"
    write_jpeg(noise, rng.integers(90, 160, (750, 1000, 3), np.uint8), 80)
    (folder / "views").mkdir()
    with (folder / "findings.jsonl").open("w", encoding="utf-8") as lines:
        for number in range(images):
            name = f"DJI_20261128_{number:05d}"
            found = [crack(1, 1 + number * 0.01), crack(2, 2.0)] if number % 2 else []
            record = {"image": f"pier {number % 30 + 1}/{name}.jpg", "path": f"/gone/{name}.jpg", "name": name}
            record |= {"size_px": [4000, 3000], "score": number / images, "p_value": 0.01, "cracks": found}
            record |= {"verdict": "reject" if found else "pass", "scale": scale}
            record |= {"capture": {"taken": "2026-11-28T10:00:00", "position": [50 + number * 1e-6, 8 + number * 2e-6]}}
            lines.write(json.dumps(record) + "\n")
            shutil.copyfile(noise, folder / "views" / f"{name}.jpg")
    RunRecord(
        blemish="0.2.0",
        date="2026-11-28T10:00:00+00:00",
        folder=str(folder),
        detector=DetectorRecord(file="wall.blemish", method="unet"),
        options=Options(measure=True),
        grades=load_grades("eurocode-2"),
    ).write(folder)


def write(folder: Path) -> None:
    """Write the report: seconds of the processor, and the peak of memory in MB."""
    begin = time.process_time()
    write_page(read_document(folder), folder)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{time.process_time() - begin} {peak_mb}")


def open_page(page: Path) -> tuple[float, float, int, int]:
    """Seconds until it is shown and until it is loaded, tiles, and pictures that come when these are scrolled to."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for each in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000"):
        options.add_argument(each)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        browser.get("about:blank")
        browser.get(page.as_uri())
        time.sleep(1)
        shown, loaded, tiles = browser.execute_script(_SEEN)
        before = browser.execute_script(_PICTURES)
        browser.execute_script("document.getElementById('images').scrollIntoView()")
        time.sleep(1)
        pictures = browser.execute_script(_PICTURES) - before
    finally:
        browser.quit()
    return shown / 1000, loaded / 1000, tiles, pictures


def main() -> None:
    """Draw a job, write its report, open it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[300, 3000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write is not None:
        write(given.write)
        return
    print(describe_machine("jinja2", "pydantic"))
    for images in given.images:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "job"
            folder.mkdir()
            draw_job(folder, images)
            told = subprocess.run(
                [sys.executable, __file__, "--write", folder], stdout=subprocess.PIPE, text=True, check=True
            )
            seconds, peak_mb = map(float, told.stdout.split())
            page = folder / "report.html"
            others = [path.stat().st_size for path in (folder / "report").glob("*.html")]
            print(
                f"{images} images: report.html {page.stat().st_size / 1e6:.2f} MB, {len(others)} pages of at most "
                f"{max(others, default=0) / 1e6:.2f} MB; written in {seconds:.1f} CPU seconds, peak {peak_mb:.0f} MB"
            )
            opened = [open_page(page) for _ in range(given.rounds)]
            shown, loaded = (statistics.median(one[column] for one in opened) for column in (0, 1))
            _, _, tiles, pictures = opened[0]
            print(f"  shown {shown:.2f} s, loaded {loaded:.2f} s; {tiles} tiles, {pictures} pictures when scrolled to")


if __name__ == "__main__":
    main()
