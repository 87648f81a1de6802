"""Small images and masks, and a way to lay them out on disk from a list of names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Save = Callable[[Path, NDArray[np.uint8]], Path]
Layout = Callable[[Sequence[str]], Path]


def _save(path: Path, image: NDArray[np.uint8]) -> Path:
    """Write an image whatever its path's letters are (OpenCV's own writer fails on some)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def _texture(seed: int, height_px: int = 32, width_px: int = 40) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


def _square_mask(height_px: int = 32, width_px: int = 40) -> NDArray[np.uint8]:
    mask = np.zeros((height_px, width_px), np.uint8)
    mask[8:16, 8:20] = 255
    return mask


@pytest.fixture
def lay_out(tmp_path: Path) -> Layout:
    """Make a folder "set" with these files: a mask where the folder or stem says so, a text where the suffix does."""

    def make(names: Sequence[str]) -> Path:
        root = tmp_path / "set"
        root.mkdir(exist_ok=True)
        for seed, name in enumerate(names):
            path = root / name
            folders = {part.casefold() for part in Path(name).parts[:-1]}
            if path.suffix not in {".jpg", ".png", ".bmp", ".JPG"}:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("not an image")
            elif folders & {"masks", "labels", "gt", "ground_truth", "bw", "train_lab", "test_lab"} or "_mask" in name:
                _save(path, _square_mask())
            else:
                _save(path, _texture(seed))
        return root

    return make


@pytest.fixture
def save() -> Save:
    return _save


@pytest.fixture
def texture() -> Callable[..., NDArray[np.uint8]]:
    """Noise from a seed: uint8 (32, 40, 3), or another height and width."""
    return _texture


@pytest.fixture
def square_mask() -> Callable[..., NDArray[np.uint8]]:
    """0 and 255, with a rectangle of 8 × 12 px: uint8 (32, 40), or another height and width."""
    return _square_mask
