"""Cracks drawn on images of real surfaces."""

import numpy as np
import pytest

from blemish.synthesis.cracks_on_images import SETTINGS, draw_cracks_on


def _wall(height_px: int = 200, width_px: int = 240, level: int = 150) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.clip(rng.normal(level, 6, (height_px, width_px, 1)).repeat(3, axis=2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_gives_the_same_image_and_another_seed_another(seed: int) -> None:
    wall = _wall()
    image, mask = draw_cracks_on(wall, seed)
    again, same = draw_cracks_on(wall, seed)
    assert np.array_equal(image, again)
    assert np.array_equal(mask, same)
    assert not np.array_equal(mask, draw_cracks_on(wall, seed + 100)[1])


def test_the_image_changes_inside_the_mask_and_hardly_away_from_it() -> None:
    wall = _wall()
    inside, outside = [], []
    for seed in range(8):
        image, mask = draw_cracks_on(wall, seed)
        change = np.abs(image.astype(float) - wall).mean(axis=2)
        far = np.ones_like(mask)
        rows, columns = np.nonzero(mask)
        for row, column in zip(rows, columns, strict=True):
            far[max(0, row - 30) : row + 31, max(0, column - 30) : column + 31] = False
        if mask.any() and far.any():
            inside.append(change[mask].mean())
            outside.append(change[far].mean())
    assert len(inside) >= 4
    assert np.mean(inside) > 4 * np.mean(outside)


def test_what_was_given_is_not_altered() -> None:
    wall = _wall()
    before = wall.copy()
    draw_cracks_on(wall, 3)
    assert np.array_equal(wall, before)


def test_a_crack_that_changes_the_image_by_less_than_asked_is_not_in_the_mask() -> None:
    demanding = SETTINGS.model_copy(update={"min_contrast": 1.0})
    assert not any(draw_cracks_on(_wall(), seed, settings=demanding)[1].any() for seed in range(5))


def test_no_crack_is_wider_than_a_twentieth_of_the_shorter_side_at_its_mean() -> None:
    wide = SETTINGS.model_copy(update={"crack_width_px": (8.0, 60.0), "networks": {"single": 1.0}})
    masks = [draw_cracks_on(_wall(240, 240), seed, settings=wide)[1] for seed in range(4)]
    assert all(0 < mask.mean() < 0.25 for mask in masks)
