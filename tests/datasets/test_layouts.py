"""Every layout is recognised by itself and says what it found."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from blemish.datasets import LAYOUTS, FileMask, read_dataset

PAIRED = ["train/images/a.jpg", "train/images/b.jpg", "train/masks/a.png", "train/masks/b.png"]
PAIRED_TEST = ["test/images/c.jpg", "test/masks/c.png"]

# files, layout in words (its beginning), {label: count}, {split: count}, classes, images with a known extent
CASES = {
    "images and masks with splits": (
        PAIRED + PAIRED_TEST,
        "images + masks, split into train, test",
        {"defect": 3},
        {"train": 2, "test": 1},
        ("defect",),
        3,
    ),
    "images and masks without splits": (
        ["images/a.jpg", "masks/a.png"],
        "images + masks",
        {"defect": 1},
        {},
        ("defect",),
        1,
    ),
    "other names and suffixes of masks": (
        [
            "Images/a.jpg",
            "Images/b.jpg",
            "Images/c.jpg",
            "ground_truth/a_mask.png",
            "ground_truth/b_GT.bmp",
            "ground_truth/c.png",
        ],
        "Images + ground_truth",
        {"defect": 3},
        {},
        ("defect",),
        3,
    ),
    "splits below images and masks": (
        ["images/train/a.jpg", "labels/train/a.png", "images/valid/b.jpg", "labels/valid/b.png"],
        "images + masks, split into train, val",
        {"defect": 2},
        {"train": 1, "val": 1},
        ("defect",),
        2,
    ),
    "splits in the folders' names": (
        ["train_img/a.jpg", "train_lab/a.png", "test_img/b.jpg", "test_lab/b.png"],
        "images + masks, split into train, test",
        {"defect": 2},
        {"train": 1, "test": 1},
        ("defect",),
        2,
    ),
    "masks beside their images": (
        ["a.png", "a_mask.png", "b.png", "b_mask.png"],
        "images with their masks beside them",
        {"defect": 2},
        {},
        ("defect",),
        2,
    ),
    "MVTec AD": (
        [
            "train/good/000.png",
            "test/good/000.png",
            "test/scratch/000.png",
            "test/hole/000.png",
            "ground_truth/scratch/000_mask.png",
            "ground_truth/hole/000_mask.png",
        ],
        "MVTec AD",
        {"good": 2, "hole": 1, "scratch": 1},
        {"train": 1, "test": 3},
        ("hole", "scratch"),
        4,
    ),
    "a folder per class": (
        ["good/a.jpg", "good/b.jpg", "dent/a.jpg"],
        "one folder per class",
        {"good": 2, "dent": 1},
        {},
        ("dent",),
        2,
    ),
    "a folder per class with splits": (
        ["train/ok_front/a.jpg", "test/ok_front/b.jpg", "test/def_front/c.jpg"],
        "one folder per class, split into train, test",
        {"ok_front": 2, "def_front": 1},
        {"train": 1, "test": 2},
        ("def_front",),
        2,
    ),
    "classes with images and masks": (
        ["free/images/a.jpg", "crack/images/b.jpg", "crack/masks/b.png"],
        "one folder per class, each with images + masks",
        {"free": 1, "crack": 1},
        {},
        ("crack",),
        2,
    ),
    "METU classification": (
        ["Positive/00001.jpg", "Negative/00001.jpg"],
        "METU crack classification",
        {"Positive": 1, "Negative": 1},
        {},
        ("Positive",),
        1,
    ),
    "METU segmentation": (
        ["rgb/001.jpg", "rgb/002.JPG", "BW/001.jpg", "BW/002.jpg"],
        "METU crack segmentation",
        {"crack": 2},
        {},
        ("crack",),
        2,
    ),
    "images alone": (["a.jpg", "b.jpg"], "images without labels", {"unlabelled": 2}, {}, (), 0),
    "images alone in images": (["images/a.jpg"], "images without labels", {"unlabelled": 1}, {}, (), 0),
    "images alone in splits": (
        ["train/a.jpg", "test/b.jpg"],
        "images without labels",
        {"unlabelled": 2},
        {"train": 1, "test": 1},
        (),
        0,
    ),
    "Korean names and spaces": (
        ["정상/사진 1.jpg", "균열 결함/사진 2.jpg"],
        "one folder per class",
        {"정상": 1, "균열 결함": 1},
        {},
        ("균열 결함",),
        1,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_layout_is_recognised(lay_out, case) -> None:
    names, layout, labels, splits, classes, with_extent = case
    dataset = read_dataset(lay_out(names))
    assert dataset.layout.startswith(layout)
    assert dataset.labels() == labels
    assert {
        split: len(dataset.split(split)) for split in ("train", "val", "test") if dataset.split(split).samples
    } == splits
    assert dataset.classes == classes
    assert sum(sample.masks is not None for sample in dataset.samples) == with_extent
    assert [sample.path for sample in dataset.samples] == sorted(sample.path for sample in dataset.samples)
    assert dataset.name == "set"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_mask_that_a_layout_pairs_can_be_read(lay_out, case) -> None:
    for sample in read_dataset(lay_out(case[0])).samples:
        if sample.masks is not None:
            assert sample.read_mask(32, 40).any() == (sample.defective is not False)


def test_normal_classes_are_known_by_name_and_free_of_defects(lay_out) -> None:
    dataset = read_dataset(lay_out(["Ok-Front/a.jpg", "No Crack/b.jpg", "dent/c.jpg"]))
    assert {sample.label: (sample.defective, sample.masks) for sample in dataset.samples} == {
        "Ok-Front": (False, ()),
        "No Crack": (False, ()),
        "dent": (True, None),
    }


def test_normal_names_can_be_given(lay_out) -> None:
    dataset = read_dataset(lay_out(["good/a.jpg", "plain/b.jpg"]), normal_names=["plain"])
    assert {sample.label: sample.defective for sample in dataset.samples} == {"good": True, "plain": False}
    assert dataset.classes == ("good",)


def test_images_and_masks_leave_it_to_the_mask_whether_an_image_is_defective(lay_out) -> None:
    (sample,) = read_dataset(lay_out(["images/a.jpg", "masks/a.png"])).samples
    assert sample.defective is None
    assert isinstance(sample.masks[0].source, FileMask)


def test_an_image_without_its_mask_is_noted_and_of_unknown_extent(lay_out) -> None:
    dataset = read_dataset(lay_out([*PAIRED, "train/images/z.jpg"]))
    assert dataset.samples[-1].masks is None
    assert dataset.samples[-1].label == "unlabelled"
    assert any("without a mask" in note and "z.jpg" in note for note in dataset.notes)


def test_a_split_without_masks_comes_along(lay_out) -> None:
    dataset = read_dataset(lay_out([*PAIRED, "test/images/c.jpg"]))
    assert [sample.masks for sample in dataset.split("test").samples] == [None]


@pytest.mark.parametrize(
    ("names", "word"),
    [
        ([*PAIRED, "train/images/list.csv"], "list.csv"),
        ([*PAIRED, "train/masks/q.png"], "q.png"),
        ([*PAIRED, "overlays/a.jpg"], "overlays"),
        (["good/a.jpg", "dent/b.jpg", "dent/raw.dat"], "raw.dat"),
        (["good/a.jpg", "dent/b.jpg", "notes/readme.dat"], "notes"),
        (["train/good/a.jpg", "test/good/b.jpg", "preview.jpg"], "preview.jpg"),
        (["good/a.jpg"], "One class only"),
        (["dent/a.jpg", "hole/b.jpg"], "--normal"),
        (["a.jpg"], "No labels"),
    ],
)
def test_what_is_left_out_or_not_known_is_said(lay_out, names, word) -> None:
    assert any(word in note for note in read_dataset(lay_out(names)).notes)


def test_hidden_files_and_read_me_files_are_passed_over_in_silence(lay_out) -> None:
    root = lay_out(["good/a.jpg", "dent/b.jpg", "dent/._b.jpg", "dent/Thumbs.db", "README.md", ".git/x.jpg", "LICENSE"])
    dataset = read_dataset(root)
    assert len(dataset) == 2
    assert dataset.notes == ()


def test_names_pair_however_their_accents_are_composed(lay_out) -> None:
    apart = unicodedata.normalize("NFD", "균열")
    dataset = read_dataset(lay_out([f"images/{apart}.jpg", "masks/균열.png"]))
    assert dataset.samples[0].masks is not None


def test_groups_come_from_a_table_beside_the_images(lay_out) -> None:
    root = lay_out(["free/images/a.jpg", "crack/images/b.jpg", "crack/images/c.jpg", "crack/masks/b.png"])
    (root / "groups.csv").write_text("path,group\nfree/images/a.jpg,7\ncrack/images/b.jpg,7\ngone.jpg,8\n")
    dataset = read_dataset(root)
    assert {sample.path.name: sample.group for sample in dataset.samples} == {"a.jpg": "7", "b.jpg": "7", "c.jpg": None}
    assert any("1 row" in note for note in dataset.notes)


def test_the_layout_can_be_named(lay_out) -> None:
    root = lay_out([*PAIRED, "good/x.jpg"])
    assert read_dataset(root, layout="images+masks").labels() == {"defect": 2}


def test_each_layout_has_its_own_name() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)


def test_a_relative_path_gives_the_folder_its_real_name(lay_out, monkeypatch) -> None:
    monkeypatch.chdir(lay_out(["good/a.jpg"]))
    assert read_dataset(Path()).name == "set"
