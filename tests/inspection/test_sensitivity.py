"""Levels of sensitivity: measured on labelled images, kept in the detector, chosen for one inspection."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

import blemish
from blemish.datasets import Dataset, read_dataset
from blemish.detectors import Detector, Sensitivity, SensitivityLevel, at_sensitivity, read_container
from blemish.errors import DataError, SettingsError
from blemish.evaluation import ToleranceCounts, count_within
from blemish.inspection.engines.cluster import Worker
from blemish.inspection.job.record import JobOptions
from blemish.inspection.sensitivity import measure_sensitivity, set_sensitivity
from blemish.inspection.thresholds import set_thresholds
from blemish.measurement import find_regions

# The map of the tests' detector is darkness, 1 for black: a line of a defect, and dust on normal images.
DEFECT_LEVELS = (20, 60, 100, 140)
DUST_LEVELS = (30, 70, 110, 150, 190)


@pytest.fixture
def walls(tmp_path: Path) -> Path:
    """24 images with a dark line in the folder layout with masks, and 30 with a spot of dust on a third of them."""
    for number in range(24):
        image, mask = np.full((48, 48), 230, np.uint8), np.zeros((48, 48), np.uint8)
        image[20:23, 5:40] = DEFECT_LEVELS[number % 4]
        image[20:23, 20:40] += 30  # a faint part, which hysteresis follows
        mask[20:23, 5:40] = 255
        _write(tmp_path / "walls" / "test" / "crack" / f"{number:02}.png", image)
        _write(tmp_path / "walls" / "ground_truth" / "crack" / f"{number:02}_mask.png", mask)
    for number in range(30):
        image = np.full((48, 48), 230, np.uint8)
        if number % 3 == 0:
            image[10:12, 10:12] = DUST_LEVELS[number // 3 % 5]
        _write(tmp_path / "walls" / "test" / "good" / f"{number:02}.png", image)
        _write(tmp_path / "walls" / "train" / "good" / f"{number:02}.png", np.full((48, 48), 200 + number, np.uint8))
    return tmp_path / "walls"


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def _of_test(walls: Path) -> Dataset:
    return read_dataset(walls).where(lambda sample: sample.split == "test")


@pytest.mark.parametrize("gap_px", [0, 3])
def test_every_level_says_what_the_detector_then_does(walls: Path, darkness_file: Path, gap_px: int):
    if gap_px:
        set_thresholds(darkness_file, gap_px=gap_px)
        for path in (walls / "test" / "crack").iterdir():
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            assert image is not None
            image[:, 20:23] = 230  # the faint part lies apart
            _write(path, image)
    levels = set_sensitivity(darkness_file, walls)
    assert read_container(darkness_file).spec.sensitivity == levels
    assert "24 with defects, 24 of them masked" in levels.source
    assert "30 normal" in levels.source
    detector = blemish.load(darkness_file)
    for number, level in enumerate(levels.levels, 1):
        chosen, counts = detector.with_spec(at_sensitivity(detector.spec, number)), ToleranceCounts()
        found, alarms = [], []
        for sample in _of_test(walls).samples:
            answer = chosen.inspect_pixels(sample.read_image())
            (found if sample.masks else alarms).append(bool(answer.finding.regions))
            if sample.masks:
                assert answer.mask is not None
                counts += count_within(answer.mask, sample.read_mask(48, 48), (2.0,))[0]
        assert level.found == np.mean(found)
        assert level.false_alarms == np.mean(alarms)
        assert (level.recall, level.precision) == (counts.recall, counts.precision or 0.0)


def test_outlines_of_a_level_lie_within_those_of_the_next(walls: Path, darkness: Detector):
    levels = measure_sensitivity(Detector(darkness), _of_test(walls), source="walls").levels
    assert len(levels) >= 2
    assert [one.false_alarms for one in levels] == sorted(one.false_alarms for one in levels)
    assert [one.found for one in levels] == sorted(one.found for one in levels)
    rng = np.random.default_rng(0)
    for _ in range(20):
        anomaly_map = cv2.GaussianBlur(rng.random((64, 64), dtype=np.float32), (0, 0), 2)
        anomaly_map = (anomaly_map - anomaly_map.min()) / np.ptp(anomaly_map)
        masks = [find_regions(anomaly_map >= one.pixel, anomaly_map, min_peak=one.peak)[1] for one in levels]
        assert all(not (less & ~more).any() for less, more in pairwise(masks))


def test_an_inspection_takes_a_level_and_another_job_folder(walls: Path, darkness_file: Path, tmp_path: Path):
    levels = set_sensitivity(darkness_file, walls)
    images, last = walls / "test", len(levels.levels)
    few = blemish.inspect(images, detector=darkness_file, sensitivity=1, out=tmp_path / "found")
    many = blemish.inspect(images, detector=darkness_file, sensitivity=last)
    assert sum(bool(one.regions) for one in few.findings) < sum(bool(one.regions) for one in many.findings)
    assert all(one.verdict != "pass" for one in many.findings if one.regions)
    blemish.inspect(images, detector=darkness_file, sensitivity=1, out=tmp_path / "found")
    with pytest.raises(DataError, match="another detector or its thresholds"):
        blemish.inspect(images, detector=darkness_file, sensitivity=last, out=tmp_path / "found")
    with pytest.raises(DataError, match="another detector or its thresholds"):
        blemish.inspect(images, detector=darkness_file, out=tmp_path / "found")


@pytest.mark.parametrize(("level", "said"), [(0, "from 1 to 2; got 0"), (3, "from 1 to 2; got 3")])
def test_a_level_that_is_not_there_is_refused(darkness: Detector, level: int, said: str):
    spec = darkness.spec.model_copy(update={"sensitivity": Sensitivity(levels=(_level(0.6), _level(0.4)), source="x")})
    with pytest.raises(SettingsError, match=said):
        at_sensitivity(spec, level)
    assert at_sensitivity(spec, 2).thresholds.reject == spec.thresholds.reject
    assert at_sensitivity(spec, 2).thresholds.source.endswith("; outlines by sensitivity 2 of 2")


def test_a_detector_without_levels_refuses_in_one_sentence(walls: Path, darkness_file: Path):
    with pytest.raises(SettingsError, match="has no levels of sensitivity"):
        blemish.inspect(walls, detector=darkness_file, sensitivity=1)


def test_workers_of_a_cluster_take_the_level_and_not_the_thresholds_of_the_file(darkness_file: Path, tmp_path: Path):
    detector = blemish.load(darkness_file)
    limits = detector.spec.thresholds.model_copy(update={"pixel": 0.123})
    worker = Worker(str(darkness_file), limits, detector.runtime, JobOptions(), str(tmp_path), str(Path.cwd()))
    assert worker._detector.spec.thresholds == limits


def _level(pixel: float, **changes: float) -> SensitivityLevel:
    said = {"peak": max(pixel, 0.5), "found": 0.5, "recall": 0.5, "precision": 0.5, "false_alarms": 0.1} | changes
    return SensitivityLevel(pixel=pixel, **said)


def test_levels_that_cannot_be_are_refused():
    with pytest.raises(ValidationError, match="pixel must not rise"):
        Sensitivity(levels=(_level(0.3), _level(0.4)), source="x")
    with pytest.raises(ValidationError, match="peak must not rise"):
        Sensitivity(levels=(_level(0.3, peak=0.5), _level(0.3, peak=0.6)), source="x")
    with pytest.raises(ValidationError, match="peak must not lie below pixel"):
        _level(0.6, peak=0.5)


def test_what_cannot_be_measured_is_refused(walls: Path, darkness: Detector, light_and_dark):
    normal = _of_test(walls).where(lambda sample: not sample.masks)
    with pytest.raises(DataError, match="has 30 and 0"):
        measure_sensitivity(Detector(darkness), normal, source="walls")
    with pytest.raises(SettingsError, match="one anomaly map"):
        measure_sensitivity(Detector(light_and_dark), _of_test(walls), source="walls")
