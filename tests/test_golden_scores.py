"""The same seed gives the same scores as before the code was moved: a recorded table over detectors of every family.

Each detector is trained for a second on drawn images, and what it says about five fixed images is compared with
``golden_scores.json``. A change that is meant to alter scores records the table anew, and says why in its commit:

    BLEMISH_GOLDEN=write pytest tests/test_golden_scores.py

Machines differ in the last digits, so values are compared to one part in a thousand of the largest. On the machine that
recorded the table, ``BLEMISH_GOLDEN=exact`` compares them exactly.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import blemish

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("lightning")
pytestmark = [pytest.mark.train, pytest.mark.slow]

TABLE = Path(__file__).with_name("golden_scores.json")
MODE = os.environ.get("BLEMISH_GOLDEN", "compare")
RELATIVE = 1e-3
SIZE_PX = 64

FEATURES = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64}
GENERATIVE = {"size_px": 32, "width": 4, "epochs": 2, "batch_size": 4}
CODES = GENERATIVE | {"latent": 8}
SEGMENTATION = {"pretrained": False, "crop_px": 64, "epochs": 1, "batch_size": 8}

DETECTORS: dict[str, tuple[str, dict[str, Any]]] = {
    "adae": ("normal", GENERATIVE),
    "autoencoder": ("normal", CODES),
    "crack-classifier": (
        "labels",
        {"encoder": "resnet18", "pretrained": False, "size_px": 64, "epochs": 1, "batch_size": 32},
    ),
    "crack-inpainting": ("masks", {"crop_px": 32, "epochs": 2, "learning_rate": 3e-2, "batch_size": 8}),
    "crack-matting": ("masks", SEGMENTATION),
    "deep-svdd": ("normal", FEATURES | {"patches": 200, "epochs": 2}),
    "egbad": ("normal", CODES),
    "fanogan": (
        "normal",
        CODES | {"encoder_epochs": 1, "critic_steps": 1, "learning_rate": 1e-5, "encoder_learning_rate": 1e-5},
    ),
    "fast-unet": ("masks", SEGMENTATION | {"tile_px": 128}),
    "ganomaly": ("normal", CODES),
    "memae": ("normal", GENERATIVE | {"memory_size": 20}),
    "one-class-svm": ("normal", FEATURES | {"patches": 200}),
    "padim": ("normal", FEATURES | {"dimensions": 20}),
    "patch-gaussian": ("normal", FEATURES),
    "patchcore": ("normal", FEATURES),
    "pca": ("normal", FEATURES),
    "skip-ganomaly": ("normal", CODES),
    "steel-multiclass": ("classes", SEGMENTATION | {"network": "plain"}),
    "supersimplenet": ("normal", FEATURES | {"steps": 10, "dimensions": 32, "hidden": 16}),
    "unet": ("masks", SEGMENTATION),
    "vae": ("normal", CODES),
    "vae-attention": ("normal", CODES),
}
"""Method: the data set that it is trained on, and its settings. The only place that names settings."""


def draw(rng: np.random.Generator, *, crack: bool = False, blob: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A tinted, grained surface, with a dark crack or a bright blob where asked for, and the mask of these."""
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX]
    level = 150 + rng.uniform(-10, 10) + 15 * np.sin(x / 6 + rng.uniform(0, 6)) + rng.normal(0, 5, (SIZE_PX, SIZE_PX))
    mask = np.zeros((SIZE_PX, SIZE_PX), bool)
    if crack:
        path = rng.uniform(12, SIZE_PX - 12) + np.cumsum(rng.uniform(-1, 1, SIZE_PX))
        mask |= (np.abs(y - path) < 2) & (x >= 6) & (x < SIZE_PX - 6)
        level = np.where(mask, 40, level)
    if blob:
        across, down = rng.uniform(16, SIZE_PX - 16, 2)
        spot = np.hypot(x - across, y - down) < 8
        mask |= spot
        level = np.where(spot, 235, level)
    pixels = level[..., None] * np.array([1.0, 0.97, 0.9])
    return pixels.clip(0, 255).astype(np.uint8), mask


def save(folder: Path, number: int, pixels: np.ndarray) -> None:
    """One PNG, from RGB or a mask."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = pixels[..., ::-1] if pixels.ndim == 3 else pixels.astype(np.uint8) * 255
    assert cv2.imwrite(str(folder / f"{number:02d}.png"), stored)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data sets: ``normal``, ``labels``, ``masks`` and ``classes`` (masks of two classes)."""
    root = tmp_path_factory.mktemp("golden")
    rng = np.random.default_rng(0)
    for number in range(10):
        save(root / "normal/train/good", number, draw(rng)[0])
        save(root / "labels/train/good", number, draw(rng)[0])
        save(root / "labels/train/crack", number, draw(rng, crack=True)[0])
        for place, kinds in (
            ("masks/train", {"crack": True}),
            ("classes/crack", {"crack": True}),
            ("classes/blob", {"blob": True}),
        ):
            pixels, mask = draw(rng, **kinds)
            save(root / place / "images", number, pixels)
            save(root / place / "masks", number, mask)
    return root


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """What detectors are asked about: two normal images, two with a crack or a blob, one of another size."""
    rng = np.random.default_rng(1)
    drawn = [draw(rng, crack=kind == 2, blob=kind == 3)[0] for kind in range(4)]
    wide = np.tile(draw(rng, crack=True)[0], (2, 2, 1))[:80, :100]
    return [*drawn, wide]


@pytest.fixture(autouse=True)
def plain_arithmetic(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """float32 on one core of the CPU, whatever else the machine has."""
    start = lightning.Trainer.__init__

    def in_float32(self: lightning.Trainer, *args: Any, **settings: Any) -> None:
        start(self, *args, **{**settings, "precision": "32-true", "accelerator": "cpu"})

    monkeypatch.setattr(lightning.Trainer, "__init__", in_float32)
    cores = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(cores)


def said(detector: blemish.Detector, images: list[np.ndarray]) -> dict[str, list[float]]:
    """What a detector says, value by value: thresholds; for each image its score, its map's mean and maximum."""
    thresholds = detector.spec.thresholds
    answers = [detector.score(image) for image in images]
    return {
        "thresholds": [value for value in (thresholds.pixel, thresholds.reject) if value is not None],
        "scores": [score for score, _ in answers],
        "map means": [float(maps.mean(dtype=np.float64)) for _, maps in answers],
        "map maxima": [float(maps.max()) for _, maps in answers],
    }


def check(name: str, found: dict[str, list[float]]) -> None:
    """Compare with the table, or write into it."""
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    if MODE == "write":
        rows = (f"{json.dumps(key)}: {json.dumps(row)}" for key, row in sorted((table | {name: found}).items()))
        TABLE.write_text("{\n" + ",\n".join(rows) + "\n}\n")
        return
    expected = table[name]
    if MODE == "exact":
        assert found == expected
        return
    assert found.keys() == expected.keys()
    for kind, values in expected.items():
        largest = max(map(abs, values), default=0.0)
        np.testing.assert_allclose(found[kind], values, rtol=0, atol=RELATIVE * largest, err_msg=kind)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_trained_from_the_same_seed_says_the_same(
    name: str, data: Path, images: list[np.ndarray], tmp_path: Path
):
    kind, settings = DETECTORS[name]
    blemish.train(name, data / kind, tmp_path / "golden.blemish", settings=settings, seed=0)
    check(name, said(blemish.load(tmp_path / "golden.blemish", threads=1), images))


def test_the_bundled_detector_says_the_same(images: list[np.ndarray]):
    check("concrete-crack", said(blemish.load("concrete-crack", threads=1), images))
