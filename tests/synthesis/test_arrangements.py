"""Drawn arrangements: the number of parts, and where the mask says that one is missing, too many or out of place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.errors import SettingsError
from blemish.synthesis.arrangements import ARRANGEMENT_FAULTS, ARRANGEMENTS, LOOSE, draw_arrangement


def drawn(kind, seed, fault=None):
    return draw_arrangement(kind, np.random.default_rng(seed), fault=fault, size_px=192)


@pytest.mark.parametrize("kind", ARRANGEMENTS)
@pytest.mark.parametrize("fault", [None, *ARRANGEMENT_FAULTS])
def test_what_differs_lies_in_the_mask(kind, fault):
    if kind in LOOSE and fault == "displaced":
        with pytest.raises(SettingsError, match="lie anywhere"):
            drawn(kind, 0, fault)
        return
    image = drawn(kind, 0, fault)
    assert image.pixels.shape == (192, 192, 3)
    assert image.fault == fault
    blobs = cv2.connectedComponents(image.mask.astype(np.uint8))[0] - 1
    assert blobs == 0 if fault is None else 1 <= blobs <= (2 if fault == "displaced" else 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_missing_part_leaves_ground_and_one_too_many_covers_it(seed):
    """Pins are yellower than the ground."""
    for fault, covered in (("missing", False), ("doubled", True)):
        image = drawn("connector", seed, fault)
        y, x = (int(at.mean()) for at in np.nonzero(image.mask))
        red, _, blue = image.pixels[y - 2 : y + 3, x - 1 : x + 2].mean(axis=(0, 1))
        assert (red - blue > 50) == covered


def test_the_same_seed_draws_the_same():
    first, again = drawn("board", 3, "missing"), drawn("board", 3, "missing")
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.mask, again.mask)
    assert not np.array_equal(first.pixels, drawn("board", 4, "missing").pixels)
