"""Defects painted on normal images."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.synthesis.painted_defects import paint_defect


@pytest.mark.parametrize("shape", [(64, 64), (48, 300), (256, 200), (16, 16)])
@pytest.mark.parametrize("level", [0, 90, 255])
def test_something_changes_and_the_mask_says_where(shape: tuple[int, int], level: int):
    image = np.full((*shape, 3), level, np.uint8)
    before = image.copy()
    for seed in range(8):
        painted, mask = paint_defect(image, np.random.default_rng(seed))
        assert painted.shape == image.shape
        assert painted.dtype == np.uint8
        assert mask.shape == shape
        assert mask.any()
        assert not mask.all()
        assert np.abs(painted.astype(int) - image)[~mask].max() <= 1
    np.testing.assert_array_equal(image, before)


def test_the_same_seed_paints_the_same():
    image = np.random.default_rng(1).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    first, second, other = (paint_defect(image, np.random.default_rng(seed))[0] for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
