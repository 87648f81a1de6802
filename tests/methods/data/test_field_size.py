"""Training on images of field size: what is kept in memory, and how often an image is decoded."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blemish.methods.data.cache import cached  # noqa: E402
from blemish.methods.data.crack_images import CrackImage, crack_free_corners  # noqa: E402
from blemish.methods.data.order import SeveralOfEach  # noqa: E402

pytestmark = pytest.mark.train


class Reading:
    """Reads arrays of given sizes, and notes which."""

    def __init__(self, *sizes: int) -> None:
        self.sizes, self.read = sizes, []

    def __call__(self, index: int) -> np.ndarray:
        self.read.append(index)
        return np.zeros(self.sizes[index], np.uint8)


def test_the_cache_counts_the_size_of_each_item_and_not_of_the_first():
    """A small first image let hundreds of large ones stay, until memory ran out."""
    reading = Reading(1, 60, 60, 60)
    get = cached(reading, lambda array: array.nbytes, max_bytes=130)
    for index in (0, 1, 2, 0, 1, 2):
        get(index)
    assert reading.read == [0, 1, 2]
    get(3)
    get(0)
    assert reading.read == [0, 1, 2, 3, 0]


def test_the_least_recently_used_item_goes_and_a_few_stay_whatever_their_size():
    reading = Reading(60, 60, 60)
    get = cached(reading, lambda array: array.nbytes, max_bytes=120)
    for index in (0, 1, 0, 2, 0, 1):
        get(index)
    assert reading.read == [0, 1, 2, 1]
    reading = Reading(500, 500, 500)
    get = cached(reading, lambda array: array.nbytes, max_bytes=100, min_items=2)
    for index in (0, 1, 0, 1, 2, 1):
        get(index)
    assert reading.read == [0, 1, 2]


@pytest.mark.parametrize(("count", "visits"), [(1, 1), (5, 3), (20, 4)])
def test_every_image_is_visited_as_often_while_few_are_in_memory(count: int, visits: int):
    order = SeveralOfEach(count, visits, torch.Generator().manual_seed(0))
    drawn = list(order)
    assert Counter(drawn) == dict.fromkeys(range(count), visits)
    assert len(order) == len(drawn)
    # All visits of an image lie within those of eight images.
    for image in range(count):
        places = [place for place, one in enumerate(drawn) if one == image]
        assert max(places) - min(places) < 8 * visits
    assert list(order) != drawn or count * visits < 3


def test_images_are_drawn_by_their_weights():
    weights = torch.tensor([0.0, 0.9, 0.1], dtype=torch.float64)
    order = SeveralOfEach(3, 100, torch.Generator().manual_seed(0), weights)
    drawn = Counter(image for _ in range(40) for image in order)
    assert drawn[0] == 0
    assert drawn[1] > 5 * drawn[2] > 0


def test_crack_free_squares_are_searched_for_once_and_are_those_of_the_search(monkeypatch: pytest.MonkeyPatch):
    label = np.zeros((90, 120), np.bool_)
    label[40] = True
    image = CrackImage(np.zeros((90, 120, 3), np.uint8), label)
    side, corners = image.crack_free_squares(24)
    assert side == 24
    np.testing.assert_array_equal(corners, crack_free_corners(label, 24))
    monkeypatch.setattr("blemish.methods.data.crack_images.crack_free_corners", None)
    assert image.crack_free_squares(24)[1] is corners


def test_of_very_many_squares_evenly_spaced_ones_are_kept():
    image = CrackImage(np.zeros((600, 600, 3), np.uint8), np.zeros((600, 600), np.bool_))
    _, corners = image.crack_free_squares(64)
    assert len(corners) == 1 << 16
    np.testing.assert_array_equal(corners[[0, -1]], [[0, 0], [536, 536]])
    assert image.nbytes >= 600 * 600 * 4 + corners.nbytes
