"""Folds, and scores from detectors that did not see the image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blemish.calibration import cross_fitted_scores, folds
from blemish.errors import DataError, SettingsError


@given(st.integers(5, 80), st.integers(2, 5), st.integers(0, 99))
def test_folds_hold_every_image_once_and_are_of_even_size(n, count, seed):
    parts = folds(n, count, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    for again, part in zip(folds(n, count, seed=seed), parts, strict=True):
        np.testing.assert_array_equal(again, part)


def test_images_of_one_part_never_stand_on_both_sides():
    groups = [i // 7 for i in range(60)] + [None] * 10
    home = {}
    for number, part in enumerate(folds(70, 4, groups=groups)):
        for index in part:
            if groups[index] is not None:
                assert home.setdefault(groups[index], number) == number


def test_every_image_is_scored_by_a_detector_that_did_not_see_it():
    values = np.random.default_rng(0).normal(size=23)

    def fit_and_score(fitted, held_out):
        assert not set(fitted) & set(held_out)
        return np.abs(values[held_out] - values[fitted].mean())

    scores = cross_fitted_scores(fit_and_score, 23, 4)
    assert scores.shape == (23,)
    assert np.all(scores >= 0)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: folds(10, 1), SettingsError, "at least 2 folds"),
        (lambda: folds(3, 5), DataError, "needs at least 5 images; got 3"),
        (lambda: folds(10, 5, groups=[0] * 10), DataError, "at least 5 groups of images; got 1"),
        (lambda: folds(10, 5, groups=[0]), DataError, "10 images and 1 groups"),
        (lambda: cross_fitted_scores(lambda f, h: [1.0], 10), DataError, "given 1 scores"),
        (lambda: cross_fitted_scores(lambda f, h: h * np.nan, 10), DataError, "NaN or infinite"),
    ],
)
def test_unusable_input_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
