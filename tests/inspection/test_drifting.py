"""A guarantee is suspended when the images change, and stays when only defects come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blemish.calibration import guaranteed_threshold, scores_below
from blemish.detectors import Calibration, Container, Detector, DetectorSpec, Thresholds
from blemish.detectors.decision import decide
from blemish.errors import SettingsError
from blemish.findings import Finding
from blemish.inspection import DriftWatch


def calibrated(spec: DetectorSpec, scores, *, alpha: float = 0.05) -> DetectorSpec:
    limit = guaranteed_threshold(scores, alpha).threshold
    thresholds = Thresholds(reject=limit, source="guaranteed")
    calibration = Calibration(scores=tuple(sorted(map(float, scores))), source="drawn")
    return spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})


def finding(spec: DetectorSpec, score: float | None, image: str = "a.jpg") -> Finding:
    decided = None if score is None else decide(score, spec.thresholds).verdict
    return Finding(image=image, name="a", score=score, verdict=decided)


def watch_all(spec: DetectorSpec, scores, **options) -> DriftWatch:
    watch = DriftWatch(spec, **options)
    for number, score in enumerate(scores):
        watch.add(finding(spec, float(score), f"{number}.jpg"))
    return watch


@pytest.mark.parametrize("defects", [0.0, 0.3], ids=["normal images", "every third defective"])
def test_without_a_change_alarms_are_as_seldom_as_promised(darkness: Container, defects: float):
    alarms = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        spec = calibrated(darkness.spec, rng.normal(size=80))
        stream = np.where(rng.random(150) < defects, 9.0, rng.normal(size=150))
        alarms += watch_all(spec, stream, alarm_rate=0.1, seed=seed).number is not None
    assert alarms / 120 <= 0.2  # two alarms of .1 each


@pytest.mark.parametrize("shift", [-2.0, 1.5, 9.0], ids=["lower", "higher", "all rejected"])
def test_a_change_is_found_and_the_image_named(darkness: Container, shift: float):
    rng = np.random.default_rng(0)
    spec = calibrated(darkness.spec, rng.normal(size=300))
    watch = watch_all(spec, np.concatenate([rng.normal(size=100), rng.normal(size=60) + shift]))
    record = watch.record()
    assert record.state == "suspended"
    assert 100 < record.number <= 160
    assert record.suspended_from == f"{record.number - 1}.jpg"
    assert record.sentence.startswith(f'Guarantee suspended from "{record.number - 1}.jpg" on')
    assert ("were rejected" in record.reason) == (shift == 9.0)


def test_a_suspension_stays(darkness: Container):
    rng = np.random.default_rng(1)
    spec = calibrated(darkness.spec, rng.normal(size=100))
    first = watch_all(spec, [9.0] * 20).number
    again = watch_all(spec, [9.0] * 20 + [0.0] * 100).record()
    assert first is not None
    assert (again.state, again.number) == ("suspended", first)


def test_where_most_images_are_flagged_the_guarantee_is_not_applicable(darkness: Container):
    spec = calibrated(darkness.spec, np.random.default_rng(2).normal(size=100))
    few, most = (watch_all(spec, [0.0] * 60 + [9.0] * count).record() for count in (55, 65))
    assert (few.state, most.state) == ("suspended", "not applicable")
    assert (most.images, most.flagged) == (125, 65)
    assert "suspended" not in most.sentence


def test_images_that_cannot_be_read_or_judged_tell_nothing(darkness: Container):
    spec = calibrated(darkness.spec, np.random.default_rng(0).normal(size=100))
    watch = watch_all(spec, [])
    watch.add(finding(spec, None))
    watch.add(finding(spec, 99.0).model_copy(update={"verdict": "unusable"}))
    watch.add(finding(spec, 99.0).model_copy(update={"verdict": "unknown surface"}))
    assert watch.watched == 0


def test_where_nothing_was_promised_nothing_is_watched(darkness: Container):
    assert DriftWatch.of(Detector(darkness)) is None
    calibration = Calibration(scores=(0.1, 0.2), source="two images")
    watch = DriftWatch.of(
        Detector(replace(darkness, spec=darkness.spec.model_copy(update={"calibration": calibration})))
    )
    assert watch is not None
    watch.add(finding(darkness.spec, 0.1))
    assert watch.record().state == "in force"


def test_an_impossible_rate_is_a_sentence(darkness: Container):
    with pytest.raises(SettingsError, match="alarm_rate"):
        DriftWatch(darkness.spec, alarm_rate=0.0)


def test_the_score_that_set_the_threshold_is_left_out_and_no_other():
    scores = np.float32(np.random.default_rng(0).normal(size=93))
    ascending = np.sort(scores).astype(float)
    guarantee = guaranteed_threshold(scores, 0.05)
    assert guarantee.above == 1
    np.testing.assert_array_equal(scores_below(scores, guarantee.threshold), ascending[:-2])
    np.testing.assert_array_equal(scores_below(scores, None), ascending)
    np.testing.assert_array_equal(scores_below(scores, 0.0), ascending[ascending < 0])
    assert scores_below(scores, -9.0).size == 0
