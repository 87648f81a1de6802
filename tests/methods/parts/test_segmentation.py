"""The base of segmentation methods: which classes a detector's maps are of."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import blemish

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("unet", {"encoder": "plain"}),
        ("steel-multiclass", {"network": "plain", "filters": [4, 8], "targets": "union"}),
        ("steel-multiclass", {"network": "plain", "filters": [4, 8]}),
    ],
)
def test_a_detector_names_the_classes_that_its_maps_are_of(method: str, settings: dict, tmp_path: Path):
    rng = np.random.default_rng(0)
    for number in range(8):
        label = "ab"[number % 2]
        mask = np.zeros((64, 64), np.uint8)
        mask[20:30, 10:50] = 255
        image = rng.integers(100, 255, (64, 64, 3), dtype=np.uint8)
        image[mask > 0] = 5
        for kind, pixels in (("images", image), ("masks", mask)):
            (tmp_path / "data" / label / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "data" / label / kind / f"{number}.png"), pixels)
    small = {"epochs": 1, "crop_px": 64, "tile_px": 64, **settings}
    detector = blemish.train(method, tmp_path / "data", tmp_path / "x.blemish", settings=small)
    several = method == "steel-multiclass" and "targets" not in settings
    assert detector.spec.classes == (("a", "b") if several else ())
    anomaly_map = detector.score(np.full((64, 64, 3), 200, np.uint8))[1]
    assert anomaly_map is not None
    assert anomaly_map.shape == ((2, 64, 64) if several else (64, 64))
