"""``blemish inspect`` says when the images no longer look like those that a guarantee was made for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.detectors import Calibration, Container, Thresholds, write_container
from blemish.images import write_png


@pytest.fixture
def calibrated_file(darkness: Container, tmp_path: Path) -> Path:
    scores = tuple(number / 1000 for number in range(200, 260))
    limits = Thresholds(reject=0.26, source="guaranteed")
    calibration = Calibration(scores=scores, source="drawn")
    spec = darkness.spec.model_copy(update={"thresholds": limits, "calibration": calibration})
    write_container(tmp_path / "calibrated.blemish", replace(darkness, spec=spec))
    return tmp_path / "calibrated.blemish"


@pytest.mark.parametrize(("grey", "suspended"), [(197, False), (150, True), (250, True)])
def test_a_guarantee_that_fell_into_doubt_is_said_and_recorded(
    blemish, calibrated_file: Path, tmp_path: Path, grey: int, suspended: bool
):
    for number in range(30):
        write_png(tmp_path / "same" / f"{number:02d}.png", np.full((8, 8, 3), grey - number % 5, np.uint8))
    result = blemish("inspect", tmp_path / "same", "--detector", calibrated_file, "--out", "out", "--no-overlays")
    assert ("Guarantee suspended since" in result.stderr) == suspended
    notes = [json.loads(line)["notes"] for line in Path("out/findings.jsonl").read_text().splitlines()]
    assert any("guarantee suspended since" in note for note in notes[-1]) == suspended
    assert notes[0] == []
    settings = json.loads(Path("out/inspection.json").read_text())["settings"]
    assert settings["guarantee"].startswith("Guarantee suspended" if suspended else "not in doubt")
    assert ("suspended since" in Path("out/report.html").read_text(encoding="utf-8")) == suspended


def test_without_a_calibration_nothing_is_said_about_a_guarantee(blemish, darkness_file: Path, tmp_path: Path):
    write_png(tmp_path / "wall.png", np.full((8, 8, 3), 200, np.uint8))
    blemish("inspect", tmp_path / "wall.png", "--detector", darkness_file, "--out", "out")
    assert "guarantee" not in json.loads(Path("out/inspection.json").read_text())["settings"]
