"""The real image sets hold what their description says, leaks included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blemish.datasets import check_dataset, cut_tiles, read_dataset, with_splits
from blemish.images import image_size_px
from blemish.locations import data_dir

pytestmark = pytest.mark.data


def folder(name: str) -> Path:
    root = data_dir()
    if root is None or not (root / name).is_dir():
        pytest.skip(f"the real images of {name} are not on this machine (BLEMISH_DATA)")
    return root / name


COUNTS = {
    "deepcrack": ("images + masks", {("defect", "train"): 300, ("defect", "test"): 237}),
    "casting": (
        "one folder per class",
        {
            ("ok_front", "train"): 2875,
            ("def_front", "train"): 600,
            ("ok_front", "test"): 262,
            ("def_front", "test"): 453,
        },
    ),
    "magnetic-tile": (
        "one folder per class, each with images + masks",
        {
            ("free", None): 952,
            ("blowhole", None): 115,
            ("break", None): 85,
            ("crack", None): 57,
            ("fray", None): 32,
            ("uneven", None): 103,
        },
    ),
    "steel-sd900": ("Severstal", {("1", None): 300, ("2", None): 300, ("3", None): 300}),
    "chest-xray": (
        "one folder per class",
        {("normal", "train"): 70, ("covid", "train"): 111, ("normal", "test"): 20, ("covid", "test"): 26},
    ),
    "brickwork": ("METU crack classification", {("Positive", None): 350, ("Negative", None): 350}),
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_counts_are_those_of_the_description(name) -> None:
    layout, counts = COUNTS[name]
    dataset = read_dataset(folder(name))
    found: dict[tuple[str, str | None], int] = {}
    for sample in dataset.samples:
        found[sample.label, sample.split] = found.get((sample.label, sample.split), 0) + 1
    assert dataset.layout.startswith(layout)
    assert found == counts


def test_steel_run_lengths_are_the_masks_that_come_as_pictures() -> None:
    root = folder("steel-sd900")
    by_table, by_picture = read_dataset(root), read_dataset(root, layout="images+masks")
    for first, second in list(zip(by_table.samples, by_picture.samples, strict=True))[::30]:
        np.testing.assert_array_equal(first.read_mask(200, 200), second.read_mask(200, 200))


def test_magnetic_tiles_split_without_cutting_a_group() -> None:
    dataset = read_dataset(folder("magnetic-tile"))
    assert len({sample.group for sample in dataset.samples}) == 706
    split = with_splits(dataset, test_fraction=0.3)
    assert not {s.group for s in split.split("train").samples} & {s.group for s in split.split("test").samples}
    for label, count in dataset.labels().items():
        assert split.split("test").labels()[label] / count == pytest.approx(0.3, abs=0.05)


def test_the_four_empty_masks_of_the_uneven_tiles_are_found() -> None:
    dataset = read_dataset(folder("magnetic-tile"))
    uneven = dataset.where(lambda sample: sample.label == "uneven")
    assert sum(not sample.read_mask(*image_size_px(sample.path)).any() for sample in uneven.samples) == 4


def test_chest_x_rays_leak_between_the_covid_folders() -> None:
    report = check_dataset(read_dataset(folder("chest-xray")))
    (leak,) = report.leaks
    assert leak.kind == "same image"
    assert len(leak.images) == 6
    assert all("covid" in name for case in leak.images for name in case)


def test_brickwork_has_twelve_exact_pairs_and_no_other_look_alikes() -> None:
    report = check_dataset(read_dataset(folder("brickwork")))
    assert [len(group) for group in report.exact_duplicates] == [2] * 12
    assert report.near_duplicates == ()


def test_64_good_castings_stand_in_train_and_test() -> None:
    dataset = read_dataset(folder("casting"))
    train, test = ({s.path.read_bytes() for s in dataset.split(split).samples} for split in ("train", "test"))
    names = [sample.path.name for sample in dataset.split("test").samples if sample.path.read_bytes() in train]
    assert len(train & test) == 64
    few = dataset.where(lambda sample: sample.path.name in names)
    leaks = {leak.kind: leak for leak in check_dataset(few).leaks}
    assert len(leaks["same image"].images) == 64


def test_one_image_of_deepcrack_looks_the_same_in_train_and_test() -> None:
    dataset = read_dataset(folder("deepcrack"))
    (leak,) = check_dataset(dataset).leaks
    assert leak.kind == "look-alike"
    assert leak.images == (("test/images/11216.jpg", "train/images/11158.jpg"),)


def test_deepcrack_gives_the_same_tiles_as_ever(tmp_path) -> None:
    dataset = read_dataset(folder("deepcrack")).split("test")
    counted = cut_tiles(dataset, tmp_path / "tiles", tile_px=128, defect_label="crack")
    assert counted.counts == {("test", "crack"): 433, ("test", "normal"): 161}
    assert len(read_dataset(tmp_path / "tiles")) == 433 + 161
