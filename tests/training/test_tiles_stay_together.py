"""Tiles of one image never stand on both sides of a split: not of train and test, nor within a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.datasets import Dataset, cut_tiles, read_dataset
from blemish.datasets.splitting import with_splits
from blemish.training.splits import (
    split_labelled_images,
    split_normal_images,
    with_calibration_apart,
)


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Tiles of twenty images, each with normal and defective ones."""
    root = tmp_path_factory.mktemp("tiles")
    rng = np.random.default_rng(3)
    for kind in ("images", "masks"):
        (root / "walls" / kind).mkdir(parents=True)
    for number in range(20):
        mask = np.zeros((128, 128), np.uint8)
        cv2.line(mask, (0, 20 + number), (127, 30 + number), 255, 5)
        cv2.imwrite(str(root / f"walls/images/{number}.png"), rng.integers(90, 160, (128, 128, 3), np.uint8))
        cv2.imwrite(str(root / f"walls/masks/{number}.png"), mask)
    cut_tiles(read_dataset(root / "walls"), root / "cut", tile_px=32, margin_px=4, min_fraction=0.01)
    return read_dataset(root / "cut")


def groups(part: Dataset) -> set[str | None]:
    return {sample.group for sample in part.samples}


@pytest.mark.parametrize("split", [split_normal_images, split_labelled_images], ids=lambda split: split.__name__)
def test_no_image_is_on_two_sides(split: Callable[..., Any], tiles: Dataset):
    dealt = with_splits(tiles, seed=1)
    train, test = (dealt.where(lambda sample, name=name: sample.split == name) for name in ("train", "test"))
    assert groups(train)
    assert groups(test)
    assert not groups(train) & groups(test)
    parts = with_calibration_apart(split(dealt, seed=0, say=lambda _: None), seed=0)
    sides = [groups(part) for part in (parts.fit, parts.held_out, parts.calibration, test) if len(part)]
    assert len(sides) >= 3
    assert None not in set().union(*sides)
    assert sum(map(len, sides)) == len(set().union(*sides))
