"""A part of a data set as a table: so many of each class, the same everywhere, with what was known about them."""

from __future__ import annotations

import pytest

from blemish.datasets import read_dataset, write_subset
from blemish.errors import DataError

METU = [f"{label}/{number:05d}.jpg" for label in ("Positive", "Negative") for number in range(6)]


def test_so_many_of_each_class_are_taken_and_read_back(lay_out, tmp_path) -> None:
    dataset = read_dataset(lay_out(METU))
    table = tmp_path / "표" / "part.csv"
    assert write_subset(dataset, table, per_class=4) == {"Positive": 4, "Negative": 4}
    part = read_dataset(table)
    assert part.labels() == {"Positive": 4, "Negative": 4}
    assert part.classes == ("Positive",)
    assert {sample.defective for sample in part.samples if sample.label == "Negative"} == {False}
    assert {sample.path.resolve() for sample in part.samples} <= {sample.path.resolve() for sample in dataset.samples}


def test_the_draw_depends_on_the_seed_alone(lay_out, tmp_path) -> None:
    dataset = read_dataset(lay_out(METU))
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_subset(dataset, tmp_path / name, per_class=3, seed=seed)
    same, again, other = ((tmp_path / name).read_text() for name in "abc")
    assert same == again != other


def test_a_rarer_class_comes_whole(lay_out, tmp_path) -> None:
    dataset = read_dataset(lay_out([*METU, "spall/a.jpg"]))
    assert write_subset(dataset, tmp_path / "part.csv", per_class=4)["spall"] == 1


def test_masks_splits_and_groups_are_kept(lay_out, tmp_path) -> None:
    names = [f"{split}/{kind}/{n}.png" for split in ("train", "test") for kind in ("images", "masks") for n in "ab"]
    root = lay_out(names)
    (root / "groups.csv").write_text("path,group\ntrain/images/a.png,wall 1\n")
    write_subset(read_dataset(root), tmp_path / "part.csv", per_class=9)
    part = {
        str(sample.path.resolve().relative_to(root)): sample for sample in read_dataset(tmp_path / "part.csv").samples
    }
    assert part["train/images/a.png"].group == "wall 1"
    assert part["test/images/b.png"].split == "test"
    assert part["test/images/b.png"].read_mask(32, 40).sum() == 96


@pytest.mark.parametrize(("per_class", "said"), [(0, "At least one"), (-3, "At least one")])
def test_too_few_are_refused(lay_out, tmp_path, per_class, said) -> None:
    with pytest.raises(DataError, match=said):
        write_subset(read_dataset(lay_out(METU)), tmp_path / "part.csv", per_class=per_class)


def test_masks_that_are_no_files_are_refused(lay_out, tmp_path) -> None:
    root = lay_out(["images/a.jpg"])
    (root / "train.csv").write_text("ImageId,ClassId,EncodedPixels\na.jpg,1,1 3\n")
    with pytest.raises(DataError, match="no file of its own"):
        write_subset(read_dataset(root), tmp_path / "part.csv", per_class=1)
    assert not (tmp_path / "part.csv").exists()
