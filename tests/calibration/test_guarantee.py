"""The guarantee about false alarms: sizes from the binomial, and simulations that it holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from blemish.calibration import (
    TooFewImagesError,
    bands,
    guaranteed_threshold,
    images_needed,
    marginal_threshold,
    strictest_alpha,
    verdict,
)
from blemish.errors import DataError, SettingsError

SIZES = {  # alpha -> images needed at 95 % when the threshold flags 0, 1, 2, 5 of them
    0.10: (29, 46, 61, 103),
    0.05: (59, 93, 124, 208),
    0.02: (149, 236, 313, 523),
    0.01: (299, 473, 628, 1049),
    0.001: (2995, 4742, 6294, 10511),
}


@pytest.mark.parametrize(
    ("alpha", "above", "n"), [(a, k, n) for a, row in SIZES.items() for k, n in zip((0, 1, 2, 5), row, strict=True)]
)
def test_images_needed_are_those_of_the_exact_binomial(alpha, above, n):
    assert images_needed(alpha, 0.95, above) == n
    assert stats.binom.cdf(above, n, alpha) <= 0.05 < stats.binom.cdf(above, n - 1, alpha)


@pytest.mark.parametrize(("alpha", "n"), [(0.1, 9), (0.05, 19), (0.01, 99), (0.3, 3), (1 / 3, 2)])
def test_a_marginal_guarantee_needs_one_over_alpha_less_one(alpha, n):
    assert images_needed(alpha, confidence=None) == n
    marginal_threshold(np.arange(n), alpha)
    with pytest.raises(TooFewImagesError):
        marginal_threshold(np.arange(n - 1), alpha)


@given(st.integers(1, 2000), st.sampled_from([0.5, 0.9, 0.95, 0.99, None]))
def test_the_strictest_alpha_is_just_supported(n, confidence):
    alpha = strictest_alpha(n, confidence)
    assert images_needed(min(alpha * 1.0001, 1 - 1e-9), confidence) <= n
    assert images_needed(alpha * 0.999, confidence) > n


@given(st.integers(1, 400), st.sampled_from([0.3, 0.1, 0.05, 0.02]), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_threshold_is_the_lowest_that_keeps_the_guarantee(n, alpha, confidence):
    scores = np.arange(n, dtype=float)
    needed = images_needed(alpha, confidence)
    if n < needed:
        with pytest.raises(TooFewImagesError) as refusal:
            guaranteed_threshold(scores, alpha, confidence)
        assert (refusal.value.given, refusal.value.needed) == (n, needed)
        return
    guarantee = guaranteed_threshold(scores, alpha, confidence)
    assert guarantee.above == np.count_nonzero(scores >= guarantee.threshold)
    assert stats.binom.cdf(guarantee.above, n, alpha) <= 1 - confidence
    assert stats.binom.cdf(guarantee.above + 1, n, alpha) > 1 - confidence


@given(st.integers(1, 400), st.sampled_from([0.29, 0.1, 0.07, 0.05]))
def test_a_marginal_threshold_rejects_just_where_the_p_value_is_at_most_alpha(n, alpha):
    scores = np.arange(n, dtype=float)
    tried = np.arange(-1, n + 1) + 0.5
    p = (1 + (scores[None] >= tried[:, None]).sum(axis=1)) / (n + 1)
    try:
        guarantee = marginal_threshold(scores, alpha)
    except TooFewImagesError:
        assert not np.any(p <= alpha)
        return
    np.testing.assert_array_equal(tried >= guarantee.threshold, p <= alpha + 1e-12)


def kept(choose, n, draw, rate, runs=2000, seed=0):
    """True false-alarm rates of thresholds chosen on fresh calibration sets."""
    rng = np.random.default_rng(seed)
    return np.array([rate(choose(draw(rng, n)).threshold) for _ in range(runs)])


POPULATIONS = {
    "uniform": (lambda rng, n: rng.random(n), lambda t: 1 - t),
    "heavy tail": (lambda rng, n: rng.standard_t(2, n), lambda t: stats.t.sf(t, 2)),
    "many ties": (
        lambda rng, n: rng.geometric(0.3, n).astype(float),
        lambda t: stats.geom.sf(np.ceil(t) - 1, 0.3),
    ),
}


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize(("alpha", "n"), [(0.1, 46), (0.05, 150), (0.02, 160)])
def test_in_at_most_one_of_twenty_calibrations_the_rate_exceeds_alpha(population, alpha, n):
    draw, rate = POPULATIONS[population]
    rates = kept(lambda s: guaranteed_threshold(s, alpha), n, draw, rate, runs=1000)
    assert np.mean(rates > alpha) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_a_marginal_threshold_keeps_alpha_on_average_but_not_for_the_set_at_hand():
    rates = kept(lambda s: marginal_threshold(s, 0.05), 100, *POPULATIONS["uniform"])
    assert rates.mean() <= 0.05 + 3 * rates.std() / np.sqrt(rates.size)
    assert np.mean(rates > 0.05) > 0.3
    assert np.quantile(rates, 0.95) == pytest.approx(0.089, abs=0.005)  # Beta(5, 96)


@pytest.mark.parametrize(
    ("n", "alpha", "confidence", "said"),
    [
        (50, 0.01, 0.95, "at most 1 % with 95 % confidence needs 299 held-out normal images, and there are 50;"),
        (50, 0.01, 0.95, "or ask for 5.9 % or more"),
        (1, 0.05, 0.95, "needs 59 held-out normal images, and there is 1;"),
        (1, 0.05, 0.9999, "; add images.$"),
    ],
)
def test_too_few_images_are_refused_with_the_number_needed(n, alpha, confidence, said):
    with pytest.raises(TooFewImagesError, match=said):
        guaranteed_threshold(np.arange(n), alpha, confidence)


def test_what_a_refusal_suggests_is_accepted():
    with pytest.raises(TooFewImagesError) as refusal:
        guaranteed_threshold(np.arange(50), 0.01)
    guaranteed_threshold(np.arange(50), 0.059)
    guaranteed_threshold(np.arange(refusal.value.needed), 0.01)


def test_fifty_images_cannot_support_one_percent_even_on_average():
    with pytest.raises(TooFewImagesError, match="1 % on average over calibration sets needs 99"):
        marginal_threshold(np.arange(50), 0.01)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
@pytest.mark.parametrize(
    "call",
    [
        lambda fraction: guaranteed_threshold(np.arange(99), fraction),
        lambda fraction: guaranteed_threshold(np.arange(99), 0.05, fraction),
        lambda fraction: marginal_threshold(np.arange(99), fraction),
        lambda fraction: images_needed(fraction),
        lambda fraction: images_needed(0.1, fraction),
        lambda fraction: strictest_alpha(9, fraction),
    ],
)
def test_fractions_outside_zero_to_one_are_refused(call, fraction):
    with pytest.raises(SettingsError, match="strictly between 0 and 1"):
        call(fraction)


def test_impossible_counts_are_refused():
    with pytest.raises(SettingsError, match="cannot be negative"):
        images_needed(0.1, 0.95, -1)
    with pytest.raises(SettingsError, match="At least one"):
        strictest_alpha(0)


@pytest.mark.parametrize("choose", [guaranteed_threshold, marginal_threshold])
@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([], "There are no calibration scores"),
        ([1.0, np.nan] * 50, "50 of the 100 calibration scores are NaN or infinite"),
        ([1.0, np.inf] * 50, "NaN or infinite"),
        ([0.25] * 100, "All 100 calibration scores equal 0.25"),
        (np.zeros((50, 2)), r"shape \(50, 2\)"),
        (["a", "b"], "must be numbers"),
    ],
)
def test_scores_that_cannot_calibrate_are_refused(choose, scores, said):
    with pytest.raises(DataError, match=said):
        choose(scores, 0.1)


def test_a_score_equal_to_the_calibration_score_below_the_threshold_passes_in_float32_too():
    scores = np.random.default_rng(0).random(100).astype(np.float32)
    guarantee = guaranteed_threshold(scores, 0.05)
    edge = np.sort(scores)[-guarantee.above - 1]
    assert not edge >= guarantee.threshold
    assert not edge >= np.float32(guarantee.threshold)
    assert np.nextafter(edge, np.float32(2)) >= np.float32(guarantee.threshold)


@pytest.mark.parametrize("largest", [float(np.finfo(np.float32).max), 1e300, 0.1, -5e-324])
def test_thresholds_stay_finite_at_the_ends_of_the_number_range(largest):
    guarantee = guaranteed_threshold(np.append(np.full(40, -1.0), largest), 0.1)
    assert np.isfinite(guarantee.threshold)


def test_bands_pass_review_and_reject():
    scores = np.arange(1000.0)
    three = bands(scores, reject_alpha=0.01, review_alpha=0.1)
    assert three.review.threshold < three.reject.threshold
    assert [three.verdict(s) for s in (0, three.review.threshold, three.reject.threshold)] == [
        "pass",
        "review",
        "reject",
    ]
    assert bands(scores, confidence=None).reject.confidence is None
    with pytest.raises(SettingsError, match="review_alpha must be at least reject_alpha"):
        bands(scores, reject_alpha=0.1, review_alpha=0.05)


@pytest.mark.parametrize(
    ("review", "reject", "expected"),
    [(None, None, "pass"), (None, 1.0, "reject"), (0.5, None, "review"), (0.5, 2.0, "review"), (2.0, 3.0, "pass")],
)
def test_a_band_without_a_bound_is_left_out(review, reject, expected):
    assert verdict(1.0, review=review, reject=reject) == expected


def test_a_guarantee_says_itself_in_words():
    said = guaranteed_threshold(np.arange(473), 0.01).describe()
    assert said == "With 95 % confidence, at most 1 % of normal images are flagged (473 calibration images)."
    assert (
        marginal_threshold(np.arange(99), 0.05).describe().startswith("On average over calibration sets, at most 5 %")
    )
