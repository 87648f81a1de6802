"""A method that learns from normal images never gets a marked one: not to fit, nor held out, nor to calibrate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from blemish.benchmarking.contenders import Contender
from blemish.benchmarking.data import prepare
from blemish.datasets import read_dataset
from blemish.errors import DataError
from blemish.training.splits import split_few_labels, split_labelled_images, split_masked_images, split_normal_images
from blemish.training.trials import split_for_trials

from layouts_with_masks import LAYOUTS, draw, image, mask, write

pytestmark = pytest.mark.train


def names_of(*parts: Any) -> set[str]:
    return {sample.path.stem for part in parts for sample in part}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_in_every_layout_training_trials_and_benchmark_agree_on_the_normal_images(layout: str, tmp_path: Path):
    drawn = draw(layout, tmp_path / "set", 40)
    dataset = read_dataset(drawn.path)
    parts = split_normal_images(dataset, seed=0, say=lambda _: None)
    trained = names_of(parts.fit.samples, parts.held_out.samples, parts.calibration.samples)
    assert not trained & drawn.marked
    assert parts.held_out.samples

    few = split_few_labels(dataset, seed=0, say=lambda _: None)
    assert not names_of(few.held_out.samples, few.calibration.samples) & drawn.marked
    assert names_of(few.fit.where(lambda sample: not sample.defective).samples) <= trained

    for trial in split_for_trials(dataset, seed=0, say=lambda _: None):
        assert not names_of(trial.normal) & drawn.marked
        assert names_of(trial.defects) <= drawn.marked
        assert names_of(trial.fit.where(lambda sample: not sample.defective).samples) <= trained

    contender = Contender(name="pca", method="pca", learns_from="normal", recipe=None, settings={})
    listing = tmp_path / "leaks.txt"
    if not any(sample.split == "test" for sample in dataset.samples):
        data = prepare(drawn.path, [contender], listing=listing, allow_leaks=True)
        assert not names_of(data.training(sees_defects=False).samples) & drawn.marked


def test_a_set_whose_normal_images_cannot_be_told_is_refused_everywhere(tmp_path: Path):
    drawn = draw("images+masks", tmp_path / "set", 40)
    for file in (drawn.path / "masks").iterdir():
        if file.stem not in drawn.marked:
            file.unlink()
    dataset = read_dataset(drawn.path)
    contender = Contender(name="pca", method="pca", learns_from="normal", recipe=None, settings={})
    for deal in (split_normal_images, split_few_labels, split_for_trials):
        with pytest.raises(DataError, match="does not tell which"):
            deal(dataset, seed=0, say=lambda _: None)
    with pytest.raises(DataError, match="does not tell which"):
        prepare(drawn.path, [contender], listing=tmp_path / "leaks.txt")


def test_a_plain_folder_trains_whole(tmp_path: Path):
    for index in range(10):
        write(tmp_path / "set" / f"{index}.png", image(index))
    parts = split_normal_images(read_dataset(tmp_path / "set"), seed=0, say=lambda _: None)
    assert (len(parts.fit), len(parts.held_out)) == (8, 2)


def test_an_image_labelled_defective_whose_mask_is_empty_is_left_out_of_masks_to_learn(tmp_path: Path):
    for index in range(8):
        write(tmp_path / "set" / "train" / "crack" / "images" / f"{index}.png", image(index))
        write(tmp_path / "set" / "train" / "crack" / "masks" / f"{index}.png", mask(index > 0))
    said: list[str] = []
    parts = split_masked_images(read_dataset(tmp_path / "set"), seed=3, say=said.append)
    assert names_of(parts.fit.samples, parts.held_out.samples) == {"1", "2", "3", "4", "5", "6", "7"}
    assert any("its mask marks nothing" in sentence for sentence in said)


def test_a_classifier_learns_from_images_and_masks_which_are_marked(tmp_path: Path):
    drawn = draw("images+masks", tmp_path / "set", 40)
    parts = split_labelled_images(read_dataset(drawn.path), seed=0, say=lambda _: None)
    assert names_of(parts.fit.where(lambda sample: sample.defective is True).samples) <= drawn.marked
    assert not names_of(parts.fit.where(lambda sample: sample.defective is False).samples) & drawn.marked
