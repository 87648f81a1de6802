"""Specks are removed by windows of ones, checked against a search at every place."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.errors import SettingsError
from blemish.measurement.small_components import remove_small_components


def by_search(mask: np.ndarray, window_px: int) -> np.ndarray:
    """Lay every window at every place; where its frame is empty, drop what it holds."""
    edge = window_px + 1
    padded = np.pad(mask, edge)
    kept = padded.copy()
    for side in range(1, window_px + 1):
        for y in range(1, padded.shape[0] - side):
            for x in range(1, padded.shape[1] - side):
                frame = padded[y - 1 : y + side + 1, x - 1 : x + side + 1].copy()
                frame[1:-1, 1:-1] = False
                if not frame.any():
                    kept[y : y + side, x : x + side] = False
    return kept[edge:-edge, edge:-edge]


@pytest.mark.parametrize("window_px", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("fraction", [0.03, 0.12, 0.4])
def test_it_agrees_with_a_search_at_every_place(window_px: int, fraction: float):
    mask = np.random.default_rng(window_px).random((17, 23)) < fraction
    assert (remove_small_components(mask, window_px) == by_search(mask, window_px)).all()


def test_a_crack_longer_than_the_window_stays_whole_and_a_shorter_one_goes():
    mask = np.zeros((40, 40), np.bool_)
    mask[np.arange(5, 30), np.arange(5, 30)] = True  # one pixel wide, along the diagonal
    mask[35, 5:10] = True
    cleaned = remove_small_components(mask, 5)
    assert cleaned.sum() == 25
    assert not cleaned[35].any()
    assert remove_small_components(mask, 4)[35].sum() == 5


def test_a_speck_between_two_cracks_stays_where_no_window_has_an_empty_frame():
    mask = np.zeros((12, 30), np.bool_)
    mask[[5, 9]] = True
    mask[7, 10] = True
    assert not remove_small_components(mask, 3)[7, 10]  # one pixel: a window of 1 px has air all around
    mask[7, 10:13] = True
    assert remove_small_components(mask, 3)[7, 10:13].all()  # three: any window of 3 px touches a crack


@pytest.mark.parametrize("mask", [np.zeros((0, 0)), np.zeros((1, 1)), np.zeros((5, 7)), np.ones((5, 7))])
def test_nothing_and_everything(mask: np.ndarray):
    mask = mask.astype(np.bool_)
    expected = mask if mask.size and min(mask.shape) > 3 else np.zeros_like(mask)
    assert (remove_small_components(mask, 3) == expected).all()


def test_a_negative_window_is_refused():
    with pytest.raises(SettingsError, match="0 px or more; got -1"):
        remove_small_components(np.zeros((3, 3), np.bool_), -1)
