"""Where each class of several begins, chosen on held-out images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blemish.datasets import read_dataset  # noqa: E402
from blemish.datasets.run_lengths import encode_run_lengths  # noqa: E402
from blemish.detectors import Container, Detector  # noqa: E402
from blemish.files import write_text  # noqa: E402
from blemish.images import write_png  # noqa: E402
from blemish.training.thresholds import choose_class_thresholds, choose_thresholds  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture
def steel(tmp_path: Path) -> Path:
    """Class 1: light squares of 49 px at level 200. Class 2: dark ones at level 60, beside specks."""
    rows = ["ImageId,ClassId,EncodedPixels"]
    rng = np.random.default_rng(0)
    for number in range(6):
        image = rng.integers(120, 136, (48, 48, 1), dtype=np.uint8).repeat(3, axis=2)
        light, dark = np.zeros((48, 48), np.bool_), np.zeros((48, 48), np.bool_)
        light[4:11, 4:11], dark[20:27, 20:27] = True, number % 2 == 0
        image[light], image[dark] = 200, 60
        image[40, 5::10] = 20
        write_png(tmp_path / "steel" / "images" / f"{number}.png", image)
        rows.append(f"{number}.png,1,{encode_run_lengths(light)}")
        if dark.any():
            rows.append(f"{number}.png,2,{encode_run_lengths(dark)}")
    write_text(tmp_path / "steel" / "train.csv", "\n".join(rows) + "\n")
    return tmp_path / "steel"


def test_each_class_gets_its_threshold_and_the_area_that_removes_specks(light_and_dark: Container, steel: Path):
    dataset = read_dataset(steel)
    first, second = choose_class_thresholds(Detector(light_and_dark), dataset)
    assert (first.label, second.label) == ("1", "2")
    assert 136 / 255 < first.pixel <= 200 / 255 + 1e-6
    assert 1 - 120 / 255 < second.pixel <= 1 - 60 / 255 + 1e-6
    assert first.min_area_px == 1
    assert second.min_area_px == 10
    chosen = choose_thresholds(Detector(light_and_dark), dataset)
    assert chosen.by_class == (first, second)
    detector = Detector(light_and_dark).with_thresholds(chosen)
    for sample in dataset.samples:
        found = detector.inspect(sample.path).class_masks
        assert found is not None
        np.testing.assert_array_equal(found, sample.read_class_masks(("1", "2"), 48, 48))


def test_a_rare_class_of_small_defects_is_not_given_up_for_clean_images(light_and_dark: Container, tmp_path: Path):
    # One image shows a defect of 9 px; two of the eleven others show a speck of 4 px.
    rows = ["ImageId,ClassId,EncodedPixels"]
    for number in range(12):
        image, mask = np.full((48, 48, 3), 128, np.uint8), np.zeros((48, 48), np.bool_)
        mask[4:7, 4:7] = number == 0
        image[mask] = 200
        if number in (1, 2):
            image[30:32, 30:32] = 200
        write_png(tmp_path / "rare" / "images" / f"{number}.png", image)
        rows += [f"{number}.png,1,{encode_run_lengths(mask)}"] if number == 0 else []
    write_text(tmp_path / "rare" / "train.csv", "\n".join(rows) + "\n")
    (only,) = choose_class_thresholds(Detector(light_and_dark), read_dataset(tmp_path / "rare"))
    assert only.min_area_px == 1


def test_the_threshold_of_images_lies_between_their_scores(darkness: Container, tmp_path: Path):
    for label, levels in (("Positive", (40, 60)), ("Negative", (180, 200))):
        for level in levels:
            write_png(tmp_path / "walls" / label / f"{level}.png", np.full((16, 16, 3), level, np.uint8))
    dataset, detector = read_dataset(tmp_path / "walls"), Detector(darkness)
    scores = sorted(detector.inspect(sample.path).score or 0.0 for sample in dataset.samples)
    chosen = choose_thresholds(detector, dataset).reject
    assert chosen == pytest.approx((scores[1] + scores[2]) / 2)


def test_a_class_that_no_image_shows_has_no_threshold(light_and_dark: Container, steel: Path):
    dataset = read_dataset(steel).where(lambda sample: sample.label == "1")
    assert [one.label for one in choose_class_thresholds(Detector(light_and_dark), dataset)] == ["1"]


def test_a_detector_of_one_map_has_none(darkness: Container, steel: Path):
    assert choose_class_thresholds(Detector(darkness), read_dataset(steel)) == ()
