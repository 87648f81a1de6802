"""Verdicts by both tails: p-values against a plain count, thresholds against the binomial, rates by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from blemish.calibration import TooFewImagesError, bands, two_sided_p_values, two_sided_threshold, unusualness
from blemish.errors import DataError
from blemish.evaluation import auroc

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def counted(score: float, normal: list[float]) -> float:
    high = (1 + sum(one >= score for one in normal)) / (len(normal) + 1)
    low = (1 + sum(one <= score for one in normal)) / (len(normal) + 1)
    return min(1.0, 2 * min(high, low))


@given(st.lists(NUMBERS, min_size=1, max_size=40), NUMBERS)
def test_p_values_are_twice_the_smaller_tail(normal, score):
    assert two_sided_p_values([score], normal)[0] == pytest.approx(counted(score, normal))


def test_unusualness_is_minus_log_p_at_calibration_scores():
    normal = np.array([4.0, 1.0, 2.0, 3.0, 9.0, 7.0, 5.0])
    # From the outside, 1 and 9 are the first, 2 and 7 the second, 3 and 5 the third; 4 is the middle.
    for score, rank in ((1, 1), (9, 1), (2, 2), (7, 2), (3, 3), (5, 3), (4, 4)):
        assert unusualness([score], normal)[0] == pytest.approx(-math.log10(min(1.0, 2 * rank / 8)))


def test_beyond_the_outermost_it_goes_on_by_standard_deviations():
    normal = np.arange(10.0)
    outermost, farther = unusualness([9.0, 9.0 + 2 * normal.std()], normal)
    assert farther - outermost == pytest.approx(2 / math.log(10))
    assert unusualness([-3.0], normal)[0] == pytest.approx(unusualness([12.0], normal)[0])


@given(st.lists(NUMBERS, min_size=3, max_size=30, unique=True), st.lists(NUMBERS, min_size=2, max_size=10))
def test_farther_out_is_never_less_unusual(normal, scores):
    middle = float(np.median(normal))
    for side in (1, -1):
        outwards = sorted((s for s in scores if side * (s - middle) >= 0), key=lambda s: side * s)
        found = unusualness(outwards, normal) if outwards else np.zeros(0)
        assert (np.diff(found) >= -1e-12).all()


@given(st.lists(NUMBERS, min_size=2, max_size=60, unique=True), st.sampled_from([0.5, 0.2, 0.1]), st.data())
@settings(max_examples=200)
def test_the_threshold_flags_what_lies_beyond_the_kth_on_either_side(normal, alpha, data):
    n = len(normal)
    k = math.floor(alpha * (n + 1) * (1 + 1e-12)) // 2
    if k < 1:
        with pytest.raises(TooFewImagesError):
            two_sided_threshold(normal, alpha, None)
        return
    threshold = two_sided_threshold(normal, alpha, None).threshold
    ordered = sorted(normal)
    score = data.draw(NUMBERS)
    assert (unusualness([score], normal)[0] >= threshold) == (score < ordered[k - 1] or score > ordered[n - k])
    for inside in ordered[k - 1 : n - k + 1]:
        assert unusualness([inside], normal)[0] < threshold


@pytest.mark.parametrize(("alpha", "confidence"), [(0.1, 0.95), (0.05, 0.9), (0.2, None), (0.1, None)])
def test_the_rate_keeps_to_its_guarantee(alpha, confidence):
    rng = np.random.default_rng(7)
    n, rates = 120, []
    for _ in range(400):
        normal = rng.normal(size=n)
        threshold = two_sided_threshold(normal, alpha, confidence).threshold
        # The exact rate: the threshold is crossed once on either side, found by bisection.
        low, high = (edge(normal, threshold, side) for side in (-1, 1))
        rates.append(stats.norm.cdf(low) + stats.norm.sf(high))
    if confidence is None:
        assert np.mean(rates) <= alpha + 0.004
        assert np.mean(rates) >= 0.7 * alpha, "the guarantee is not bought by flagging next to nothing"
    else:
        assert np.mean(np.array(rates) > alpha) <= 1 - confidence + 0.025
        assert np.mean(rates) >= 0.3 * alpha


def edge(normal: np.ndarray, threshold: float, side: int) -> float:
    inside, outside = float(np.median(normal)), side * 1e3
    for _ in range(60):
        middle = (inside + outside) / 2
        if unusualness([middle], normal)[0] >= threshold:
            outside = middle
        else:
            inside = middle
    return outside


@pytest.mark.parametrize(("alpha", "confidence", "needed"), [(0.1, 0.95, 46), (0.05, 0.95, 93), (0.1, None, 19)])
def test_it_takes_as_many_images_as_one_flagged_one_does(alpha, confidence, needed):
    two_sided_threshold(np.arange(float(needed)), alpha, confidence)
    with pytest.raises(TooFewImagesError, match=f"needs {needed} .*both tails, and there are {needed - 1}") as refusal:
        two_sided_threshold(np.arange(needed - 1.0), alpha, confidence)
    assert refusal.value.needed == needed
    assert stats.binom.cdf(1, needed, alpha) <= 0.05 or confidence is None


def test_bands_by_both_tails_flag_low_scores():
    normal = np.random.default_rng(0).normal(size=700)
    made = bands(normal, reject_alpha=0.01, review_alpha=0.05, tails="both")
    verdicts = [made.verdict(unusualness([score], normal)[0]) for score in (-9.0, -2.5, 0.0, 2.5, 9.0)]
    assert verdicts == ["reject", "review", "pass", "review", "reject"]


@pytest.mark.parametrize("normal", [[1.0, 1.0, 1.0], [], [1.0, math.nan]])
def test_scores_that_tell_nothing_are_refused(normal):
    with pytest.raises(DataError):
        unusualness([1.0], normal)


def test_ties_only_lower_the_rate():
    normal = np.repeat([0.0, 1.0, 2.0, 3.0], 25)
    made = two_sided_threshold(normal, 0.1, 0.95)
    assert made.above == 0
    assert unusualness([-0.5], normal)[0] >= made.threshold > unusualness([0.0], normal)[0]


@pytest.mark.parametrize(("low", "high", "bound"), [(0.6, 1.0, 0.6), (0.0, 0.3, 0.7), (0.0, 1.0, 0.0)])
def test_both_tails_rank_at_least_as_well_as_one_tail_allows(low, high, bound):
    # Defects evenly between two quantiles of the normal scores: on one side of the median both tails give |2A - 1|.
    normal, usual = (np.arange(2000) + 0.5) / 2000, (np.arange(1999) + 1) / 2000
    defects = low + (high - low) * (np.arange(500) + 0.5) / 500
    is_defect = np.arange(2500) >= 2000
    one = auroc(np.concatenate([normal, defects]), is_defect)
    both = auroc(np.concatenate([unusualness(normal, usual), unusualness(defects, usual)]), is_defect)
    assert abs(2 * one - 1) == pytest.approx(bound, abs=0.01)
    assert both == pytest.approx(np.abs(2 * defects - 1).mean(), abs=0.01)
    assert both >= bound - 0.01
