"""What labelled defects guarantee, against the binomial."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from blemish.calibration import TooFewImagesError, highest_recall, recall_at, recall_threshold
from blemish.errors import DataError, SettingsError


@given(st.integers(1, 80), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bound_is_that_of_clopper_and_pearson(n, data, confidence):
    caught = data.draw(st.integers(0, n))
    scores = [1.0] * caught + [0.0] * (n - caught)
    expected = stats.binomtest(caught, n, alternative="greater").proportion_ci(confidence, method="exact").low
    found = recall_at(scores, 0.5, confidence)
    assert found.at_least == pytest.approx(expected, abs=1e-9)
    assert (found.n, found.caught) == (n, caught)


def test_an_image_at_the_threshold_is_caught():
    assert recall_at([0.5], 0.5).caught == 1
    assert recall_at([np.nextafter(0.5, 0)], 0.5).caught == 0


@pytest.mark.parametrize(("n", "most"), [(40, 0.9278), (1, 0.05), (59, 0.9505), (299, 0.99003)])
def test_the_most_that_can_be_guaranteed(n, most):
    assert highest_recall(n) == pytest.approx(most, abs=1e-4)


def test_what_is_impossible_is_said_with_what_is_not():
    with pytest.raises(
        TooFewImagesError, match=r"With 40 labelled defects, no threshold .* more than 92.8 %.* takes 59"
    ):
        recall_threshold(np.arange(40.0), 0.95)


@given(st.integers(59, 400), st.sampled_from([0.95, 0.9, 0.8]))
def test_the_threshold_is_the_highest_that_keeps_the_guarantee(n, recall):
    scores = np.random.default_rng(n).permutation(n).astype(float)
    missed = n - recall_threshold(scores, recall).caught
    assert stats.binom.cdf(missed, n, 1 - recall) <= 0.05 < stats.binom.cdf(missed + 1, n, 1 - recall)


def test_the_recall_of_defects_to_come_keeps_to_it():
    rng = np.random.default_rng(3)
    below = [stats.norm.sf(recall_threshold(rng.normal(size=100), 0.9).threshold) < 0.9 for _ in range(2000)]
    assert 0.01 < np.mean(below) < 0.06


@pytest.mark.parametrize("recall", [0.0, 1.0, -0.1, 95])
def test_a_recall_is_a_fraction(recall):
    with pytest.raises(SettingsError, match="recall"):
        recall_threshold([1.0, 2.0], recall)


def test_no_defects_are_refused():
    with pytest.raises(DataError):
        recall_at([], 0.5)
