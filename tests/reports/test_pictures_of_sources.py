"""Images that are no files of their own, or are gone, stand in the report as they were inspected."""

from __future__ import annotations

import base64
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import blemish
from blemish.reports.document import read_document
from blemish.reports.exports import export

GREYS = (40, 220)


def draw(path: Path, grey: int) -> Path:
    cv2.imwrite(str(path), np.full((96, 128, 3), grey, np.uint8))
    return path


def in_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for grey in GREYS:
            archive.write(draw(folder / f"{grey}.png", grey), f"{grey}.png")
    return folder / "a.zip"


def in_tar(folder: Path) -> Path:
    with tarfile.open(folder / "a.tgz", "w:gz") as archive:
        for grey in GREYS:
            archive.add(draw(folder / f"{grey}.png", grey), f"{grey}.png")
    return folder / "a.tgz"


def in_tiff(folder: Path) -> Path:
    first, second = (Image.fromarray(np.full((96, 128, 3), grey, np.uint8)) for grey in GREYS)
    first.save(folder / "a.tif", save_all=True, append_images=[second])
    return folder / "a.tif"


def in_video(folder: Path) -> Path:
    writer = cv2.VideoWriter(str(folder / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (128, 96))
    for grey in GREYS:
        writer.write(np.full((96, 128, 3), grey, np.uint8))
    writer.release()
    return folder / "a.avi"


def in_pdf(folder: Path) -> Path:
    pytest.importorskip("pypdfium2")
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    page = canvas.Canvas(str(folder / "a.pdf"))
    for grey in GREYS:
        page.drawImage(str(draw(folder / f"{grey}.png", grey)), 0, 0, 640, 640)
        page.showPage()
    page.save()
    return folder / "a.pdf"


def as_files(folder: Path) -> Path:
    (folder / "images").mkdir()
    for grey in GREYS:
        draw(folder / "images" / f"{grey}.png", grey)
    return folder / "images"


def shown(page: Path) -> list[float]:
    """Mean grey levels of the pictures on a page, in its order."""
    # Not those of masks, which are anomaly maps.
    found = re.findall(r'(?<!">)<image href="data:image/jpeg;base64,([^"]*)" width', page.read_text(encoding="utf-8"))
    return [
        float(cv2.imdecode(np.frombuffer(base64.b64decode(one), np.uint8), cv2.IMREAD_COLOR).mean()) for one in found
    ]


@pytest.mark.parametrize("source", [in_zip, in_tar, in_tiff, in_video, in_pdf], ids=lambda source: source.__name__)
def test_the_report_shows_images_that_are_no_files(darkness_file: Path, tmp_path: Path, source: Callable[[Path], Path]):
    given = source(tmp_path)
    blemish.inspect(given, detector=darkness_file, out=tmp_path / "out", all_pages=True, every="1")
    assert shown(tmp_path / "out" / "report.html") == pytest.approx(GREYS, abs=3)
    assert "no longer where" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_files_that_are_gone_are_shown_as_they_were_inspected(darkness_file: Path, tmp_path: Path):
    folder = as_files(tmp_path)
    blemish.inspect(folder, detector=darkness_file, out=tmp_path / "out")
    for file in folder.iterdir():
        file.unlink()
    document = read_document(tmp_path / "out")
    export(document, ["html"], tmp_path / "again")
    assert shown(tmp_path / "again" / "report.html") == pytest.approx(GREYS, abs=3)
    assert "no longer where" not in (tmp_path / "again" / "report.html").read_text(encoding="utf-8")


def test_word_files_show_them_too(darkness_file: Path, tmp_path: Path):
    pytest.importorskip("docx")
    blemish.inspect(in_zip(tmp_path), detector=darkness_file, out=tmp_path / "out")
    (target,) = export(read_document(tmp_path / "out"), ["docx"], tmp_path / "word")
    with zipfile.ZipFile(target) as word:
        assert sum(name.startswith("word/media/") for name in word.namelist()) == 2
