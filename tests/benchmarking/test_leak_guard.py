"""Test images that the training has seen stop a benchmark, with the list, unless that is asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blemish.benchmarking import Benchmark
from blemish.benchmarking.contenders import Contender
from blemish.benchmarking.data import load_data, prepare, save_data
from blemish.benchmarking.records import IMAGES_NAME, image_row, write_images
from blemish.benchmarking.stages import auroc_without_leaks
from blemish.errors import DataError
from blemish.images import read_image, write_png

MASKS = Contender("masks", "unet", "masks", None, {})
NORMAL = Contender("normal", "padim", "normal", None, {})


def copy_across(images: Path, *, number: int, brighter: int = 0) -> str:
    """Training image ``number`` again among the test images; its name there."""
    for kind in ("images", "masks"):
        pixels = read_image(images / "train" / kind / f"{number}.png")
        if kind == "images":
            pixels = pixels.clip(0, 255 - brighter) + brighter
        write_png(images / "test" / kind / "copy.png", pixels if kind == "images" else pixels[..., 0] > 0)
    return "test/images/copy.png"


@pytest.mark.parametrize("brighter", [0, 5], ids=["the same pixels", "a look-alike"])
def test_a_leak_stops_the_benchmark_and_is_listed(images: Path, tmp_path: Path, brighter: int):
    name = copy_across(images, number=0, brighter=brighter)
    with pytest.raises(DataError, match=r"leaks from training into test.*--allow-leaks 벽 walls"):
        prepare(images, [MASKS], listing=tmp_path / "leaks.txt")
    listing = (tmp_path / "leaks.txt").read_text(encoding="utf-8")
    assert name in listing
    assert "train/images/0.png" in listing


def test_leaks_are_allowed_by_name_and_metrics_stand_beside_those_without(run: Callable[..., Benchmark], images: Path):
    copy_across(images, number=1)
    said: list[str] = []
    result = run(seeds=[0], allow_leaks=[images.name], say=said.append)
    assert any("goes on as asked" in sentence for sentence in said)
    metrics = result.runs[0].metrics["image"]
    assert "auroc_without_leaks" in metrics
    assert "leaks left out" in result.table.read_text(encoding="utf-8")


def test_what_no_training_sees_cannot_leak(images: Path, tmp_path: Path):
    copy_across(images, number=1)  # a defective one
    assert not prepare(images, [NORMAL], listing=tmp_path / "leaks.txt").leaked
    with pytest.raises(DataError, match="leaks"):
        prepare(images, [NORMAL, MASKS], listing=tmp_path / "leaks.txt")


def test_methods_that_learn_from_normal_images_never_see_a_defect(images: Path, tmp_path: Path):
    data = prepare(images, [NORMAL], listing=tmp_path / "leaks.txt")
    learned = data.training(sees_defects=False)
    assert {sample.path.name for sample in learned.samples} == {"0.png", "2.png", "4.png"}
    assert all("train" in sample.path.parts for sample in learned.samples)
    assert not any(sample.split == "test" for sample in data.training(sees_defects=True).samples)


def test_images_without_splits_are_dealt_out_once_with_look_alikes_together(tmp_path: Path, images: Path):
    root = tmp_path / "one heap"
    for number, path in enumerate(sorted((images).rglob("images/*.png"))):
        kind = "crack" if path.stem in "1357" else "good"
        for copy in range(2):
            write_png(root / kind / f"{number}-{copy}.png", read_image(path).clip(0, 250) + copy)
    data = prepare(root, [MASKS], listing=tmp_path / "leaks.txt")
    split_of = {sample.path.stem: sample.split for sample in data.dataset.samples}
    assert set(split_of.values()) == {"train", "test"}
    assert all(split_of[f"{number}-0"] == split_of[f"{number}-1"] for number in range(14))


def test_normal_images_may_have_any_name(images: Path, tmp_path: Path):
    root = tmp_path / "Werk"
    for number, path in enumerate(sorted(images.rglob("images/*.png"))):
        write_png(root / ("kaputt" if path.stem in "1357" else "ganz") / f"{number}.png", read_image(path))
    with pytest.raises(DataError, match=r"no normal training images.*--normal"):
        prepare(root, [NORMAL], listing=tmp_path / "leaks.txt")
    data = prepare(root, [NORMAL], normal_names=["ganz"], listing=tmp_path / "leaks.txt")
    assert {sample.label for sample in data.training(sees_defects=False).samples} == {"ganz"}
    save_data(data, tmp_path / "split.json")
    assert load_data(root, tmp_path / "split.json") == data


def test_the_split_survives_being_written_down(images: Path, tmp_path: Path):
    data = prepare(images, [MASKS], listing=tmp_path / "leaks.txt")
    save_data(data, tmp_path / "split.json")
    assert load_data(images, tmp_path / "split.json") == data
    write_png(images / "train" / "images" / "new.png", read_image(images / "train" / "images" / "0.png"))
    write_png(images / "train" / "masks" / "new.png", read_image(images / "train" / "masks" / "0.png")[..., 0] > 0)
    with pytest.raises(DataError, match="changed while the benchmark ran"):
        load_data(images, tmp_path / "split.json")


def test_the_auroc_without_leaks_counts_neither_leaks_nor_images_of_unknown_truth(tmp_path: Path):
    images = [  # name, leaked, defective, score: the leaked ones alone are ranked right
        ("a", True, False, 0.0),
        ("b", True, True, 9.0),
        ("c", False, False, 5.0),
        ("d", False, True, 4.0),
        ("e", False, True, 6.0),
        ("f", False, None, 1.0),
    ]
    rows = [
        image_row(name, None, leaked=leaked, defective=defective, score=score, flagged=None, pixels=None)
        for name, leaked, defective, score in images
    ]
    write_images(tmp_path / IMAGES_NAME, rows)
    assert auroc_without_leaks(tmp_path) == 0.5
