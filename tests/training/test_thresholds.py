"""Thresholds and p-values come from the images that are kept for them, and from no others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

from blemish.datasets import read_dataset
from blemish.methods import get_method
from blemish.training import splits
from blemish.training.images import TrainingImages
from blemish.training.thresholds import guaranteed_thresholds

pytestmark = pytest.mark.train

COUNT, DEFECTIVE = 60, 20


@pytest.fixture(scope="module")
def greys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images whose grey level is their number; the first twenty are defective, with masks."""
    folder = tmp_path_factory.mktemp("greys")
    for kind in ("images", "masks"):
        (folder / "train" / kind).mkdir(parents=True)
    for number in range(COUNT):
        mask = np.zeros((64, 64), np.uint8)
        mask[20:30, 20:30] = 255 * (number < DEFECTIVE)
        cv2.imwrite(str(folder / "train" / "images" / f"{number:02d}.png"), np.full((64, 64, 3), number, np.uint8))
        cv2.imwrite(str(folder / "train" / "masks" / f"{number:02d}.png"), mask)
    return folder


class Grey:
    """A detector that scores an image by its grey level, and notes which images it was shown."""

    def __init__(self) -> None:
        self.spec = SimpleNamespace(classes=(), union=lambda maps: maps)
        self.seen: list[int] = []

    def score(self, pixels: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32]]:
        self.seen.append(int(pixels[0, 0, 0]))
        return float(self.seen[-1]), np.full(pixels.shape[:2], self.seen[-1], np.float32)


def numbers(samples: tuple[Any, ...]) -> set[int]:
    return {int(sample.path.stem) for sample in samples}


@pytest.mark.parametrize("method", ["unet", "pca"])
def test_no_image_that_was_fitted_on_chooses_a_threshold_or_gives_a_p_value(method: str, greys: Path):
    data = TrainingImages(read_dataset(greys), get_method(method), seed=0, say=lambda _: None)
    fit, held_out = numbers(data.fit), numbers(data.held_out)
    detector: Any = Grey()
    thresholds, calibration = data.thresholds(detector)
    assert calibration is not None
    assert thresholds.reject is not None
    if method == "pca":  # normal images alone: the held-out ones do both
        assert set(detector.seen) == held_out
        assert calibration.scores == tuple(sorted(map(float, held_out)))
        return
    apart = set(range(COUNT)) - fit - held_out
    assert len(apart) >= 5
    assert min(apart) >= DEFECTIVE
    assert set(detector.seen) == held_out | apart
    assert calibration.scores == tuple(sorted(map(float, apart)))


@pytest.mark.parametrize("method", ["autoencoder", "ganomaly", "pca"])
def test_normal_images_that_chose_the_epoch_do_not_calibrate_where_there_are_enough(method: str, tmp_path: Path):
    (tmp_path / "train/good").mkdir(parents=True)
    for number in range(200):
        cv2.imwrite(str(tmp_path / f"train/good/{number:03d}.png"), np.full((8, 8, 3), number, np.uint8))
    data = TrainingImages(read_dataset(tmp_path), get_method(method), seed=0, say=lambda _: None)
    detector: Any = Grey()
    _, calibration = data.thresholds(detector)
    stopping = numbers(data.held_out)
    assert calibration is not None
    if method == "autoencoder":
        assert len(stopping) == len(calibration.scores) == 20
        assert not stopping & {int(score) for score in calibration.scores}
        return
    assert {int(score) for score in calibration.scores} == stopping
    assert "chose the epoch" not in calibration.source


def test_too_few_held_out_images_do_both_and_it_is_said(greys: Path):
    data = TrainingImages(read_dataset(greys), get_method("autoencoder"), seed=0, say=lambda _: None)
    detector: Any = Grey()
    calibration = data.thresholds(detector)[1]
    assert calibration is not None
    assert "which chose the epoch too, unseen in training" in calibration.source
    assert {int(score) for score in calibration.scores} == numbers(data.held_out)


def test_the_images_that_chose_the_epoch_do_not_calibrate(greys: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(splits, "_MIN_NORMALS_TO_CALIBRATE_APART", 4)
    data = TrainingImages(read_dataset(greys), get_method("autoencoder"), seed=0, say=lambda _: None)
    fit, stopping = numbers(data.fit), numbers(data.held_out)
    detector: Any = Grey()
    _, calibration = data.thresholds(detector)
    assert calibration is not None
    assert set(detector.seen) == set(range(DEFECTIVE, COUNT)) - fit - stopping
    assert len(detector.seen) == len(stopping) == 4
    assert calibration.scores == tuple(sorted(map(float, detector.seen)))


def test_one_normal_image_in_twenty_is_flagged_at_most():
    scores = [float(score) for score in range(1, 100)]
    thresholds, _ = guaranteed_thresholds(scores, [10 * score for score in scores], items="images", origin="of a test")
    assert thresholds.reject is not None
    assert thresholds.pixel is not None
    # (4 + 1) / (99 + 1) = .05: four of the 99 may lie above.
    assert 95 < thresholds.reject <= 96
    assert 950 < thresholds.pixel <= 960


def test_few_normal_images_get_what_they_can_support():
    thresholds, calibration = guaranteed_thresholds([1.0, 3.0, 2.0], [], items="images", origin="of a test")
    assert thresholds.reject == np.nextafter(np.float32(3), np.float32(4))
    assert thresholds.pixel is None
    assert calibration is not None
    assert calibration.scores == (1.0, 2.0, 3.0)
    assert guaranteed_thresholds([], [], items="images", origin="of a test")[0].reject is None
