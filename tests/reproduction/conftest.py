"""Tiny data in the layouts of the published systems."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="module")
def cracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 + 4 images of 64 px with a dark line, and their masks."""
    root = tmp_path_factory.mktemp("cracks")
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 4)):
        for folder in ("images", "masks"):
            (root / split / folder).mkdir(parents=True)
        for number in range(count):
            pixels = rng.normal(170, 4, (64, 64, 3)).clip(0, 255).astype(np.uint8)
            mask = np.zeros((64, 64), np.uint8)
            start = (int(rng.integers(4, 20)), int(rng.integers(4, 20)))
            cv2.line(mask, start, (60, int(rng.integers(4, 30))), 255, 2)
            pixels[mask > 0] = 40
            cv2.imwrite(str(root / split / "images" / f"{number:03}.png"), pixels)
            cv2.imwrite(str(root / split / "masks" / f"{number:03}.png"), mask)
    return root


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """METU's layout: 6 normal images and 3 cracked ones, without masks."""
    root = tmp_path_factory.mktemp("surfaces")
    rng = np.random.default_rng(1)
    for folder, count in (("Negative", 6), ("Positive", 3)):
        (root / folder).mkdir()
        for number in range(count):
            pixels = rng.normal(140, 4, (64, 64, 3)).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(root / folder / f"{number:05}.png"), pixels)
    return root


@pytest.fixture(scope="module")
def steel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Severstal's folder: 30 strips of 64 × 96 px, classes 1 (light) and 3 (dark), six without a defect."""
    root = tmp_path_factory.mktemp("severstal")
    (root / "train_images").mkdir()
    rng = np.random.default_rng(2)
    rows = ["ImageId,ClassId,EncodedPixels"]
    for number in range(30):
        pixels = rng.normal(120, 12, (64, 96, 3)).clip(0, 255).astype(np.uint8)
        label = (1, 3, None)[min(number % 5 // 2, 2)]
        if label is not None:
            x, y = int(rng.integers(4, 70)), int(rng.integers(4, 40))
            pixels[y : y + 16, x : x + 20] = 230 if label == 1 else 20
            runs = " ".join(f"{column * 64 + y + 1} 16" for column in range(x, x + 20))
            rows.append(f"{number:03}.png,{label},{runs}")
        cv2.imwrite(str(root / "train_images" / f"{number:03}.png"), pixels)
    (root / "train.csv").write_text("\n".join(rows) + "\n")
    return root
