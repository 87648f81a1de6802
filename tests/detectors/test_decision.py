"""One verdict from the image, its score and its outlines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.detectors import Calibration, Container, Detector, Thresholds, load, write_container
from blemish.detectors.decision import decide
from blemish.images import UsabilityLimits, write_png
from blemish.inspection import DriftWatch, calibrate

BOTH = Thresholds(pixel=0.5, review=0.3, reject=0.6)
ONE = Thresholds(pixel=0.5, reject=0.6)
ALONE = "nothing is outlined: the image score alone decides"


@pytest.mark.parametrize(
    ("score", "thresholds", "regions", "unusable", "verdict", "note"),
    [
        (0.1, BOTH, 0, None, "pass", None),
        (0.1, BOTH, 1, None, "review", "1 region is outlined although the image score passes"),
        (0.1, BOTH, 3, None, "review", "3 regions are outlined although the image score passes"),
        (0.3, BOTH, 0, None, "review", ALONE),
        (0.3, BOTH, 2, None, "review", None),
        (0.6, BOTH, 0, None, "reject", ALONE),
        (0.6, Thresholds(reject=0.6), 0, None, "reject", None),
        (0.6, BOTH, 2, None, "reject", None),
        (0.5, ONE, 0, None, "pass", None),
        (0.5, ONE, 1, None, "review", "1 region is outlined although the image score passes"),
        (0.9, Thresholds(), 0, None, None, None),
        (0.9, Thresholds(pixel=0.5), 1, None, None, None),
        (0.1, BOTH, 0, "too dark", "unusable", "too dark"),
        (0.9, BOTH, 4, "too dark", "unusable", "too dark"),
        (0.9, Thresholds(), 0, "too dark", "unusable", "too dark"),
    ],
)
def test_score_outlines_and_image_give_one_verdict(
    score: float, thresholds: Thresholds, regions: int, unusable: str | None, verdict: str | None, note: str | None
):
    decision = decide(score, thresholds, regions=regions, unusable=unusable)
    assert decision.verdict == verdict
    assert decision.notes == (() if note is None else (note,))


def limited(container: Container, **update: object) -> Detector:
    return Detector(replace(container, spec=container.spec.model_copy(update=update)))


def test_an_image_with_an_outline_never_passes(darkness: Container, wall: np.ndarray):
    lenient = Thresholds(pixel=0.6, review=0.95, reject=0.99)
    found = limited(darkness, thresholds=lenient).inspect(wall)
    assert (found.verdict, len(found.regions)) == ("review", 1)
    assert found.notes == ("1 region is outlined although the image score passes",)
    assert limited(darkness, thresholds=lenient).inspect(np.full_like(wall, 200)).verdict == "pass"


def test_an_image_that_cannot_be_judged_is_unusable_and_nothing_is_outlined_in_it(darkness: Container):
    scores = Calibration(scores=(0.1, 0.2, 0.3), source="test")
    detector = limited(darkness, usability=UsabilityLimits(), calibration=scores)
    for level, said in ((5, "too dark to be judged"), (255, "blown out")):
        found = detector.inspect(np.full((90, 120, 3), level, np.uint8))
        assert found.verdict == "unusable"
        assert said in found.notes[0]
        assert (found.regions, found.mask, found.p_value, found.label) == ((), None, None, None)
        assert found.score is not None
        assert found.overlay().shape == (90, 120, 3)


def test_limits_are_kept_in_the_file_and_default_ones_hold_where_it_has_none(darkness: Container, tmp_path: Path):
    path = tmp_path / "a.blemish"
    for limits in (UsabilityLimits(dark_level=7, min_side_px=3), UsabilityLimits.none()):
        write_container(path, replace(darkness, spec=darkness.spec.model_copy(update={"usability": limits})))
        assert load(path).spec.usability == limits
    assert load("concrete-crack").spec.usability == UsabilityLimits()


def test_unusable_images_neither_calibrate_nor_tell_of_drift(darkness: Container, tmp_path: Path):
    rng = np.random.default_rng(0)
    for index in range(30):
        write_png(tmp_path / f"{index:02d}.png", rng.normal(150 + index, 5, (40, 40, 3)).clip(0, 255).astype(np.uint8))
    write_png(tmp_path / "black.png", np.zeros((40, 40, 3), np.uint8))
    said: list[str] = []
    detector = limited(darkness, usability=UsabilityLimits())
    calibrated = calibrate(tmp_path, detector=detector, alpha=0.1, say=said.append).detector
    assert calibrated.spec.calibration is not None
    assert len(calibrated.spec.calibration.scores) == 30
    (sentence,) = said
    assert 'black.png" is too dark to be judged' in sentence
    watch = DriftWatch.of(calibrated)
    assert watch is not None
    watch.add(calibrated.inspect(tmp_path / "black.png").finding)
    assert watch.watched == 0


def test_normal_images_with_an_outline_are_told_when_their_score_is_calibrated(darkness: Container, tmp_path: Path):
    for index in range(30):
        image = np.full((40, 40, 3), 200, np.uint8)
        image[5, 5] = 20 + index if index < 2 else 160 - index
        write_png(tmp_path / f"{index:02d}.png", image)
    said: list[str] = []
    calibrate(tmp_path, detector=Detector(darkness), alpha=0.3, say=said.append)
    assert said == [
        "2 of 30 normal images have an outline and go to review for that, whatever their score; --pixels guarantees "
        "how many do."
    ]
    said.clear()
    calibrate(tmp_path, detector=Detector(darkness), alpha=0.3, pixels=True, say=said.append)
    assert said == []
