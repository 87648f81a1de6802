"""From images on disk to findings on disk."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import Container, Detector, Inspection, Measuring, load, source_of
from blemish.errors import BlemishError, DetectorError
from blemish.findings import Finding
from blemish.images import ReadOptions, read_image, write_png
from blemish.inspection import file_sources, inspect_images


@pytest.fixture
def images(tmp_path: Path, wall: NDArray[np.uint8]) -> list[Path]:
    """Seven images in two folders, every second one with the bar, all names equal by twos."""
    paths = []
    for number in range(7):
        folder = tmp_path / "images" / ("왼쪽 wall" if number % 2 else "right wall")
        path = folder / f"사진 {number // 2}.png"
        write_png(path, wall if number % 2 else np.full_like(wall, 200 + number))
        paths.append(path)
    return paths


def told(finding: Finding) -> dict:
    """All but what an image is called beside others."""
    return finding.model_dump(exclude={"image", "name"})


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_image_gets_one_answer_in_order(darkness_file: Path, images: list[Path], tmp_path: Path):
    detector = load(darkness_file)
    found = list(inspect_images(detector, file_sources(images), out=tmp_path / "out"))
    assert [one.path for one in found] == images
    assert [one.verdict for one in found] == ["pass", "reject"] * 3 + ["pass"]
    assert [told(one.finding) for one in found] == [
        told(detector.inspect_source(source_of(path)).finding) for path in images
    ]
    assert names_in(tmp_path / "out") == ["overlays", "views"]


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_images_side_by_side_get_the_answers_that_they_get_alone(darkness: Container, images: list[Path], runtime: str):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    images[3].write_bytes(b"no image")
    alone, beside = (Detector(darkness, runtime=runtime, images_at_once=number) for number in (1, 3))
    records = [
        [one.finding.model_dump() for one in inspect_images(detector, file_sources(images * 5))]
        for detector in (alone, beside)
    ]
    assert records[0] == records[1]
    assert [record["path"] for record in records[1]] == [str(path) for path in images * 5]
    assert [record["error"] is not None for record in records[1][:7]] == [number == 3 for number in range(7)]


def test_images_are_really_scored_side_by_side(darkness: Container, images: list[Path]):
    class Meeting(Detector):
        table = threading.Barrier(2)

        def inspect_pixels(self, pixels: NDArray[np.uint8]) -> Inspection:
            self.table.wait(timeout=30)  # raises BrokenBarrierError where one image waits for the other
            return super().inspect_pixels(pixels)

    assert len(list(inspect_images(Meeting(darkness, images_at_once=2), file_sources(images[:6])))) == 6


def test_every_image_gets_an_overlay_of_its_own_size(darkness_file: Path, images: list[Path], tmp_path: Path):
    list(inspect_images(load(darkness_file), file_sources(images), out=tmp_path / "out"))
    overlays = sorted((tmp_path / "out" / "overlays").iterdir())
    assert len(overlays) == len(images)
    assert all(read_image(overlay).shape == (100, 150, 3) for overlay in overlays)
    assert "왼쪽 wall__사진 0.png.jpg" in {overlay.name for overlay in overlays}


def test_an_answer_is_given_when_its_pictures_are_written(darkness_file: Path, images: list[Path], tmp_path: Path):
    sources = file_sources(images * 3)
    answers = inspect_images(load(darkness_file), sources, out=tmp_path, measuring=Measuring())
    for source, answer in zip(sources, answers, strict=True):
        assert (tmp_path / "overlays" / f"{source.name}.jpg").exists()
        assert answer.finding.mask_file is None or (tmp_path / answer.finding.mask_file).exists()


def test_a_bad_image_is_recorded_and_the_run_goes_on(darkness_file: Path, images: list[Path], tmp_path: Path):
    images[0].write_bytes(b"")
    images[3].write_bytes(images[1].read_bytes()[:200])
    images[5].unlink()
    found = list(inspect_images(load(darkness_file), file_sources(images), out=tmp_path / "out"))
    assert [one.error is None for one in found] == [False, True, True, False, True, False, True]
    assert all(str(one.path) in one.error for one in found if one.error)
    assert len(names_in(tmp_path / "out" / "overlays")) == 4


def test_an_image_that_the_detector_refuses_stops_nothing(darkness: Container, images: list[Path]):
    class Picky(Detector):
        def inspect_pixels(self, pixels):
            if pixels[0, 0, 0] == 204:
                raise DetectorError("Too light.")
            return super().inspect_pixels(pixels)

    errors = [one.error for one in inspect_images(Picky(darkness), file_sources(images))]
    assert errors == [None, None, None, None, "Too light.", None, None]


def test_an_image_that_does_not_fit_into_memory_stops_nothing(darkness: Container, images: list[Path]):
    class Small(Detector):
        def inspect_pixels(self, pixels: NDArray[np.uint8]) -> Inspection:
            if pixels[0, 0, 0] == 202:
                raise MemoryError
            return super().inspect_pixels(pixels)

    found = list(inspect_images(Small(darkness), file_sources(images)))
    assert [number for number, one in enumerate(found) if one.error is not None] == [2]
    assert "too large to be inspected" in (found[2].error or "")


def test_nothing_is_written_without_a_folder(darkness_file: Path, images: list[Path], tmp_path: Path):
    before = sorted(tmp_path.rglob("*"))
    assert len(list(inspect_images(load(darkness_file), file_sources(images)))) == 7
    assert sorted(tmp_path.rglob("*")) == before


def test_overlays_can_be_left_out(darkness_file: Path, images: list[Path], tmp_path: Path):
    list(inspect_images(load(darkness_file), file_sources(images), out=tmp_path / "out", overlays=False))
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_left_early_leaves_no_thread(darkness_file: Path, images: list[Path], tmp_path: Path):
    threads = threading.active_count()
    answers = inspect_images(load(darkness_file), file_sources(images), out=tmp_path / "out")
    next(answers)
    answers.close()
    assert names_in(tmp_path / "out") == ["overlays", "views"]
    assert threading.active_count() == threads


def test_a_folder_that_cannot_be_written_is_one_sentence(darkness_file: Path, images: list[Path], tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BlemishError, match="out"):
        list(inspect_images(load(darkness_file), file_sources(images), out=tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "a file"


def test_only_a_handful_of_images_is_held_at_a_time(
    darkness_file: Path, images: list[Path], monkeypatch: pytest.MonkeyPatch
):
    decoded: list[Path] = []

    def counted(path: Path, *options):
        decoded.append(path)
        return load_image(path, *options)

    from blemish.images import load_image

    monkeypatch.setattr("blemish.detectors.sources.load_image", counted)
    for number, _ in enumerate(inspect_images(load(darkness_file), file_sources(images * 10)), start=1):
        assert len(decoded) <= number + 4


def test_the_raw_range_reaches_the_reader(darkness: Container, tmp_path: Path):
    import cv2

    path = tmp_path / "raw.png"
    path.write_bytes(cv2.imencode(".png", np.full((64, 64), 3000, np.uint16))[1].tobytes())
    detector = Detector(replace(darkness))
    (wide,) = inspect_images(detector, file_sources([path]))
    (narrow,) = inspect_images(detector, file_sources([path]), options=ReadOptions((0, 4095)))
    assert wide.score == pytest.approx(1 - 3000 / 65535, abs=0.01)
    assert wide.finding.likely_range == (0, 4095)
    assert narrow.score == pytest.approx(1 - 3000 / 4095, abs=0.01)
    assert narrow.finding.likely_range is None


def test_the_detectors_own_range_is_used_unless_another_is_asked_for(darkness: Container, tmp_path: Path):
    import cv2

    path = tmp_path / "raw.png"
    path.write_bytes(cv2.imencode(".png", np.full((64, 64), 3000, np.uint16))[1].tobytes())
    own = darkness.spec.input.model_copy(update={"bit_range": (0, 4095)})
    detector = Detector(replace(darkness, spec=darkness.spec.model_copy(update={"input": own})))
    (kept,) = inspect_images(detector, file_sources([path]))
    (asked,) = inspect_images(detector, file_sources([path]), options=ReadOptions((0, 16383)))
    assert kept.score == detector.inspect(path).score == pytest.approx(1 - 3000 / 4095, abs=0.01)
    assert (
        asked.score == detector.inspect(path, bit_range=(0, 16383)).score == pytest.approx(1 - 3000 / 16383, abs=0.01)
    )
