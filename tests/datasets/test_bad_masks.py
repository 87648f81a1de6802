"""Masks of several classes that cannot be right: one sentence that names the image and what is wrong."""

from __future__ import annotations

import pytest

from blemish.datasets import ClassMask, FileMask, RunLengthMask, Sample, read_dataset
from blemish.errors import DataError


@pytest.mark.parametrize(
    "header", ["ImageId,ClassId,EncodedPixels\na.jpg,2,", "ImageId_ClassId,EncodedPixels\na.jpg_2,"]
)
@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("1 3 1281 1", 'hold a run "1281 1" that does not fit an image of 40×32 px'),
        ("1279 3", 'hold a run "1279 3" that does not fit'),
        ("0 3", 'hold a run "0 3"'),
        ("1 3 7", "pairs of start and length, but there are 3 numbers"),
        ("1 three", "whole numbers only"),
    ],
)
def test_run_lengths_that_do_not_fit_name_image_class_and_table(lay_out, header, runs, said) -> None:
    root = lay_out(["train_images/a.jpg"])
    (root / "train.csv").write_text(f"{header}{runs}\n")
    dataset = read_dataset(root)
    with pytest.raises(DataError) as refusal:
        dataset.samples[0].read_class_masks(dataset.classes, 32, 40)
    message = str(refusal.value)
    assert said in message
    assert 'The run lengths of "a.jpg", class 2, in "' in message


def test_a_class_beyond_the_declared_ones_is_named(tmp_path) -> None:
    sample = Sample(tmp_path / "a.jpg", "5", masks=(ClassMask("5", RunLengthMask("1 3")),))
    with pytest.raises(DataError, match=r'a\.jpg" has a mask of the class "5", which is none of 1, 2, 3, 4\.'):
        sample.read_class_masks(("1", "2", "3", "4"), 32, 40)


def test_a_mask_of_another_size_is_told_with_both_sizes(save, texture, square_mask, tmp_path) -> None:
    image, mask = save(tmp_path / "a.png", texture(0)), save(tmp_path / "m.png", square_mask(16, 20))
    sample = Sample(image, "1", masks=(ClassMask("1", FileMask(mask, image)),))
    with pytest.raises(DataError, match=r"is 20×16 px but its image .* is 40×32 px"):
        sample.read_class_masks(("1",), 32, 40)
