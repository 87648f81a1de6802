"""Frames of videos, pages of TIFF files and images in PDF files."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import blemish
from blemish.errors import ImageError, SettingsError
from blemish.inspection.sources.videos import Step

FRAMES = 30


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Thirty frames at ten a second, from dark to light."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for number in range(FRAMES):
        writer.write(np.full((48, 64, 3), 8 * number, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(
    ("every", "frames"), [("10", [0, 10, 20]), ("1s", [0, 10, 20]), ("0.5s", [0, 5, 10, 15, 20, 25]), ("100", [0])]
)
def test_frames_are_those_asked_for(darkness_file: Path, film: Path, tmp_path: Path, every: str, frames: list[int]):
    summary = blemish.inspect(film, detector=darkness_file, out=tmp_path / "out", every=every)
    assert [one.image for one in summary.findings] == [f"film.avi frame {number:02d}" for number in frames]
    # The frame is the one that it is called, whatever the codec's keyframes are.
    assert [one.score for one in summary.findings] == pytest.approx([1 - 8 * f / 255 for f in frames], abs=0.02)
    assert (tmp_path / "out" / "overlays" / "film 00.jpg").exists()


def test_a_video_goes_on_where_it_was(darkness_file: Path, film: Path, tmp_path: Path):
    blemish.inspect(film, detector=darkness_file, out=tmp_path / "out", every="10")
    assert blemish.inspect(film, detector=darkness_file, out=tmp_path / "out", every="5").earlier == 3


@pytest.mark.parametrize("every", ["0", "-1", "0s", "nans", "", "often", "1.5"])
def test_a_step_that_is_none_is_refused(every: str):
    with pytest.raises(SettingsError, match="every 25"):
        Step.of(every)


def test_broken_frames_are_named_and_the_others_inspected(darkness_file: Path, film: Path):
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 2 // 3])
    summary = blemish.inspect(film, detector=darkness_file, every="1")
    assert summary.inspected > 10
    assert all("cannot be decoded" in one.error for one in summary.findings if one.error)


def test_what_is_no_video_is_a_sentence(darkness_file: Path, tmp_path: Path):
    (tmp_path / "film.mp4").write_bytes(b"no film")
    with pytest.raises(ImageError, match=r"film.mp4.* no video"):
        blemish.inspect(tmp_path / "film.mp4", detector=darkness_file)


@pytest.mark.parametrize("kind", ["L", "RGB", "I;16"])
def test_all_pages_of_a_tiff_are_images(darkness_file: Path, tmp_path: Path, kind: str):
    dark, light = (Image.fromarray(np.full((40, 60), grey, np.uint8)) for grey in (20, 230))
    if kind == "I;16":
        dark, light = (Image.fromarray(np.asarray(page, np.uint16) * 257) for page in (dark, light))
    else:
        dark, light = dark.convert(kind), light.convert(kind)
    path = tmp_path / "scan.tif"
    light.save(path, save_all=True, append_images=[dark, light])
    assert len(blemish.inspect(path, detector=darkness_file).findings) == 1
    summary = blemish.inspect(path, detector=darkness_file, all_pages=True)
    assert [one.image for one in summary.findings] == [f"scan.tif page {number}" for number in (1, 2, 3)]
    assert [one.score for one in summary.findings] == pytest.approx(
        [1 - grey / 255 for grey in (230, 20, 230)], abs=0.01
    )


def test_a_page_that_is_damaged_stops_nothing(darkness_file: Path, tmp_path: Path):
    (tmp_path / "scan.tif").write_bytes(b"II*\0 no tiff")
    summary = blemish.inspect(tmp_path / "scan.tif", detector=darkness_file, all_pages=True)
    assert summary.failed == 1


def test_images_on_the_pages_of_a_pdf(darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8]):
    pytest.importorskip("pypdfium2")
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    utils = pytest.importorskip("reportlab.lib.utils")
    page = canvas.Canvas(str(tmp_path / "report.pdf"))
    for _ in range(2):
        data = io.BytesIO()
        Image.fromarray(wall).save(data, "JPEG", quality=95)
        page.drawImage(utils.ImageReader(data), 100, 100, 200, 200)
        page.drawImage(utils.ImageReader(Image.new("RGB", (20, 20))), 10, 10)
        page.showPage()
    page.save()
    summary = blemish.inspect(tmp_path / "report.pdf", detector=darkness_file)
    assert [one.image for one in summary.findings] == [f"report.pdf page {number} image 1" for number in (1, 2)]
    assert {one.size_px for one in summary.findings} == {wall.shape[1::-1]}
    assert {one.verdict for one in summary.findings} == {"reject"}


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 and no more"])
def test_a_damaged_pdf_is_a_sentence(darkness_file: Path, tmp_path: Path, data: bytes):
    pytest.importorskip("pypdfium2")
    (tmp_path / "report.pdf").write_bytes(data)
    with pytest.raises(ImageError, match=r"report.pdf"):
        blemish.inspect(tmp_path / "report.pdf", detector=darkness_file)
