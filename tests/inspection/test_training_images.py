"""Images that taught a detector do not flatter it: left out where there are no splits, named where there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.datasets import image_digests, read_dataset
from blemish.errors import DataError
from blemish.images import write_png
from blemish.inspection import choose_split


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for index in range(4):
        write_png(tmp_path / ("good" if index % 2 else "crack") / f"{index}.png", np.full((8, 8, 3), index, np.uint8))
    return tmp_path


def test_training_images_are_left_out_of_data_without_splits(images: Path):
    dataset = read_dataset(images)
    digests = image_digests(dataset)
    chosen = choose_split(dataset, "test", trained_on=digests[:3])
    assert [sample.path for sample in chosen.samples] == [dataset.samples[3].path]
    assert "1 images are used, 3 that the detector was trained on are left out" in chosen.notes[-1]


def test_fresh_images_are_all_used(images: Path):
    chosen = choose_split(read_dataset(images), "test", trained_on=["0" * 16])
    assert len(chosen) == 4
    assert chosen.notes[-1].endswith("4 images are used.")


def test_nothing_but_training_images_is_an_error(images: Path):
    dataset = read_dataset(images)
    with pytest.raises(DataError, match=r"The detector was trained on all 4 images"):
        choose_split(dataset, "test", trained_on=image_digests(dataset))


def test_training_images_in_a_test_split_are_named(images: Path):
    dataset = read_dataset(images)
    split = replace(dataset, samples=tuple(replace(sample, split="test") for sample in dataset.samples))
    chosen = choose_split(split, "test", trained_on=image_digests(dataset)[:1])
    assert len(chosen) == 4
    assert "trained on 1 of them" in chosen.notes[-1]
