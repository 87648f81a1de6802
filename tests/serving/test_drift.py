"""Scores over time beside the calibration: what the page of detectors draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.detectors import Container, write_container
from blemish.detectors.schema import Calibration
from blemish.serving.drift import score_history

from .conftest import StartService, TestClient, png

CALIBRATION = Calibration(scores=tuple(np.linspace(0.1, 0.5, 41)), source="41 walls")


@pytest.fixture
def calibrated(darkness: Container, tmp_path: Path, start: StartService) -> TestClient:
    """A service with a detector that was calibrated."""
    file = tmp_path / "calibrated.blemish"
    write_container(file, replace(darkness, spec=darkness.spec.model_copy(update={"calibration": CALIBRATION})))
    return start(detectors=(str(file),))


def test_intervals_hold_every_image_in_its_order():
    found = [(1000 * number, float(number), "reject" if number >= 90 else "pass") for number in range(100)]
    history = score_history(found, None, None)
    assert [interval.images for interval in history.intervals] == [10] * 10
    assert [interval.rejected for interval in history.intervals] == [0] * 9 + [10]
    assert history.intervals[3].quantiles == pytest.approx(tuple(np.quantile(np.arange(30, 40), (0.05, 0.5, 0.95))))
    assert history.intervals[0].until < history.intervals[1].since
    assert (history.calibration, history.p_values) == (None, None)


def test_many_images_make_no_more_intervals_than_a_plot_shows():
    history = score_history([(number, 0.1, "pass") for number in range(5000)], CALIBRATION, None)
    assert len(history.intervals) == 40
    assert sum(interval.images for interval in history.intervals) == 5000


def test_p_values_of_images_like_those_of_the_calibration_are_even():
    scores = np.random.default_rng(0).choice(CALIBRATION.scores, 4000)
    history = score_history([(0, float(score), "pass") for score in scores], CALIBRATION, None)
    assert sum(history.p_values) == 4000
    assert max(history.p_values) < 2 * 4000 / 20
    assert history.calibration.quantiles == pytest.approx((0.12, 0.3, 0.48))


def test_no_image_at_all():
    history = score_history([], CALIBRATION, None)
    assert (history.intervals, history.p_values) == ([], None)


def test_a_service_tells_scores_calibration_and_doubt(calibrated: TestClient):
    grey = np.full((64, 64, 3), 128, np.uint8)
    for _ in range(12):
        calibrated.post("/v1/inspect", files={"file": ("a.png", png(grey))}).raise_for_status()
    black = png(np.full((64, 64, 3), 0, np.uint8))
    for _ in range(8):
        calibrated.post("/v1/inspect", files={"file": ("b.png", black)}).raise_for_status()
    told = calibrated.get("/v1/detectors/calibrated/drift").json()
    assert sum(interval["images"] for interval in told["intervals"]) == 20
    assert told["intervals"][0]["quantiles"][1] == pytest.approx(0.498, abs=0.01)
    assert told["intervals"][-1]["quantiles"][2] == pytest.approx(1.0)
    assert told["calibration"]["source"] == "41 walls"
    assert told["calibration"]["images"] == 41
    assert sum(told["p_values"]) == 20
    assert told["doubt"] is None or "images" in told["doubt"]


def test_another_version_s_scores_are_left_out(calibrated: TestClient, darkness: Container, tmp_path: Path):
    white = cv2.imencode(".png", np.full((64, 64, 3), 250, np.uint8))[1].tobytes()
    calibrated.post("/v1/inspect", files={"file": ("a.png", white)}).raise_for_status()
    file = tmp_path / "next.blemish"
    write_container(file, darkness)
    sha = calibrated.post(
        "/v1/detectors", files={"file": ("calibrated.blemish", file.read_bytes())}, data={"name": "calibrated"}
    ).json()["sha"]
    calibrated.post("/v1/detectors/calibrated/activate", json={"sha": sha}).raise_for_status()
    told = calibrated.get("/v1/detectors/calibrated/drift").json()
    assert (told["intervals"], told["calibration"]) == ([], None)


def test_no_such_detector(calibrated: TestClient):
    assert calibrated.get("/v1/detectors/other/drift").status_code == 404
