"""The gate: exact bounds, and an exit code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from blemish.calibration.exact import at_least, at_most
from blemish.detectors import Container, Thresholds
from blemish.detectors.detector import Detector
from blemish.errors import DataError, SettingsError
from blemish.images import write_png
from blemish.inspection.gating import Counted, Gate, gate


@pytest.mark.parametrize(("count", "n"), [(0, 10), (10, 10), (3, 10), (1, 299), (590, 600), (0, 1), (1, 1)])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_bounds_are_those_of_clopper_and_pearson(count: int, n: int, confidence: float):
    for alternative, bound in (("greater", at_least), ("less", at_most)):
        interval = binomtest(count, n, alternative=alternative).proportion_ci(confidence, method="exact")
        expected = interval.low if alternative == "greater" else interval.high
        assert bound(count, n, confidence) == pytest.approx(expected, abs=1e-9)


def counted(count: int, n: int) -> Counted:
    return Counted.of([True] * count + [False] * (n - count), 0.95)


@pytest.mark.parametrize(
    ("normal", "defective", "is_open"),
    [
        (counted(0, 299), counted(150, 150), True),
        (counted(0, 298), counted(150, 150), False),  # 1 % is not excluded by 298 images without an alarm
        (counted(0, 299), counted(148, 148), False),
        (counted(1, 299), counted(150, 150), False),
        (counted(0, 299), counted(149, 150), False),
    ],
)
def test_the_gate_opens_where_both_are_shown(normal: Counted, defective: Counted, is_open: bool):
    assert Gate(normal, defective, 0.01, 0.98, 0.95).is_open is is_open


@pytest.fixture
def labelled(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    root = tmp_path / "data"
    for number in range(12):
        image = wall if number % 2 else np.full_like(wall, 200 + number)
        write_png(root / "test" / "images" / f"{number}.png", image)
        write_png(root / "test" / "masks" / f"{number}.png", image[..., 0] == 20)
    return root


def test_verdicts_are_held_against_labels(darkness: Container, labelled: Path):
    result = gate(labelled, detector=Detector(darkness), max_false_alarms=0.5, min_recall=0.5)
    assert (result.normal.count, result.normal.n, result.defective.count, result.defective.n) == (0, 6, 6, 6)
    assert result.is_open
    assert "0 of 6 normal images, so at most 0.3930" in result.sentences[0]


def test_what_cannot_be_judged_is_said(darkness: Container, labelled: Path, tmp_path: Path, wall: NDArray[np.uint8]):
    undecided = Detector(darkness).with_thresholds(Thresholds(pixel=0.6))
    with pytest.raises(DataError, match="no threshold"):
        gate(labelled, detector=undecided, max_false_alarms=0.5, min_recall=0.5)
    with pytest.raises(SettingsError, match="min_recall"):
        gate(labelled, detector=Detector(darkness), max_false_alarms=0.5, min_recall=1.5)
    for number in range(2):
        write_png(tmp_path / "normal" / "good" / f"{number}.png", np.full_like(wall, 200 + number))
    with pytest.raises(DataError, match="no defective one"):
        gate(tmp_path / "normal", detector=Detector(darkness), max_false_alarms=0.5, min_recall=0.5)
