"""Data sets that a table describes: a manifest, and Severstal's two dialects."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.datasets import encode_run_lengths, read_dataset
from blemish.errors import DataError

MASK = np.zeros((32, 40), dtype=bool)
MASK[3:9, 5:7] = True
RUNS = encode_run_lengths(MASK)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_manifest_gives_labels_masks_splits_and_groups(lay_out, separator, start) -> None:
    root = lay_out(["a b/1.jpg", "a b/2.jpg", "a b/3.jpg", "masks/1.png"])
    rows = [
        "path,label,mask,split,group",
        "a b/1.jpg,dent,masks/1.png,train,lot 7",
        "a b/2.jpg,good,,test,",
        "a b\\3.jpg,,,,",
    ]
    (root / "manifest.csv").write_text(start + "\n".join(rows).replace(",", separator) + "\n", encoding="utf-8")
    for path in (root, root / "manifest.csv"):
        dataset = read_dataset(path)
        dent, good, unknown = dataset.samples
        assert (dent.label, dent.defective, dent.split, dent.group) == ("dent", True, "train", "lot 7")
        assert dent.read_mask(32, 40).sum() == 96
        assert (good.label, good.defective, good.masks, good.split, good.group) == ("good", False, (), "test", None)
        assert (unknown.label, unknown.defective, unknown.masks) == ("unlabelled", None, None)
        assert dataset.classes == ("dent",)


@pytest.mark.parametrize("folder", ["", "images/", "train_images/"])
def test_steel_images_that_the_table_does_not_name_are_free_of_defects(lay_out, folder) -> None:
    root = lay_out([f"{folder}{name}.jpg" for name in "abcd"])
    (root / "train.csv").write_text(
        f"ImageId,ClassId,EncodedPixels\na.jpg,3,{RUNS}\nb.jpg,1,1 5\nb.jpg,3,{RUNS}\n", encoding="utf-8"
    )
    for path in (root, root / "train.csv"):
        dataset = read_dataset(path)
        assert dataset.labels() == {"3": 1, "1+3": 1, "good": 2}
        assert dataset.classes == ("1", "3")
        assert [sample.defective for sample in dataset.samples] == [True, True, False, False]
        assert dataset.samples[2].masks == ()
        np.testing.assert_array_equal(dataset.samples[0].read_mask(32, 40), MASK)
        first, third = dataset.samples[1].read_class_masks(dataset.classes, 32, 40)
        assert first.sum() == 5
        np.testing.assert_array_equal(third, MASK)


def test_the_older_steel_dialect_has_a_row_for_every_class(lay_out) -> None:
    root = lay_out(["train_images/a.jpg", "train_images/b.jpg", "test_images/c.jpg"])
    rows = [f"a.jpg_1,{RUNS}", "a.jpg_2,", "b.jpg_1,", "b.jpg_2,"]
    (root / "train.csv").write_text("\n".join(["ImageId_ClassId,EncodedPixels", *rows]))
    (root / "sample_submission.csv").write_text("ImageId_ClassId,EncodedPixels\nc.jpg_1,1 1\n")
    dataset = read_dataset(root)
    assert dataset.labels() == {"1": 1, "good": 1}
    assert any("test_images" in note for note in dataset.notes)


def test_several_rows_of_one_image_and_class_are_united(lay_out) -> None:
    root = lay_out(["images/a.jpg"])
    (root / "train.csv").write_text("ImageId,ClassId,EncodedPixels\na.jpg,1,1 2\na.jpg,1,11 3\n")
    assert read_dataset(root).samples[0].read_mask(32, 40).sum() == 5


@pytest.mark.parametrize("runs", ["1", "1 2 3", "0 4", "1280 2", "5 0", "5 -1", "a b", "1 99999999999999999999"])
def test_impossible_run_lengths_name_the_image_and_the_table(lay_out, runs) -> None:
    root = lay_out(["images/a.jpg"])
    (root / "train.csv").write_text(f"ImageId,ClassId,EncodedPixels\na.jpg,1,{runs}\n")
    with pytest.raises(DataError) as refusal:
        read_dataset(root).samples[0].read_mask(32, 40)
    assert "a.jpg" in str(refusal.value)
    assert "train.csv" in str(refusal.value)


def test_groups_that_are_known_stay_and_the_table_fills_in_the_others(lay_out) -> None:
    root = lay_out(["a.jpg", "b.jpg"])
    (root / "manifest.csv").write_text("path,label,group\na.jpg,good,lot 7\nb.jpg,good,\n")
    (root / "groups.csv").write_text("path,group\na.jpg,lot 8\nb.jpg,lot 9\n")
    assert [sample.group for sample in read_dataset(root / "manifest.csv").samples] == ["lot 7", "lot 9"]


def test_a_split_that_is_none_is_refused_with_its_row(lay_out) -> None:
    root = lay_out(["a.jpg"])
    (root / "manifest.csv").write_text("path,label,split\na.jpg,good,trian\n")
    with pytest.raises(DataError, match=r'Row 2 .* the split "trian"; it must be train, val, test or empty'):
        read_dataset(root)
