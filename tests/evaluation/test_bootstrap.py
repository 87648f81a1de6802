"""Confidence intervals: against scipy, in coverage, and for pairs."""

import numpy as np
import pytest
from scipy import stats

from blemish.errors import DataError, SettingsError
from blemish.evaluation import Confusion, auroc
from blemish.evaluation.bootstrap import (
    Interval,
    bootstrap,
    bootstrap_difference,
    count_columns,
    expanded_confidence,
    pooled,
)


def mean(values):
    return float(np.mean(values))


def test_an_expanded_interval_of_few_images_covers_the_mean_more_nearly_as_often_as_it_says():
    rng = np.random.default_rng(0)
    wide, held, plain = expanded_confidence(0.95, 8), 0, 0
    for seed in range(100):
        sample = rng.normal(0, 1, 8)
        held += not bootstrap(np.mean, sample, confidence=wide, seed=seed).excludes_zero
        plain += not bootstrap(np.mean, sample, seed=seed).excludes_zero
    assert plain < 90 < held
    assert expanded_confidence(0.95, 2) < 1
    assert expanded_confidence(0.95, 10_000) == pytest.approx(0.95, abs=1e-3)


def test_the_interval_of_a_mean_equals_scipys():
    values = np.random.default_rng(0).exponential(size=200)
    ours = bootstrap(mean, values, resamples=2000)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=2000, rng=1).confidence_interval
    assert ours.estimate == values.mean()
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_intervals_of_the_auroc_cover_the_true_one_about_as_often_as_they_say():
    truth = np.repeat([False, True], 30)
    target = stats.norm.cdf(1 / np.sqrt(2))
    covered = 0
    for seed in range(60):
        scores = np.random.default_rng(seed).normal(size=60) + truth
        interval = bootstrap(auroc, scores, truth, confidence=0.8, resamples=100, strata=truth.tolist())
        covered += interval.low <= target <= interval.high
    assert 0.65 <= covered / 60 <= 0.95


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(20.0)
    assert bootstrap(mean, values, seed=3) == bootstrap(mean, values, seed=3) != bootstrap(mean, values, seed=4)


def test_strata_keep_both_classes_in_every_draw():
    seen = []

    def watch(scores, truth):
        seen.append(int(truth.sum()))
        return auroc(scores, truth)

    truth = np.array([True] + [False] * 9)
    bootstrap(watch, np.arange(10.0), truth, resamples=50, strata=truth.tolist())
    assert set(seen) == {1}


def test_images_of_one_group_are_drawn_together():
    seen = []

    def watch(values):
        seen.append(np.bincount(values, minlength=6))
        return 0.0

    bootstrap(watch, np.arange(6), resamples=30, groups=[0, 0, 0, 1, 1, 1])
    assert all(len(set(counts[:3])) == len(set(counts[3:])) == 1 for counts in seen)


def test_groups_make_the_interval_of_repeated_images_as_wide_as_without_the_repeats():
    values = np.random.default_rng(1).normal(size=40)
    repeated, groups = np.repeat(values, 10), np.repeat(np.arange(40), 10).tolist()
    honest, naive = bootstrap(mean, repeated, groups=groups), bootstrap(mean, repeated)
    single = bootstrap(mean, values)
    assert honest.high - honest.low == pytest.approx(single.high - single.low, rel=0.15)
    assert naive.high - naive.low < 0.5 * (honest.high - honest.low)


def test_a_metric_without_meaning_has_no_interval():
    assert bootstrap(auroc, [0.1, 0.2], [True, True]) is None
    assert bootstrap_difference(auroc, ([0.1], [True]), ([0.2], [True])) is None


def test_draws_without_a_metric_are_left_out():
    interval = bootstrap(auroc, [0.1, 0.9], [False, True], resamples=20)
    assert (interval.low, interval.high) == (1, 1)


def test_pooled_metrics_are_resampled_by_image():
    per_image = [Confusion(8, 1, 1, 90), Confusion(5, 3, 0, 92), Confusion(0, 10, 0, 90)]
    interval = bootstrap(pooled("f1"), *count_columns(per_image))
    assert interval.estimate == sum(per_image, Confusion()).f1
    assert interval.low == 0  # a draw of nothing but the third image
    assert interval.high == Confusion(8, 1, 1, 90).f1
    assert bootstrap(pooled("precision"), *count_columns([Confusion()])) is None

    rng = np.random.default_rng(2)
    truth = np.repeat([False, True], 100)
    hard = rng.normal(size=200)
    first = hard + truth
    second = hard + 1.3 * truth
    gap = bootstrap_difference(auroc, (first, truth), (second, truth), strata=truth.tolist())
    assert gap.estimate == pytest.approx(auroc(second, truth) - auroc(first, truth))
    assert gap.excludes_zero
    one, two = (bootstrap(auroc, s, truth, strata=truth.tolist()) for s in (first, second))
    assert one.high > two.low


def test_a_difference_of_nothing_does_not_exclude_zero():
    rng = np.random.default_rng(3)
    truth = np.repeat([False, True], 50)
    first, second = rng.normal(size=(2, 100)) + truth
    assert not bootstrap_difference(auroc, (first, truth), (second, truth)).excludes_zero


@pytest.mark.parametrize(("low", "high", "excludes"), [(0, 1, False), (-1, 0, False), (0.1, 1, True), (-1, -0.1, True)])
def test_an_interval_that_ends_at_zero_does_not_exclude_it(low: float, high: float, excludes: bool):
    assert Interval((low + high) / 2, low, high, 0.95).excludes_zero is excludes


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: bootstrap(mean), DataError, "at least one image"),
        (lambda: bootstrap(mean, []), DataError, r"got lengths \[0\]"),
        (lambda: bootstrap(auroc, [1.0, 2.0], [True]), DataError, r"got lengths \[2, 1\]"),
        (lambda: bootstrap(mean, [1.0], confidence=1.0), SettingsError, "strictly between"),
        (lambda: bootstrap(mean, [1.0], resamples=1), SettingsError, "at least 2 resamples"),
        (lambda: bootstrap(mean, [1.0], strata=[0, 1]), DataError, "1 images and 2 strata"),
        (lambda: bootstrap(mean, [1.0], groups=[]), DataError, "1 images and 0 groups"),
        (lambda: bootstrap(mean, [1.0, 2.0], strata=[0, 1], groups=["a", "a"]), DataError, 'group "a"'),
    ],
)
def test_unusable_input_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
