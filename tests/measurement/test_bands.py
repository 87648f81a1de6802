"""What is computed band after band is what is computed in one go, in less memory."""

from __future__ import annotations

import json
import tracemalloc

import cv2
import numpy as np
import pytest

from blemish.findings import crack_record
from blemish.images import Box
from blemish.measurement import bands, measure_mask
from blemish.measurement.bands import row_bands
from blemish.measurement.width import profiles


def set_bands(monkeypatch: pytest.MonkeyPatch, pixels: int, rays: int) -> None:
    monkeypatch.setattr(bands, "BAND_PX", pixels)
    monkeypatch.setattr(bands, "MIN_ROWS", 1)
    monkeypatch.setattr(profiles, "RAYS", rays)


@pytest.fixture
def network() -> np.ndarray:
    """Crossing lines that share their pixels, one apart, a disc and specks."""
    mask = np.zeros((180, 240), np.uint8)
    for start, end, width_px in (((5, 10), (230, 90), 4), ((100, 5), (60, 170), 3), ((150, 100), (230, 170), 2)):
        cv2.line(mask, start, end, 1, width_px)
    cv2.circle(mask, (30, 140), 15, 1, -1)
    mask[100:103, 200:202] = 1
    return mask > 0


@pytest.mark.parametrize("height", [1, 100, 257])
def test_bands_are_the_box(height: int, monkeypatch: pytest.MonkeyPatch):
    set_bands(monkeypatch, 500, 1)
    parts = list(row_bands(Box(7, 3, height, 50)))
    assert [part.height for part in parts[:-1]] == [10] * (len(parts) - 1)
    assert [row for part in parts for row in range(part.y, part.y + part.height)] == list(range(7, 7 + height))
    assert {(part.x, part.width) for part in parts} == {(3, 50)}


@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("by_map", [False, True])
def test_bands_of_any_height_give_the_same_cracks(
    network: np.ndarray, rows: int, by_map: bool, monkeypatch: pytest.MonkeyPatch
):
    chance = np.random.default_rng(0)
    image = np.where(network, 60, chance.integers(150, 200, network.shape)).astype(np.uint8)
    probability = cv2.GaussianBlur(network.astype(np.float32), (0, 0), 1.0) if by_map else None

    def measured() -> str:
        found = measure_mask(network, image, probability=probability)
        assert len(found.cracks) >= 4
        return json.dumps([found.small_components, *map(crack_record, found.cracks)])

    in_one_go = measured()
    set_bands(monkeypatch, rows * network.shape[1], 5)
    assert measured() == in_one_go


def test_a_mask_that_is_white_nearly_everywhere_takes_little_memory(
    network: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    measure_mask(network)  # imports what it needs
    mask = np.ones((1000, 1000), np.bool_)
    for row in range(40, 1000, 50):
        mask[row : row + 5, :-40] = False
    set_bands(monkeypatch, 1 << 15, 1 << 9)
    tracemalloc.start()
    try:
        measure_mask(mask)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Labels, distances, thinning and the mask itself; positions of all its pixels would be 40 bytes more.
    assert peak < 32 * mask.size
