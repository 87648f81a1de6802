"""What an inspection for cracks says of images that were taken badly: a verdict, and what it is worth."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import blemish
from blemish.detectors import Container, Detector
from blemish.findings import ReportDetails
from blemish.images import UsabilityLimits, write_png
from blemish.inspection import merge_jobs

MOVED = "moved while it was taken: cracks may be missed and widths come out too large"


@pytest.fixture
def moved() -> np.ndarray:
    """A rough, light wall, smeared along its rows."""
    chance = np.random.default_rng(2)
    grain = cv2.GaussianBlur(chance.normal(size=(200, 200)).astype(np.float32), (0, 0), 1)
    wall = np.clip(190 + 30 * grain, 0, 255).astype(np.uint8)
    return np.dstack([cv2.blur(wall, (21, 1))] * 3)


def test_an_image_that_was_moved_is_judged_with_a_warning(darkness: Container, moved: np.ndarray):
    found = Detector(darkness).inspect(moved).finding
    assert (found.verdict, found.problems, found.notes) == ("pass", ("motion",), (MOVED,))


def test_a_very_large_one_is_warned_of_alike(darkness: Container, moved: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blemish.detectors.detector.CLUSTERED_FROM_PX", 1)
    assert Detector(darkness).inspect(moved).finding.problems == ("motion",)


def test_what_cannot_be_judged_needs_no_warning(darkness: Container, moved: np.ndarray):
    strict = replace(darkness, spec=darkness.spec.model_copy(update={"usability": UsabilityLimits()}))
    found = Detector(strict).inspect(moved // 10).finding
    assert (found.verdict, found.problems, len(found.notes)) == ("unusable", (), 1)


def test_detectors_of_other_things_do_not_warn(darkness: Container, moved: np.ndarray):
    of_regions = replace(darkness, spec=darkness.spec.model_copy(update={"finds": "regions"}))
    found = Detector(of_regions).inspect(moved).finding
    assert (found.problems, found.notes) == ((), ())


@pytest.mark.parametrize(
    ("lang", "counted", "said"),
    [("en", "full scale: 1 image. A pass says less there.", MOVED), ("ko", "초점이 맞지 않거나", "촬영 중 흔들림")],
)
def test_the_report_counts_passes_with_a_warning_and_shows_it(
    darkness: Container, moved: np.ndarray, tmp_path: Path, lang: str, counted: str, said: str
):
    write_png(tmp_path / "images" / "moved.png", moved)
    blemish.inspect(
        tmp_path / "images", detector=Detector(darkness), out=tmp_path / "found", report=ReportDetails(lang=lang)
    )
    page = (tmp_path / "found" / "report.html").read_text(encoding="utf-8")
    assert counted in page
    assert said in page


def test_the_summary_and_the_table_tell_which_verdicts_are_in_doubt(
    darkness: Container, moved: np.ndarray, tmp_path: Path
):
    still = np.random.default_rng(3).integers(170, 210, (200, 200, 3), np.uint8)
    glaring = moved.copy()
    glaring[:40] = 255
    for name, image in {"glaring": glaring, "moved": moved, "still": still}.items():
        write_png(tmp_path / "images" / f"{name}.png", image)
    out = tmp_path / "found"
    said = "2 images may be judged wrongly: moved 2, in glare 1. "
    summary = blemish.inspect(tmp_path / "images", detector=Detector(darkness), out=out, report=False)
    assert (summary.problems.images, dict(summary.problems.by_problem)) == (2, {"motion": 2, "too bright": 1})
    assert f"3 inspected (3 pass, 0 review, 0 reject). {said}Findings are in" in str(summary)
    assert "판정이 틀릴 수 있는 이미지 2장: 흔들림 2, 빛 반사 1." in summary.told("ko")
    assert said.strip() in str(blemish.inspect(tmp_path / "images", detector=Detector(darkness)))
    assert said in str(merge_jobs([out], tmp_path / "merged", report=False))
    with (out / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["problems"] for row in csv.DictReader(file)] == ["motion; too bright", "motion", ""]


def test_where_no_verdict_is_in_doubt_the_summary_is_silent(darkness: Container, moved: np.ndarray):
    strict = replace(darkness, spec=darkness.spec.model_copy(update={"usability": UsabilityLimits()}))
    summary = blemish.inspect([moved // 10], detector=Detector(strict))
    assert str(summary) == "1 inspected (0 pass, 1 unusable, 0 review, 0 reject)."
