"""Drawn surfaces that generative methods learn in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.datasets import Sample, read_dataset


def draw_surfaces(folder: Path, *, count: int = 16, defects: int = 6, size_px: int = 32) -> Path:
    """Soft grey waves; the defective ones of the test split carry a black square."""
    rng = np.random.default_rng(0)
    x = np.mgrid[:size_px, :size_px][1]
    for place, number in (("train/good", count), ("test/good", defects), ("test/hole", defects)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for index in range(number):
            phase, light = rng.uniform(0, 2 * np.pi), rng.uniform(-10, 10)
            image = 150 + light + 20 * np.sin(x / 6 + phase)
            if place.endswith("hole"):
                top, left = rng.integers(2, size_px - 14, 2)
                image[top : top + 12, left : left + 12] = 0
            cv2.imwrite(str(folder / place / f"{index:03d}.png"), np.clip(image, 0, 255).astype(np.uint8))
    return folder


def samples_of(folder: Path) -> tuple[Sample, ...]:
    """The training images."""
    return tuple(sample for sample in read_dataset(folder).samples if sample.split == "train")


def images_of(folder: Path) -> list[Path]:
    """Six normal test images, then six with a hole."""
    return sorted((folder / "test" / "good").iterdir()) + sorted((folder / "test" / "hole").iterdir())


@pytest.fixture(scope="session")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen images to learn from, `images_of` them to test."""
    return draw_surfaces(tmp_path_factory.mktemp("waves"))


@pytest.fixture
def double_precision(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """float64 throughout, also where a loss asks for float32."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
