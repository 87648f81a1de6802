"""Masks that no crack ever made: an answer, quickly, and never a traceback."""

from __future__ import annotations

import json

import numpy as np
import pytest

from blemish.errors import DataError
from blemish.findings import crack_record
from blemish.measurement import Measurement, Scale, find_regions, measure_cracks, measure_mask

ROWS, COLUMNS = np.mgrid[:100, :120]
AWAY = np.hypot(ROWS - 50, COLUMNS - 60)
CHANCE = np.random.default_rng(0)
MASKS = {
    "empty": np.zeros((100, 120), bool),
    "one pixel": (ROWS == 50) & (COLUMNS == 60),
    "one pixel in the corner": (ROWS == 0) & (COLUMNS == 0),
    "full": np.ones((100, 120), bool),
    "one by one": np.ones((1, 1), bool),
    "no pixels at all": np.zeros((0, 0), bool),
    "one row": np.ones((1, 60), bool),
    "one column": np.ones((60, 1), bool),
    "two by two": np.ones((2, 2), bool),
    "disc": AWAY < 20,
    "disc that fills the image": AWAY < 49,
    "ring": np.abs(AWAY - 30) < 3,
    "tiny ring": np.abs(AWAY - 4) < 1,
    "border": (ROWS == 0) | (ROWS == 99) | (COLUMNS == 0) | (COLUMNS == 119),
    "along the border": ROWS < 3,
    "across the image": np.abs(COLUMNS - 60) < 2,
    "checks": (ROWS + COLUMNS) % 2 == 0,
    "stripes": COLUMNS % 2 == 0,
    "noise": CHANCE.random((100, 120)) < 0.5,
    "sparse noise": CHANCE.random((100, 120)) < 0.1,
    "full of holes": CHANCE.random((100, 120)) > 0.02,
    "column by column": np.asfortranarray(np.abs(ROWS - 50) < 2),
    "every other pixel of a larger one": np.repeat(np.repeat(np.abs(ROWS - 50) < 2, 2, 0), 2, 1)[::2, ::2],
}


@pytest.mark.parametrize("name", MASKS)
def test_any_mask_is_answered_in_plain_numbers(name: str):
    mask = MASKS[name]
    pixels = np.random.default_rng(1).integers(0, 256, (*mask.shape, 3), dtype=np.uint8)
    probability = mask.astype(np.float32) * np.float32(0.9)
    for image, score in ((None, None), (pixels, probability), (pixels[..., 0], None), (np.zeros_like(pixels), None)):
        found = measure_mask(mask, image, scale=Scale.given(0.2), probability=score)
        for crack in found.cracks:
            text = json.dumps(crack_record(crack), allow_nan=False)
            assert json.loads(text)["mm"]["mean_width"] == pytest.approx(crack.mean_width_px * 0.2, abs=1e-5)
            assert crack.length_px >= 8
            assert 0 < crack.median_width_px <= crack.max_width_px
            inside = (crack.polyline_px >= -0.5) & (crack.polyline_px <= np.array(mask.shape[::-1]) - 0.5)
            assert inside.all()
    regions, cleaned = find_regions(mask, probability)
    assert sum(region.area_px for region in regions) == mask.sum() == cleaned.sum()


def test_a_mask_of_noise_at_any_density_is_answered():
    chance = np.random.default_rng(7)
    for fraction in (0.05, 0.15, 0.3, 0.45, 0.7, 0.95):
        for seed in range(3):
            mask = chance.random((60, 60 + seed)) < fraction
            measure_mask(mask, chance.integers(0, 256, mask.shape, dtype=np.uint8))


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.7, 0.9])
def test_a_large_mask_of_noise_is_refused_at_once(fraction: float):
    mask = np.random.default_rng(0).random((3000, 4000), dtype=np.float32) < fraction
    with pytest.raises(DataError, match=r"no crack mask: on 4000 x 3000 px the outlines .* as those of noise are"):
        measure_mask(mask)


def test_a_large_mask_of_many_cracks_is_measured():
    mask = np.zeros((1500, 2000), bool)
    mask[20::40, 30:-30] = True
    assert len(measure_mask(mask).cracks) == 37


def test_nothing_in_gives_nothing_out():
    assert measure_mask(MASKS["empty"]) == Measurement((), 0, 0)
    assert measure_mask(MASKS["one pixel"]) == Measurement((), 1, 0)


def test_a_hundred_thousand_small_components_are_counted():
    mask = np.zeros((1400, 1400), bool)
    mask[2::4, 2::4] = True
    mask[700, 100:1300] = True
    found = measure_mask(mask)
    assert len(found.cracks) == 1
    assert found.small_components > 100_000
    assert len(find_regions(mask, mask.astype(np.float32))[0]) > 100_000


def test_more_cracks_than_any_surface_has_are_measured_up_to_a_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blemish.measurement.skeleton.centre_lines.MAX_CRACKS", 20)
    mask = np.zeros((150, 100), bool)
    mask[5::10, 3:97] = True
    mask[5::10, 45:60] = False
    mask[5, 3:97] = True
    found = measure_mask(mask)
    assert (len(found.cracks), found.left_out) == (20, 9)
    assert max(crack.length_px for crack in found.cracks) == pytest.approx(94, abs=2)


@pytest.mark.parametrize(
    ("mask", "pixels", "said"),
    [
        (np.zeros((5, 5), np.uint8), None, "yes-or-no array"),
        (np.zeros((5, 5, 3), bool), None, "yes-or-no array"),
        (np.zeros((5, 5), bool), np.zeros((5, 6), np.uint8), "6 x 5 px and the mask 5 x 5"),
        (np.zeros((5, 5), bool), np.zeros((5, 5), np.float32), "8-bit"),
        (np.zeros((5, 5), bool), np.zeros((5, 5, 4), np.uint8), "8-bit"),
    ],
)
def test_arrays_that_do_not_fit_are_one_sentence(mask, pixels, said: str):
    with pytest.raises(DataError, match=said):
        measure_cracks(mask, pixels)
