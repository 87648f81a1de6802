"""The light head: with no label, with few, with masks and without, and its parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.datasets import Dataset, read_dataset  # noqa: E402
from blemish.datasets.sample import ClassMask, CompleteMask  # noqa: E402
from blemish.evaluation import auroc  # noqa: E402
from blemish.methods.parts.noise_head import (  # noqa: E402
    FeatureExamples,
    NoiseHead,
    _add_noise,
    _random_mask,
)

pytestmark = pytest.mark.train

SMALL = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64, "dimensions": 32, "hidden": 32, "steps": 100}


def cloth(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:64, :64]
    grey = 128 + 40 * np.sin(x / 1.6) * np.sin(y / 1.6) + rng.normal(0, 4, (64, 64)) + rng.uniform(-5, 5)
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def tear(image: np.ndarray, rng: np.random.Generator, *, level: int = 10) -> np.ndarray:
    """Draw a thick line; its mask."""
    mask = np.zeros(image.shape[:2], np.uint8)
    at = rng.integers(12, 52, 2).tolist()
    cv2.line(mask, at, [at[0] - 8, at[1] + 8], 255, 4)
    image[mask > 0] = level
    return mask


def draw_set(folder: Path, *, good: int = 15, torn: int = 0, masks: bool = True, level: int = 10) -> Path:
    """Good and torn cloth in train and test, one folder a class; masks lie apart."""
    rng = np.random.default_rng(3)
    for split, counts in (("train", (good, torn)), ("test", (8, 8))):
        for kind, count in zip(("good", "torn"), counts, strict=True):
            for index in range(count):
                image = cloth(rng)
                mask = tear(image, rng, level=level) if kind == "torn" else None
                place = folder / split / kind
                place.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(place / f"{index:03d}.png"), image)
                if mask is not None and masks:
                    (folder / "masks").mkdir(exist_ok=True)
                    cv2.imwrite(str(folder / "masks" / f"{split}_{index:03d}.png"), mask)
    return folder


@dataclass(frozen=True)
class MaskFile(CompleteMask):
    path: Path

    def read(self, height_px: int, width_px: int) -> np.ndarray:
        return cv2.imread(str(self.path), cv2.IMREAD_GRAYSCALE) > 0


def with_masks(folder: Path) -> Dataset:
    """The set with its masks tied to the torn images."""
    dataset = read_dataset(folder)
    samples = tuple(
        replace(s, masks=(ClassMask("torn", MaskFile(folder / "masks" / f"{s.split}_{s.path.name}")),))
        if s.label == "torn"
        else s
        for s in dataset.samples
    )
    return replace(dataset, samples=samples)


def scores(detector: blemish.Detector, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    paths = [path for kind in ("good", "torn") for path in sorted((folder / "test" / kind).iterdir())]
    return np.array([detector.inspect(path).score for path in paths]), np.arange(16) >= 8


def test_without_a_label_it_learns_from_normal_images_alone(tmp_path: Path):
    settings = {**SMALL, "steps": 5}
    detector = blemish.train("supersimplenet", draw_set(tmp_path / "cloth"), tmp_path / "x.blemish", settings=settings)
    assert "0 defective" in detector.container.card


@pytest.mark.parametrize("masks", [True, False])
def test_a_few_labelled_defects_train_with_masks_or_without(masks: bool, tmp_path: Path):
    data = draw_set(tmp_path / "cloth", torn=8, masks=masks, level=40)
    dataset = with_masks(data) if masks else data
    detector = blemish.train("supersimplenet", dataset, tmp_path / "few.blemish", settings={**SMALL, "steps": 250})
    assert f"8 defective images or tiles ({8 if masks else 0} with masks)" in detector.container.card
    assert auroc(*scores(detector, data)) > 0.9
    assert detector.spec.calibration is not None
    assert len(detector.spec.calibration.scores) == 3  # thresholds are of normal images alone
    assert len(detector.spec.provenance.images) == 23


def test_tiles_and_turned_copies(tmp_path: Path):
    data = draw_set(tmp_path / "cloth", torn=4)
    settings = {**SMALL, "size_px": None, "tile_px": 64, "rotations": 2, "steps": 5}
    detector = blemish.train("supersimplenet", with_masks(data), tmp_path / "x.blemish", settings=settings)
    assert detector.inspect(np.zeros((90, 130, 3), np.uint8)).anomaly_map.shape == (90, 130)
    assert "8 defective" in detector.container.card


def test_what_lies_outside_the_region_says_nothing():
    region = torch.ones(4, 5)
    region[2:] = 0
    head = NoiseHead(6, 8, region).eval()
    features = torch.randn(2, 6, 4, 5)
    other = features.clone()
    other[:, :, 2:] = 50
    assert torch.equal(head(features), head(other))
    assert not torch.equal(head(features), head(features + 1))


def test_a_region_reaches_the_detector(tmp_path: Path):
    data = draw_set(tmp_path / "cloth")
    region = np.zeros((64, 64), np.uint8)
    region[:32] = 255
    cv2.imwrite(str(tmp_path / "region.png"), region)
    settings = {**SMALL, "steps": 5, "region": str(tmp_path / "region.png"), "smoothing_px": 0.0}
    detector = blemish.train("supersimplenet", data, tmp_path / "x.blemish", settings=settings)
    assert detector.score(cloth(np.random.default_rng(0)))[1][56:].max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (32, 32)])
def test_noise_falls_inside_its_masks_alone(shape: tuple[int, int]):
    random = torch.Generator().manual_seed(0)
    for _ in range(20):
        mask = _random_mask(*shape, random)
        assert mask.shape == shape
        assert 1 <= mask.sum() <= max(1, 0.2 * mask.numel())
    features = torch.zeros(4, 6, *shape)
    noisy, masks = _add_noise(features, (0.5, 0.5), random)
    assert torch.equal(noisy.abs().amax(dim=1) > 0, masks > 0)


def test_a_thin_crack_survives_on_the_grid_and_tiles_without_defect_are_normal():
    examples = FeatureExamples()
    mask = torch.zeros(64, 64)
    mask[:, 31] = 1
    examples.add_defective(torch.zeros(2, 8, 8), mask)
    examples.add_defective(torch.zeros(2, 8, 8), torch.zeros(64, 64))
    examples.add_defective(torch.zeros(2, 8, 8), None)
    [(_, small), (_, unknown)] = examples.defective[(2, 8, 8)]
    assert small.sum() == 8
    assert unknown is None
    assert len(examples.normal[(2, 8, 8)]) == 1
    assert examples.describe() == "1 normal and 2 defective images or tiles (1 with masks)"


def test_scores_are_never_below_zero_nor_flat():
    head = NoiseHead(4, 8).eval()
    anomaly = head(torch.randn(2, 4, 5, 7) * 100)
    assert anomaly.shape == (2, 5, 7)
    assert bool((anomaly >= 0).all())
    assert len(anomaly.unique()) > 60
