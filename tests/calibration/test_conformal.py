"""Conformal p-values and Benjamini-Hochberg."""

import numpy as np
import pytest
from scipy import stats

from blemish.calibration import p_value, p_values
from blemish.errors import DataError


@pytest.mark.parametrize(
    ("score", "expected"), [(0, 1.0), (1, 1.0), (1.5, 0.8), (2, 0.8), (2.5, 0.4), (3, 0.4), (4, 0.2)]
)
def test_a_p_value_counts_the_normal_images_as_high_and_the_image_itself(score, expected):
    assert p_value(score, [3, 2, 1, 2]) == pytest.approx(expected)
    assert p_values([score, score], [3, 2, 1, 2]) == pytest.approx([expected] * 2)


def test_one_normal_image_gives_a_half_at_best():
    assert p_value(9, [1]) == 0.5


def test_p_values_of_normal_images_are_uniform():
    rng = np.random.default_rng(3)
    p = [p_value(rng.normal(), rng.normal(size=199)) for _ in range(2000)]
    jittered = np.array(p) - rng.random(2000) / 200  # from the grid 1/200, 2/200, … to (0, 1]
    assert stats.kstest(jittered, "uniform").pvalue > 0.01


def test_ties_only_make_p_values_larger():
    rng = np.random.default_rng(4)
    p = np.array([p_value(rng.integers(4), rng.integers(0, 4, 50)) for _ in range(2000)])
    for alpha in (0.05, 0.1, 0.3):
        assert np.mean(p <= alpha) <= alpha + 3 * np.sqrt(alpha / 2000)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: p_value(np.nan, [1.0]), DataError, "1 of the 1 scores are NaN"),
        (lambda: p_value(1.0, []), DataError, "no calibration scores"),
        (lambda: p_value(1.0, [np.inf]), DataError, "NaN or infinite"),
    ],
)
def test_unusable_input_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
