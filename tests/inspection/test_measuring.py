"""Cracks measured between the detector's answer and the findings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.detectors import Inspection, Measuring, load, source_of
from blemish.errors import BlemishError
from blemish.findings import Finding, Options, crack_record, read_run, to_line
from blemish.images import read_image, write_png
from blemish.inspection import file_sources, inspect_images
from blemish.inspection.measuring import measure_each
from blemish.measurement.measure import measure_cracks
from blemish.measurement.scale import Scale
from blemish.reports.document import read_document


@pytest.fixture
def images(tmp_path: Path, wall: NDArray[np.uint8]) -> list[Path]:
    paths = [tmp_path / "images" / name for name in ("normal.png", "금 1.png", "broken.png", "금 2.png")]
    for path in paths:
        write_png(path, np.full_like(wall, 220) if path.stem == "normal" else wall)
    paths[2].write_bytes(b"")
    return paths


def lines_of(detector: Path, images: list[Path], **options: object) -> list[dict]:
    answers = inspect_images(load(detector), file_sources(images), **options)
    return [json.loads(to_line(one.finding)) for one in answers]


def test_every_line_gains_size_scale_cracks_and_mask(darkness_file: Path, images: list[Path], tmp_path: Path):
    measuring = Measuring(scale=Scale.given(0.5))
    lines = lines_of(darkness_file, images, out=tmp_path / "out", measuring=measuring)
    normal, cracked, broken, other = lines
    assert [line["name"] for line in (normal, cracked, broken, other)] == ["normal", "금 1", "broken", "금 2"]
    assert (normal["size_px"], normal["cracks"], normal["mask_file"]) == ([150, 100], [], None)
    assert (broken["size_px"], broken["cracks"], broken["mask_file"]) == (None, None, None)
    assert cracked["scale"] == {"mm_per_px": 0.5, "source": "given", "uncertainty": 0.0, "to_plane": None}
    (crack,) = cracked["cracks"]
    # The image shows a bar of 40 x 4 px.
    assert crack["max_width_px"] == pytest.approx(4, abs=0.3)
    assert crack["mm"]["max_width"] == pytest.approx(2, abs=0.15)
    assert crack["length_px"] == pytest.approx(40, abs=2)
    assert read_image(tmp_path / "out" / cracked["mask_file"]).any(axis=2).sum() == 160
    assert sorted(path.name for path in (tmp_path / "out" / "masks").iterdir()) == ["금 1.png", "금 2.png"]


def test_what_is_measured_is_what_the_measurement_says(darkness_file: Path, images: list[Path]):
    detector = load(darkness_file)
    (one,) = inspect_images(detector, file_sources(images[1:2]), measuring=Measuring())
    plain = detector.inspect_source(source_of(images[1]))
    expected = measure_cracks(plain.mask, read_image(images[1]), probability=plain.anomaly_map, level=0.6)
    assert [crack_record(crack) for crack in one.cracks] == [crack_record(crack) for crack in expected]
    measured = {"cracks", "scale", "mask_file", "image", "name"}
    assert one.finding.model_dump(exclude=measured) == plain.finding.model_dump(exclude=measured)


def test_measuring_changes_nothing_that_was_said_before(darkness_file: Path, images: list[Path], tmp_path: Path):
    plain, measured = (
        inspect_images(load(darkness_file), file_sources(images), out=tmp_path, measuring=measuring)
        for measuring in (None, Measuring())
    )
    for before, after in ((one.finding, other.finding) for one, other in zip(plain, measured, strict=True)):
        added = {"cracks": None, "mask_file": None, "map_file": None, "notes": before.notes}
        assert before == after.model_copy(update=added)
        assert after.notes[: len(before.notes)] == before.notes


def test_answers_keep_their_order_and_nothing_is_written_without_a_folder(
    darkness_file: Path, images: list[Path], tmp_path: Path
):
    before = sorted(tmp_path.rglob("*"))
    found = list(inspect_images(load(darkness_file), file_sources(images * 5), measuring=Measuring()))
    assert [one.path for one in found] == images * 5
    assert all(one.finding.mask_file is None for one in found)
    assert sorted(tmp_path.rglob("*")) == before


def test_cracks_can_be_left_unmeasured(darkness_file: Path, images: list[Path], tmp_path: Path):
    lines = lines_of(darkness_file, images, out=tmp_path / "out", measuring=Measuring(cracks=False))
    assert [line["cracks"] for line in lines] == [None] * 4
    assert lines[1]["mask_file"] == "masks/금 1.png"


def test_an_image_whose_scale_cannot_be_told_is_measured_in_pixels_with_a_note(darkness_file: Path, images: list[Path]):
    measuring = Measuring(scale=lambda pixels: Scale.from_marker(pixels, 50))
    _, one, *_ = inspect_images(load(darkness_file), file_sources(images), measuring=measuring)
    assert one.scale is None
    assert one.cracks[0].mm is None
    assert "No ArUco or AprilTag marker was found" in one.notes[-1]
    assert json.loads(to_line(one.finding))["notes"] == list(one.notes)


def test_a_fault_while_measuring_is_not_swallowed(darkness_file: Path, images: list[Path]):
    def broken(_: object) -> Scale:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(inspect_images(load(darkness_file), file_sources(images), measuring=Measuring(scale=broken)))


def test_a_folder_that_cannot_be_written_is_one_sentence(darkness_file: Path, images: list[Path], tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "masks").write_text("a file")
    with pytest.raises(BlemishError, match="masks"):
        list(inspect_images(load(darkness_file), file_sources(images), out=tmp_path / "out", measuring=Measuring()))


def test_the_run_is_recorded_with_its_detector(darkness_file: Path, images: list[Path], tmp_path: Path):
    blemish.inspect(images, detector=darkness_file, out=tmp_path / "out", scale=0.5, report=False)
    run = read_run(tmp_path / "out")
    assert run.detector.file == "darkness.blemish"
    assert run.detector.thresholds["pixel"] == 0.6
    assert run.options == Options(scale="0.5 mm per pixel (given)")
    assert read_document(tmp_path / "out").run == run


def test_an_answer_without_a_mask_has_no_cracks():
    answer = Inspection(Finding(image="a.jpg", name="a", score=0.5), np.zeros((10, 12, 3), np.uint8))
    (one,) = measure_each([answer], Measuring())
    assert one.cracks is None


def test_measure_drops_what_fits_into_a_window_alone_and_says_so():
    mask = np.zeros((80, 120), np.bool_)
    mask[40:43, 20:100] = True
    mask[10:12, 10:30] = True
    whole, cleaned = blemish.measure(mask), blemish.measure(mask, window_px=20)
    assert [len(found.cracks) for found in (whole, cleaned)] == [2, 1]
    assert cleaned.notes[0] == "Dropped by windows of 20 px: 40 pixels of the mask."
    assert cleaned.pixels.sum() == 240
