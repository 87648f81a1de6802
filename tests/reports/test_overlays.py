"""Overlays: what they show, and that their colours mean the same on every image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.findings import VERDICTS, Verdict
from blemish.reports.overlays import draw_overlay, map_range_of, outline


@dataclass
class Found:
    score: float | None = 0.5
    p_value: float | None = None
    verdict: str | None = None
    regions: list[Any] = field(default_factory=list)
    anomaly_map: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None


def grey(height_px: int, width_px: int) -> NDArray[np.uint8]:
    return np.full((height_px, width_px, 3), 120, np.uint8)


def square(shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    mask[100:140, 60:110] = True
    return mask


def below_banner(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture[picture.shape[0] // 3 :]


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (5, 4), (64, 64), (480, 640), (600, 30)])
def test_an_overlay_has_the_images_size_and_leaves_the_image_alone(shape: tuple[int, int]):
    image = grey(*shape)
    anomaly = np.linspace(0, 2, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    found = Found(verdict="reject", p_value=0.01, anomaly_map=anomaly, mask=anomaly > 1)
    overlay = draw_overlay(image, found, map_range=map_range_of(1.0))
    assert overlay.shape == image.shape
    assert overlay.dtype == np.uint8
    assert (image == 120).all()


def test_a_normal_image_stays_plain_below_the_banner():
    image = grey(256, 256)
    found = Found(verdict="pass", anomaly_map=np.full((256, 256), 0.2, np.float32), mask=np.zeros((256, 256), np.bool_))
    overlay = draw_overlay(image, found, map_range=map_range_of(0.5))
    assert (below_banner(overlay) == 120).all()
    assert (overlay != image).any()


def test_the_same_heat_has_the_same_colour_beside_any_other_heat():
    image, anomaly = grey(256, 256), np.zeros((256, 256), np.float32)
    anomaly[200, 50] = 0.6
    mild = draw_overlay(image, Found(anomaly_map=anomaly), map_range=map_range_of(0.5))
    anomaly[220, 90] = 50.0
    strong = draw_overlay(image, Found(anomaly_map=anomaly), map_range=map_range_of(0.5))
    assert (mild[200, 50] == strong[200, 50]).all()
    # From yellow to red.
    assert strong[220, 90, 0] > 150
    assert strong[220, 90, 1] < mild[200, 50, 1]


def test_without_a_threshold_there_is_no_tint():
    anomaly = np.random.default_rng(0).random((256, 256), dtype=np.float32)
    assert (below_banner(draw_overlay(grey(256, 256), Found(anomaly_map=anomaly))) == 120).all()


@pytest.mark.parametrize("verdict", [*VERDICTS, None])
def test_every_verdict_has_a_colour_of_its_own(verdict: Verdict | None):
    every = (*VERDICTS, None)
    corners = {name: tuple(draw_overlay(grey(64, 64), Found(verdict=name))[0, 0]) for name in every}
    assert list(corners.values()).count(corners[verdict]) == 1


def test_an_outline_stays_outside_the_region_and_close_to_it():
    image = grey(256, 256)
    mask = square((256, 256))
    outline(image, mask)
    changed = (image != 120).any(axis=2)
    assert changed.any()
    assert not (changed & mask).any()
    ys, xs = np.nonzero(changed)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (98, 141, 58, 111)


def test_an_outline_grows_with_the_image():
    small, large = grey(256, 256), grey(2560, 2560)
    outline(small, square((256, 256)))
    outline(large, square((2560, 2560)))
    assert (large != 120).sum() > 2 * (small != 120).sum()


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.5, (0.25, 1.0)), (-4.0, (-6.0, 0.0)), (0.0, (-0.5, 1.0)), (None, None)]
)
def test_the_colour_scale_follows_the_threshold(threshold: float | None, expected: tuple[float, float] | None):
    assert map_range_of(threshold) == expected
