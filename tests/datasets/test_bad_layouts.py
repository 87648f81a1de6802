"""What cannot be read is refused in one sentence that says where and what would be right."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from blemish.datasets import read_dataset
from blemish.errors import DataError

PAIR = ["images/a.jpg", "masks/a.png"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ["holds no images"]),
        (["notes.txt"], ["holds no images"]),
        ([*PAIR, "good/x.jpg"], ["mixes", "images + masks", "class folders"]),
        (["a.jpg", "good/x.jpg"], ["mixes", "loose images", "class folders"]),
        (["train/images/a.jpg", "train/masks/a.png", "test/good/x.jpg"], ["mixes"]),
        (["good/a.jpg", "crack/images/b.jpg", "crack/masks/b.png"], ["mixes"]),
        (["images/a.jpg", "masks/b.png"], ["No mask", "a.png"]),
        (["bottle/train/good/a.png", "cable/train/good/a.png"], ["several data sets", "bottle", "cable"]),
        (["a/b/c/d.jpg"], ["not known", "Known layouts", "images+masks", "mvtec"]),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused(lay_out, names, words) -> None:
    with pytest.raises(DataError) as refusal:
        read_dataset(lay_out(names))
    assert all(word in str(refusal.value) for word in words)


def test_a_missing_path_is_said(tmp_path) -> None:
    with pytest.raises(DataError, match="nothing at"):
        read_dataset(tmp_path / "결함 사진")


def test_a_single_image_is_no_data_set(lay_out) -> None:
    with pytest.raises(DataError, match="no data set"):
        read_dataset(lay_out(["a.jpg"]) / "a.jpg")


def test_a_typo_in_the_layout_is_helped(lay_out) -> None:
    with pytest.raises(DataError, match='Did you mean "mvtec"'):
        read_dataset(lay_out(["good/a.jpg"]), layout="mvtek")


def test_a_layout_that_does_not_fit_is_said(lay_out) -> None:
    with pytest.raises(DataError, match='not laid out as "mvtec"'):
        read_dataset(lay_out(["good/a.jpg"]), layout="mvtec")


def test_a_typo_in_a_normal_name_is_helped(lay_out) -> None:
    with pytest.raises(DataError, match='Did you mean "plain"'):
        read_dataset(lay_out(["plain/a.jpg", "dent/b.jpg"]), normal_names=["plian"])


TABLES = {
    "a missing image": ("path,label\ngone.jpg,good\n", ["names 1 image", "gone.jpg"]),
    "a missing mask": ("path,label,mask\na.jpg,dent,gone.png\n", ["names 1 mask", "gone.png"]),
    "an unknown split": ("path,label,split\na.jpg,good,trian\n", ["Row 2", "trian"]),
    "no path": ("path,label\n,good\n", ["Row 2", "no path"]),
    "no rows": ("path,label\n", ["no rows"]),
    "the same image twice": ("path,label\na.jpg,good\na.jpg,dent\n", ["more than once"]),
    "other columns": ("file,class\na.jpg,good\n", ["no data set", "Known layouts"]),
    "a missing steel image": ("ImageId,ClassId,EncodedPixels\ngone.jpg,1,1 3\n", ["names 1 image", "gone.jpg"]),
    "a steel row without an image": ("ImageId,ClassId,EncodedPixels\n,1,1 3\n", ["Row 2"]),
    "groups without their columns": ("path,label\na.jpg,good\n", ["groups.csv", "path,group"]),
}


@pytest.mark.parametrize("case", TABLES, ids=TABLES)
def test_a_table_that_cannot_be_right_is_refused(lay_out, case) -> None:
    text, words = TABLES[case]
    root = lay_out(["a.jpg"])
    (root / "table.csv").write_text(text)
    if "groups" in case:
        (root / "groups.csv").write_text("image,part\na.jpg,1\n")
    with pytest.raises(DataError) as refusal:
        read_dataset(root / "table.csv")
    assert all(word in str(refusal.value) for word in words)


def test_a_table_in_another_encoding_is_refused(lay_out) -> None:
    root = lay_out(["a.jpg"])
    (root / "table.csv").write_bytes("path,label\na.jpg,결함\n".encode("cp949"))
    with pytest.raises(DataError, match="UTF-8"):
        read_dataset(root / "table.csv")


def test_a_second_mask_of_an_image_is_not_dropped_silently(tmp_path) -> None:
    grey = np.full((16, 16), 90, np.uint8)
    for name in ("images/a.png", "masks/a.png", "masks/a.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(grey).save(tmp_path / name)
    (note,) = [note for note in read_dataset(tmp_path).notes if "mask folder" in note]
    assert "1 file" in note
    assert '"a.' in note


def test_yolo_classes_without_a_name_are_said(tmp_path) -> None:
    Image.fromarray(np.full((16, 16), 90, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("7 0.5 0.5 0.2 0.2\n0 0.2 0.2 0.1 0.1\n")
    (tmp_path / "data.yaml").write_text("names: [crack]\n")
    dataset = read_dataset(tmp_path)
    assert "The label files use 1 class without a name: 7." in dataset.notes
    assert set(dataset.classes) == {"crack", "class 7"}
