"""Whether an image shows a dark line: drawn ones are seen, texture is not taken for one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.measurement.dark_lines import shows_dark_line

SHAPE = (240, 320)
PLACES = np.column_stack([np.arange(40.0, 280), np.full(240, 120.0)])


def wall(seed: int, grain_px: float) -> np.ndarray:
    chance = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(chance.normal(size=SHAPE).astype(np.float32), (0, 0), grain_px)
    return 170 + 12 * grain / grain.std()


def image_of(surface: np.ndarray, *bars: tuple[int, int, int, int]) -> np.ndarray:
    drawn = surface.copy()
    for left, right, top, bottom in bars:
        drawn[top:bottom, left:right] -= 100
    return np.clip(cv2.GaussianBlur(drawn, (0, 0), 0.8), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("grain_px", [0.8, 2.0, 5.0])
@pytest.mark.parametrize("width", [2, 5, 12])
def test_a_line_is_seen_where_it_is_and_nowhere_else(grain_px: float, width: int):
    surface = wall(1, grain_px)
    seen = image_of(surface, (40, 160, 120 - width // 2, 120 - width // 2 + width))
    dark = shows_dark_line(seen, PLACES, width_px=width, near_px=3)
    assert dark[5:105].mean() > 0.9
    assert dark[135:].mean() < 0.1


@pytest.mark.parametrize("seed", range(6))
def test_texture_is_no_line(seed: int):
    for grain_px in (0.8, 2.0, 5.0, 10.0):
        plain = image_of(wall(seed, grain_px))
        assert shows_dark_line(plain, PLACES, width_px=4, near_px=3).mean() < 0.5


def test_a_line_may_lie_a_little_aside_and_no_more():
    aside = image_of(wall(2, 2.0), (0, 320, 122, 125))
    assert shows_dark_line(aside, PLACES, width_px=3, near_px=5).mean() > 0.9
    for top in (134, 150):
        far = image_of(wall(2, 2.0), (0, 320, top, top + 3))
        assert shows_dark_line(far, PLACES, width_px=3, near_px=5).mean() < 0.1


def test_a_shadow_s_edge_is_no_line():
    surface = wall(3, 2.0)
    surface[120:] -= 90
    assert shows_dark_line(image_of(surface), PLACES, width_px=4, near_px=3).mean() < 0.1


def test_degenerate_lines_and_images_say_no():
    black = np.zeros(SHAPE, np.uint8)
    assert not shows_dark_line(black, PLACES, width_px=3, near_px=3).any()
    assert not shows_dark_line(image_of(wall(0, 2.0)), PLACES + 1000, width_px=3, near_px=3).any()
    assert shows_dark_line(black, PLACES[:1], width_px=0.0, near_px=0.0).shape == (1,)
