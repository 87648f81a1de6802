"""``blemish inspect`` says when the images no longer look like those that a guarantee was made for."""

from __future__ import annotations

import html
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


@pytest.mark.parametrize(
    ("grey", "state", "said"),
    [
        (197, "in force", None),
        (250, "suspended", 'Guarantee suspended from "'),
        (150, "not applicable", "30 of 30 images did not pass."),
    ],
    ids=["as calibrated", "lighter than any", "all of them dark"],
)
def test_a_guarantee_that_fell_into_doubt_is_said_once_and_recorded(
    blemish, calibrated_file: Path, tmp_path: Path, grey: int, state: str, said: str | None
):
    for number in range(30):
        write_png(tmp_path / "same" / f"{number:02d}.png", np.full((8, 8, 3), grey - number % 5, np.uint8))
    result = blemish("inspect", tmp_path / "same", "--detector", calibrated_file, "--out", "out", "--no-overlays")
    assert all(json.loads(line)["notes"] == [] for line in Path("out/findings.jsonl").read_text().splitlines())
    assert json.loads(Path("out/run.json").read_text())["guarantee"]["state"] == state
    page = Path("out/report.html").read_text(encoding="utf-8")
    if said is None:
        assert result.stderr == ""
    else:
        assert result.stderr.count(said) == html.unescape(page).count(said) == 1
    assert ("suspended" in result.stderr + page) == (state == "suspended")


def test_without_a_calibration_nothing_is_said_about_a_guarantee(blemish, darkness_file: Path, tmp_path: Path):
    write_png(tmp_path / "wall.png", np.full((8, 8, 3), 200, np.uint8))
    blemish("inspect", tmp_path / "wall.png", "--detector", darkness_file, "--out", "out")
    assert json.loads(Path("out/run.json").read_text())["guarantee"] is None
