"""Draw the pictures of the report that stand in docs/reports.md: a drawn inspection, opened in Chromium.

    python docs/tools/report_pictures.py        needs Chromium, and pypdfium2 for the printed pages

Twelve drawn walls in three folders, with drawn EXIF times and positions, and a file that is no image. Everything is
seeded, so the pictures change only where the report does.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image

import blemish
from blemish.findings import ReportDetails
from blemish.reports.document import read_document
from blemish.reports.page import write_page
from blemish.synthesis import draw_image

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
FOLDERS = ("Deck", "Pier 1", "Pier 2/north")
MM_PER_PX = 0.1


def draw_inspection(folder: Path) -> None:
    """The images as a camera would leave them."""
    for number in range(12):
        pixels = draw_image(100 + number, size_px=640, cracked=number != 7).image
        target = folder / FOLDERS[number // 4] / f"IMG_{1000 + number}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(target, quality=95, exif=exif(number))
    (folder / FOLDERS[0] / "scan.pdf").write_bytes(b"%PDF-1.4\n")
    logo = np.full((60, 200, 3), (120, 60, 20), np.uint8)
    cv2.rectangle(logo, (14, 14), (46, 46), (80, 190, 240), -1)
    cv2.putText(logo, "BRIDGE WORKS", (56, 38), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    cv2.imwrite(str(folder.parent / "logo.png"), logo)


def exif(number: int) -> bytes:
    """A camera's EXIF block: time, camera, and a place on a grid along the Han."""
    data = Image.Exif()
    data[ExifTags.Base.Make], data[ExifTags.Base.Model] = "Drawn", "Camera 1"
    data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"2026:11:2{number // 8} 10:{number:02}:00"
    gps = data.get_ifd(ExifTags.IFD.GPSInfo)
    latitude, longitude = 37.5 + 0.0003 * (number // 4), 126.99 + 0.0004 * (number % 4)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLongitudeRef] = "N", "E"
    gps[ExifTags.GPS.GPSLatitude] = degrees(latitude)
    gps[ExifTags.GPS.GPSLongitude] = degrees(longitude)
    return data.tobytes()


def degrees(value: float) -> tuple[Fraction, Fraction, Fraction]:
    """Degrees, minutes, seconds."""
    return Fraction(int(value)), Fraction(int(value * 60 % 60)), Fraction(round(value * 3600 % 60 * 1000), 1000)


def chromium(*arguments: str) -> None:
    """Run Chromium without a window."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is not installed.")
    fixed = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1")
    subprocess.run([program, *fixed, *arguments], check=True, stderr=subprocess.DEVNULL, timeout=120)


def screenshot(page: Path, name: str, width_px: int, height_px: int, query: str = "") -> None:
    """The top of a page in a window of that size; ``query`` as in ``?q=width``."""
    target = PICTURES / name
    chromium(f"--screenshot={target}", f"--window-size={width_px},{height_px}", page.as_uri() + query)
    Image.open(target).convert("RGB").save(target, optimize=True)


def printed(page: Path, folder: Path) -> None:
    """The first three of the printed pages, side by side."""
    import pypdfium2

    paper = folder / "page.pdf"
    chromium(f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.as_uri())
    document = pypdfium2.PdfDocument(paper)
    sheets = [document[number].render(scale=0.75).to_pil().convert("RGB") for number in range(3)]
    edge = 12
    picture = Image.new("RGB", (sum(s.width + edge for s in sheets) + edge, sheets[0].height + 2 * edge), "#888888")
    for place, sheet in enumerate(sheets):
        picture.paste(sheet, (edge + place * (sheet.width + edge), edge))
    picture.save(PICTURES / "report-print.png", optimize=True)


def main() -> None:
    """Draw, inspect, and take the pictures."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "images"
        draw_inspection(folder)
        details = ReportDetails(
            title="Han bridge, main inspection",
            client="City of Seoul",
            place="Piers 1 and 2, deck",
            inspector="Kim Min-ji",
            date="21 November 2026",
            logo=str(folder.parent / "logo.png"),
        )
        out = Path(work) / "Han bridge"
        blemish.inspect(folder, out=out, scale=MM_PER_PX, report=details)
        screenshot(out / "report.html", "report-desktop.png", 1200, 1500)
        screenshot(out / "report.html", "report-phone.png", 500, 1900)
        printed(out / "report.html", Path(work))
        korean = details.model_copy(
            update={"lang": "ko", "title": "한강 교량 정밀 점검", "client": "서울시", "date": "2026년 11월 21일"}
        )
        blemish.inspect(folder, out=out, scale=MM_PER_PX, report=korean)
        (page,) = write_page(read_document(out), out)
        screenshot(page, "report-ko.png", 1200, 1500)


if __name__ == "__main__":
    main()
