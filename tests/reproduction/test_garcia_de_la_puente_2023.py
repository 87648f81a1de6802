"""The attention system: how patches are dealt out, its tables by the paper's rules, and what a wrong folder is told."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.datasets import read_dataset
from blemish.errors import DataError
from blemish.evaluation import auroc
from blemish.reproduction import reproduce
from blemish.reproduction.systems import garcia_de_la_puente_2023 as system
from blemish.reproduction.systems.garcia_de_la_puente_2023 import GarciaSystem, deal_masks, deal_patches, origin_of

pytestmark = pytest.mark.train

TINY = {"width": 4, "batch_size": 8, "epochs": 2, "patience": 2, "size_px": 32, "latent": 4}


def patch(rng: np.random.Generator, *, cracked: bool) -> tuple[np.ndarray, np.ndarray]:
    pixels = rng.normal(170, 5, (40, 40, 3)).clip(0, 255).astype(np.uint8)
    mask = np.zeros((40, 40), np.uint8)
    if cracked:
        ends = [tuple(int(v) for v in rng.integers(2, 38, 2)) for _ in range(2)]
        cv2.line(pixels, *ends, (20, 20, 20), 3)
        cv2.line(mask, *ends, 255, 3)
    return pixels, mask


@pytest.fixture(scope="module")
def metu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("metu"), np.random.default_rng(0)
    for folder in ("Positive", "Negative"):
        (root / folder).mkdir()
        for number in range(24):
            cv2.imwrite(str(root / folder / f"{number:05}.png"), patch(rng, cracked=folder == "Positive")[0])
    return root


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight photos of six patches, every other one cracked."""
    root, rng = tmp_path_factory.mktemp("masked"), np.random.default_rng(1)
    for name in ("images", "masks"):
        (root / name).mkdir()
    for number in range(48):
        pixels, mask = patch(rng, cracked=number % 2 == 1)
        cv2.imwrite(str(root / "images" / f"W{number // 6}-{number % 6}.png"), pixels)
        cv2.imwrite(str(root / "masks" / f"W{number // 6}-{number % 6}.png"), mask)
    return root


def test_normal_patches_that_set_the_threshold_neither_train_nor_test(metu: Path):
    dealt = deal_patches(read_dataset(metu), seed=0)
    parts = {name: {one.path for one in dealt.split(name).samples} for name in ("train", "val", "test")}
    assert {name: len(part) for name, part in parts.items()} == {"train": 15, "val": 3, "test": 12}
    assert len(set.union(*parts.values())) == 30
    assert sum(bool(one.defective) for one in dealt.split("test").samples) == 6
    assert not any(one.defective for one in dealt.split("train").samples + dealt.split("val").samples)


def test_no_photo_trains_and_tests(masked: Path):
    dealt = deal_masks(read_dataset(masked), seed=0)
    tests = {origin_of(one) for one in dealt.split("test").samples}
    assert len(dealt.split("test")) == 12
    assert all(one.defective for one in dealt.split("test").samples)
    assert not tests & {origin_of(one) for one in dealt.split("train").samples + dealt.split("val").samples}
    assert not any(one.defective for one in dealt.split("train").samples)


def test_classification_reconstructs_by_squared_error_and_segmentation_by_cross_entropy(metu: Path, masked: Path):
    found = GarciaSystem().variants("paper", GarciaSystem().read([masked, metu]))
    assert found["classification, squared error"]["reconstruction"] == "l2"
    segmentation = found["segmentation, cross-entropy"]
    assert segmentation["reconstruction"] == "bce"
    wanted = {"size_px": 227, "downsamplings": 5, "latent": 32, "batch_size": 32, "epochs": 300, "learning_rate": 1e-5}
    assert {name: segmentation[name] for name in wanted} == wanted
    assert list(GarciaSystem().variants("quick", GarciaSystem().read([metu]))) == ["classification, squared error"]


def test_pixels_are_counted_over_all_test_images_together():
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(8, 8)).astype(np.float32) for _ in range(2)]
    truths = [one > 1 for one in maps]
    truths[1][0] = True
    found = system._pixels(maps, truths, [rng.normal(size=(8, 8)).astype(np.float32)])
    values, truth = np.concatenate([one.ravel() for one in maps]), np.concatenate([one.ravel() for one in truths])
    assert found["AUROC"] == pytest.approx(auroc(values, truth))
    dices = [2 * (truth & (values >= at)).sum() / (truth.sum() + (values >= at).sum()) for at in values]
    assert found["best Dice"] == pytest.approx(max(dices))
    assert found["IoU"] == pytest.approx(found["Dice"] / (2 - found["Dice"]))


def test_a_tiny_run_fills_both_tables(metu: Path, masked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(system, "_QUICK", TINY)
    done = reproduce("garcia-de-la-puente-2023", [metu, masked], tmp_path / "out", seeds=[0])
    assert not done.failures
    first, second = done.tables
    (row,) = first.rows
    assert row.published["accuracy"] == 0.823
    record = done.results.of("classification, squared error")[0].measured
    held_out = deal_patches(read_dataset(metu), 0).split("val").samples
    assert record["n_held_out"] == len(held_out)
    decided = np.array(record["scores"]) > record["threshold"]
    assert row.mean("accuracy") == pytest.approx((decided == np.array(record["defective"])).mean())
    rows = {one.name: one for one in second.rows}
    assert rows["iteration 0"].published["IoU"] == 0.55
    assert rows["average"].published["Dice"] == 0.69
    assert rows["darkness, untrained"].mean("AUROC") > 0.95
    page = done.page.read_text()
    assert "Errors of test images by class, seed 0" in page
    assert "maps over images" in page


def test_the_sweep_of_the_barrier_opens_no_test_image(metu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(system, "_QUICK", TINY)
    done = reproduce("garcia-de-la-puente-2023", [metu], tmp_path / "out", seeds=[0], variants=["barrier 30"])
    row = next(row for row in done.tables[-1].rows if row.name == "barrier 30")
    assert row.test_opened == 0
    assert 0 < row.mean("mean attention") < 1


@pytest.mark.parametrize(
    ("name", "message"), [("images", "0 normal and 0 cracked"), ("", "Negative/ and Positive/ are missing")]
)
def test_a_folder_of_another_layout_is_told_what_is_missing(masked: Path, tmp_path: Path, name: str, message: str):
    with pytest.raises(DataError, match=message):
        reproduce("garcia-de-la-puente-2023", [masked / name], tmp_path / "out")
