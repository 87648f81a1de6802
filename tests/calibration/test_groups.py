"""One threshold per camera, with a fallback."""

import numpy as np
import pytest

from blemish.calibration import TooFewImagesError, by_group, guaranteed_threshold
from blemish.errors import DataError


def choose(scores):
    return guaranteed_threshold(scores, 0.1)


def calibrated(sizes):
    groups = [name for name, size in sizes.items() for _ in range(size)]
    scores = np.random.default_rng(0).random(len(groups)) + np.array([10.0 * (g == "b") for g in groups])
    return by_group(scores, groups, choose)


def test_each_group_with_images_enough_has_its_own_threshold():
    result = calibrated({"a": 40, "b": 40})
    assert result.of("a").threshold < 2 < 10 < result.of("b").threshold
    assert result.warnings == ()
    assert result.is_own("a")


def test_a_group_too_small_falls_back_to_all_images_and_says_so():
    result = calibrated({"a": 40, "b": 5})
    assert result.of("b") == result.pooled
    assert not result.is_own("b")
    (warning,) = result.warnings
    assert 'Group "b" falls back' in warning
    assert "needs 29 held-out normal images, and there are 5" in warning


def test_a_constant_group_falls_back_too():
    result = by_group([*np.arange(40.0), *[7.0] * 40], ["a"] * 40 + ["b"] * 40, choose)
    assert "All 40 calibration scores equal 7" in result.warnings[0]


@pytest.mark.parametrize("group", [None, "new"])
def test_an_unknown_group_gets_the_pooled_threshold(group):
    result = calibrated({"a": 40, None: 3})
    assert result.of(group) == result.pooled
    assert result.pooled.n == 43


def test_too_few_images_in_all_are_refused():
    with pytest.raises(TooFewImagesError, match="there are 12"):
        calibrated({"a": 6, "b": 6})


def test_every_image_needs_a_group():
    with pytest.raises(DataError, match="3 calibration scores and 1 groups"):
        by_group([1.0, 2.0, 3.0], ["a"], choose)
