"""The crack classifier's system: which patches are drawn, which variants are run, and what a wrong folder is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.datasets import read_dataset
from blemish.errors import DataError
from blemish.reproduction import SYSTEMS, reproduce
from blemish.reproduction.systems.crack_classifier import CrackClassifierSystem, draw_patches, with_surface_groups

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def metu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 + 30 patches of five surfaces of different colour, in METU's layout."""
    root = tmp_path_factory.mktemp("metu")
    rng = np.random.default_rng(0)
    for folder in ("Positive", "Negative"):
        (root / folder).mkdir()
        for number in range(30):
            pixels = rng.normal(60 + 40 * (number % 5), 4, (48, 48, 3)).clip(0, 255).astype(np.uint8)
            if folder == "Positive":
                cv2.line(pixels, (4, 4 + number), (44, 30), (10, 10, 10), 2)
            cv2.imwrite(str(root / folder / f"{number:05}.png"), pixels)
    return root


def test_as_many_patches_are_drawn_for_testing_as_for_training_and_validation(metu: Path):
    drawn = draw_patches(read_dataset(metu), 10, seed=0, apart=False)
    counts = Counter((sample.split, sample.defective) for sample in drawn.samples)
    assert {kind: counts[kind, True] for kind in ("train", "val", "test")} == {"train": 8, "val": 2, "test": 10}
    assert len({sample.path for sample in drawn.samples}) == 40


def test_another_seed_draws_other_patches_and_the_same_one_the_same(metu: Path):
    dataset = read_dataset(metu)
    one, again, other = (draw_patches(dataset, 10, seed=seed, apart=False).samples for seed in (0, 0, 1))
    assert one == again
    assert {sample.path for sample in one} != {sample.path for sample in other}


def test_with_surfaces_apart_no_surface_stands_on_two_sides(metu: Path):
    drawn = draw_patches(read_dataset(metu), 15, seed=0, apart=True)
    sides: dict[str, set[str]] = {}
    for sample in drawn.samples:
        sides.setdefault(sample.group, set()).add(sample.split)
    assert all(len(splits) == 1 for splits in sides.values())


def test_surfaces_are_told_apart_by_colour_whether_cracked_or_not(metu: Path):
    grouped = with_surface_groups(read_dataset(metu), seed=0)
    groups = {(int(sample.path.stem) % 5, sample.group) for sample in grouped.samples}
    assert len({group for _, group in groups}) == 5
    assert len(groups) == 5


def test_the_source_trains_without_what_its_author_wished_for():
    variants = CrackClassifierSystem().variants("paper", {})
    for network in ("ResNet-18", "ResNet-18, 3×3 stem", "MobileNetV2"):
        settings = variants[network]
        assert (settings["optimizer"], settings["schedule"], settings["dropout"]) == ("adam", "constant", 0.0)
        assert not settings["augment"]
        assert not settings["early_stopping"]
        assert settings["per_class"] == 1000
        wished = variants[f"{network}, as wished"]
        assert wished.get("early_stopping", True)
        assert wished["dropout"] > 0
    assert variants["ResNet-18, 3×3 stem"]["small_stem"]


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["Negative"], '0 cracked patches.*"Positive".*METU'),
        (["", ""], "one folder, and 2 are given"),
    ],
)
def test_a_folder_of_another_layout_is_told_what_is_missing(metu: Path, tmp_path: Path, folders, message: str):
    with pytest.raises(DataError, match=message):
        reproduce("crack-classifier", [metu / name for name in folders], tmp_path / "out")


@pytest.mark.slow
def test_without_weights_a_network_starts_from_nothing_and_says_so(
    metu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tiny = {"size_px": 32, "epochs": 2, "learning_rate": 1e-3, "batch_size": 8}
    monkeypatch.setattr("blemish.reproduction.systems.crack_classifier._QUICK", tiny)
    monkeypatch.setenv("BLEMISH_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("blemish.training.backbones._hub_answers", lambda: False)
    monkeypatch.setattr(CrackClassifierSystem, "seeds", (0,))
    done = reproduce("crack-classifier", [metu], tmp_path / "out", variants=["ResNet-18"])
    (record,) = done.results.of("ResNet-18")
    assert "pretrained=false" in record.remarks[0]
    assert "pretrained=false" in done.page.read_text()
    assert record.test_opened == 1
    assert record.measured["n_test"] == 12
    log = (tmp_path / "out" / "runs" / "ResNet-18" / "seed0" / "detector.training" / "metrics.csv").read_text()
    assert all(name in log for name in ("train_loss", "val_loss", "train_accuracy", "val_accuracy"))
    assert SYSTEMS["crack-classifier"] is CrackClassifierSystem
