"""A guarantee is suspended when the images change, and stays when only defects come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.calibration import guaranteed_threshold, scores_below
from blemish.detectors import Calibration, Container, Detector, DetectorSpec, Thresholds
from blemish.detectors.result import Inspection
from blemish.errors import SettingsError
from blemish.inspection import DriftWatch, read_findings
from blemish.inspection.drifting import watched
from blemish.inspection.findings import to_line


def calibrated(spec: DetectorSpec, scores, *, alpha: float = 0.05) -> DetectorSpec:
    limit = guaranteed_threshold(scores, alpha).threshold
    thresholds = Thresholds(reject=limit, source="guaranteed")
    calibration = Calibration(scores=tuple(sorted(map(float, scores))), source="drawn")
    return spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})


def watch_all(spec: DetectorSpec, scores, **options) -> DriftWatch:
    watch = DriftWatch(spec, **options)
    for number, score in enumerate(scores):
        watch.add(Inspection(path=Path(f"{number}.jpg"), score=float(score)))
    return watch


@pytest.mark.parametrize("defects", [0.0, 0.3], ids=["normal images", "every third defective"])
def test_without_a_change_alarms_are_as_seldom_as_promised(darkness: Container, defects: float):
    alarms = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        spec = calibrated(darkness.spec, rng.normal(size=80))
        stream = np.where(rng.random(150) < defects, 9.0, rng.normal(size=150))
        alarms += watch_all(spec, stream, alarm_rate=0.1, seed=seed).suspension is not None
    assert alarms / 120 <= 0.2  # two alarms of .1 each


@pytest.mark.parametrize("shift", [-2.0, 1.5, 9.0], ids=["lower", "higher", "all rejected"])
def test_a_change_is_found_and_the_image_named(darkness: Container, shift: float):
    rng = np.random.default_rng(0)
    spec = calibrated(darkness.spec, rng.normal(size=300))
    watch = watch_all(spec, np.concatenate([rng.normal(size=100), rng.normal(size=60) + shift]))
    assert watch.suspension is not None
    assert 100 < watch.suspension.number <= 160
    assert watch.suspension.image == Path(f"{watch.suspension.number - 1}.jpg")
    assert watch.suspension.sentence.startswith(f'Guarantee suspended since "{watch.suspension.number - 1}.jpg"')
    assert ("were rejected" in watch.suspension.reason) == (shift == 9.0)


def test_a_suspension_stays(darkness: Container):
    rng = np.random.default_rng(1)
    spec = calibrated(darkness.spec, rng.normal(size=100))
    first = watch_all(spec, [9.0] * 20).suspension
    again = watch_all(spec, [9.0] * 20 + [0.0] * 100).suspension
    assert first is not None
    assert again == first


def test_every_finding_from_there_on_says_so(darkness: Container, tmp_path: Path):
    rng = np.random.default_rng(2)
    spec = calibrated(darkness.spec, rng.normal(size=100))
    answers = [Inspection(path=Path(f"{i}.jpg"), score=9.0 if i >= 30 else 0.0 + i / 100) for i in range(60)]
    watch = DriftWatch(spec)
    found = [one for _, one in watched(((None, answer) for answer in answers), watch)]
    assert watch.suspension is not None
    since = watch.suspension.number - 1
    assert [bool(one.notes) for one in found] == [number >= since for number in range(60)]
    assert found[-1].notes == (f'guarantee suspended since "{since}.jpg"',)
    (tmp_path / "findings.jsonl").write_text("".join(to_line(one) + "\n" for one in found), encoding="utf-8")
    assert [one.notes for one in read_findings(tmp_path / "findings.jsonl")] == [one.notes for one in found]


def test_images_that_cannot_be_read_tell_nothing(darkness: Container):
    watch = watch_all(calibrated(darkness.spec, np.random.default_rng(0).normal(size=100)), [])
    watch.add(Inspection(path=Path("a.jpg"), score=None, error="Not an image."))
    assert watch.watched == 0


def test_where_nothing_was_promised_nothing_is_watched(darkness: Container):
    assert DriftWatch.of(Detector(darkness)) is None
    calibration = Calibration(scores=(0.1, 0.2), source="two images")
    watch = DriftWatch.of(
        Detector(replace(darkness, spec=darkness.spec.model_copy(update={"calibration": calibration})))
    )
    assert watch is not None
    watch.add(Inspection(path=None, score=0.1))
    assert watch.suspension is None


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
