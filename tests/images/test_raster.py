"""Photographed monitors and prints, by the pattern of their pixels."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from blemish.images.raster import MIN_PEAK, raster_peak
from blemish.images.tiling import cut
from blemish.synthesis import draw_image


def peak(grey: np.ndarray) -> float:
    return raster_peak(grey.shape[:2], partial(cut, grey))


def rough(shape: tuple[int, int] = (512, 640), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(128, 25, shape)


def with_raster(levels: np.ndarray, period_px: float, turn: float, depth: float) -> np.ndarray:
    rows, columns = np.indices(levels.shape[:2])
    waves = [np.cos(2 * np.pi * along / period_px) for along in (columns + turn * rows, rows - turn * columns)]
    return np.clip(levels * (1 + depth * (waves[0] + waves[1]) / 2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("period_px", [2.2, 3.1, 5.3])
def test_a_fine_pattern_stands_out_of_a_rough_surface(period_px):
    assert peak(with_raster(rough(), period_px, 0.05, 0.2)) > MIN_PEAK
    assert peak(with_raster(rough(), period_px, 0.05, 0.0)) < MIN_PEAK - 2


def test_slow_patterns_and_those_along_the_axes_are_no_screens():
    """Joints and slats are slow; blocks of JPEG and resampling lie on the axes."""
    for period_px, turn in ((16.0, 0.5), (8.0, 0.0), (2.5, 0.0)):
        assert peak(with_raster(rough(), period_px, turn, 0.5)) < MIN_PEAK


def test_strong_slow_slats_do_not_leak_into_fine_frequencies():
    rows, columns = np.indices((512, 640))
    slats = 128 + 80 * np.sin(2 * np.pi * (columns + 0.4 * rows) / 40)
    assert peak((slats + rough() * 0.02).astype(np.uint8)) < 2.0


@pytest.mark.parametrize("surface", ["brick", "paving", "tiles", "wood", "concrete", "asphalt"])
def test_drawn_surfaces_are_none(surface):
    from blemish.synthesis import SynthesisSettings

    settings = SynthesisSettings(surfaces={surface: 1.0})
    for seed in range(3):
        assert peak(draw_image(seed, size_px=512, cracked=seed == 0, settings=settings).image) < MIN_PEAK


@pytest.mark.parametrize("grey", [np.zeros((300, 300), np.uint8), np.full((128, 2000), 255, np.uint8)])
def test_plain_images_have_none(grey):
    assert peak(grey) < MIN_PEAK


def test_small_images_tell_nothing():
    assert peak(with_raster(rough((95, 400)), 2.2, 0.05, 0.3)) == 0.0


def test_large_images_are_looked_at_in_nine_windows():
    seen = []

    def read(box):
        seen.append(box)
        return np.full((box.height, box.width, 3), 90, np.uint8)

    raster_peak((5000, 300), read)
    assert len(seen) == 9
    assert {(box.height, box.width) for box in seen} == {(256, 256)}
    assert max(box.y + box.height for box in seen) == 5000
    assert max(box.x + box.width for box in seen) == 300


def test_a_small_image_is_looked_at_once():
    seen = []

    def read(box):
        seen.append(box)
        return np.full((box.height, box.width), 90, np.uint8)

    raster_peak((256, 257), read)
    assert [(box.y, box.x) for box in seen] == [(0, 0), (0, 1)]
