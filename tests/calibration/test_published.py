"""Thresholds as the published systems choose them."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from blemish import evaluation
from blemish.calibration import best_f1, fixed, mean_plus_std, min_max, min_max_scaled
from blemish.errors import DataError, SettingsError

SCORES = [1.0, 2.0, 3.0, 6.0]


def test_each_rule_gives_its_number():
    assert fixed(0.1).threshold == 0.1
    assert mean_plus_std(SCORES, 2).threshold == pytest.approx(3 + 2 * np.std(SCORES, ddof=1))
    assert min_max(SCORES, 0.5).threshold == 3.5
    np.testing.assert_allclose(min_max_scaled([0, 1, 3.5, 11], SCORES), [-0.2, 0, 0.5, 2])


def test_min_max_of_a_batch_never_depends_on_the_batch():
    assert min_max_scaled([5.0, 900.0], SCORES)[0] == min_max_scaled([5.0], SCORES)[0]


def test_best_f1_equals_a_search_and_the_evaluations_own():
    rng = np.random.default_rng(1)
    defective = rng.random(200) < 0.3
    scores = np.round(rng.normal(size=200) + defective, 1)
    threshold = best_f1(scores, defective).threshold
    assert threshold == evaluation.best_f1(scores, defective).threshold
    assert f1_score(defective, scores >= threshold) == max(f1_score(defective, scores >= t) for t in set(scores))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: fixed(np.nan), SettingsError, "finite"),
        (lambda: mean_plus_std(SCORES, np.inf), SettingsError, "finite"),
        (lambda: mean_plus_std([1.0]), DataError, "at least 2 normal images; got 1"),
        (lambda: mean_plus_std([1.0, 1.0]), DataError, "All 2 calibration scores equal 1"),
        (lambda: min_max([1.0]), DataError, "at least 2"),
        (lambda: min_max([1.0, 1.0]), DataError, "equal 1"),
        (lambda: min_max(SCORES, np.nan), SettingsError, "finite"),
        (lambda: min_max_scaled([np.nan], SCORES), DataError, "NaN"),
        (lambda: best_f1(SCORES, [True] * 4), DataError, "all 4 are defective"),
        (lambda: best_f1(SCORES, [False] * 4), DataError, "all 4 are good"),
        (lambda: best_f1(SCORES, [True]), DataError, "give one each"),
        (lambda: best_f1([np.nan, 1.0], [True, False]), DataError, "1 of the 2 validation scores"),
    ],
)
def test_unusable_input_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
