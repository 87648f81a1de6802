"""DeLong's intervals: the published variance, computed the slow way; how often they cover; what has none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from blemish.errors import DataError
from blemish.evaluation import auroc
from blemish.evaluation.delong import areas


def slow_covariance(scores, truth):
    """Equations 4 to 6 of the paper, pair by pair."""
    bad, normal = scores[:, truth], scores[:, ~truth]
    psi = (bad[:, :, None] > normal[:, None, :]) + 0.5 * (bad[:, :, None] == normal[:, None, :])
    of_bad, of_normal = psi.mean(axis=2), psi.mean(axis=1)
    return np.cov(of_bad) / bad.shape[1] + np.cov(of_normal) / normal.shape[1]


def drawn(rng, *, runs=3, n=60, lift=1.0, digits=8):
    truth = rng.random(n) < 0.4
    hard = rng.normal(size=n)
    return np.round(hard + 0.5 * rng.normal(size=(runs, n)) + lift * truth, digits), truth


@pytest.mark.parametrize("digits", [8, 0])
def test_variance_and_areas_are_those_of_the_paper_with_ties_too(digits):
    scores, truth = drawn(np.random.default_rng(0), digits=digits)
    found = areas(scores, truth)
    assert found is not None
    assert found.values == pytest.approx([auroc(row, truth) for row in scores])
    assert found.covariance == pytest.approx(slow_covariance(scores, truth))


def test_groups_of_one_change_nothing_and_copies_of_an_image_add_nothing():
    scores, truth = drawn(np.random.default_rng(1))
    alone = areas(scores, truth)
    named = areas(scores, truth, groups=[f"part {i}" for i in range(truth.size)])
    copies = areas(
        np.repeat(scores, 5, axis=1), np.repeat(truth, 5), groups=np.repeat(np.arange(truth.size), 5).tolist()
    )
    blind = areas(np.repeat(scores, 5, axis=1), np.repeat(truth, 5))
    assert alone is not None
    assert named is not None
    assert copies is not None
    assert blind is not None
    assert named.covariance == pytest.approx(alone.covariance)
    assert copies.covariance == pytest.approx(alone.covariance)
    assert blind.covariance.max() < 0.3 * alone.covariance.max()


def test_a_group_with_both_kinds_counts_their_covariance():
    """Normal and defective image of one part share what makes it bright: the areas vary less than for strangers."""
    rng = np.random.default_rng(2)
    values, together, apart = [], [], []
    for _ in range(300):
        part = np.repeat(rng.normal(size=30), 2)
        truth = np.tile([False, True], 30)
        scores = part + 0.3 * rng.normal(size=60) + 0.7 * truth
        paired = areas(scores, truth, groups=np.repeat(np.arange(30), 2).tolist())
        alone = areas(scores, truth)
        assert paired is not None
        assert alone is not None
        values.append(paired.values[0])
        together.append(paired.covariance[0, 0])
        apart.append(alone.covariance[0, 0])
    assert np.mean(together) == pytest.approx(np.var(values), rel=0.2)
    assert np.mean(apart) > 2 * np.var(values)


def test_intervals_cover_as_often_as_they_say():
    covered = np.zeros(2)
    true = 0.9213503964748574  # of two normal distributions two standard deviations apart: Φ(2 / √2)
    for seed in range(400):
        rng = np.random.default_rng(seed)
        truth = np.arange(80) < 30
        scores = rng.normal(size=(1, 80)) + 2.0 * truth
        found = areas(np.vstack([scores, scores + 0.8 * rng.normal(size=(1, 80))]), truth)
        again = areas(np.vstack([scores, rng.normal(size=(1, 80)) + 2.0 * truth]), truth)
        assert found is not None
        assert again is not None
        interval = areas(scores, truth).mean()
        assert 0 < interval.low < interval.estimate < interval.high < 1
        difference, p = again.contrast([-1, 1])
        assert (p < 0.05) == difference.excludes_zero
        covered += [interval.low <= true <= interval.high, difference.low <= 0 <= difference.high]
    assert 0.92 < covered[0] / 400 < 0.98
    assert 0.92 < covered[1] / 400 < 0.98


def test_a_perfect_ranking_has_an_area_and_no_interval():
    truth = np.arange(8) >= 4
    found = areas(np.arange(8.0), truth)
    assert found is not None
    assert found.values == 1.0
    assert found.mean() is None
    same, p = areas([np.arange(8.0)] * 2, truth).contrast([-1, 1])
    assert (same.estimate, same.low, same.high, p) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("truth", "groups"),
    [
        ([0, 0, 0, 0], None),
        ([1, 1, 1, 0], None),
        ([1, 1, 0, 0], [1, 1, 2, 3]),
    ],
)
def test_one_image_or_one_group_of_a_kind_has_no_variance(truth, groups):
    assert areas([0.0, 1.0, 2.0, 3.0], np.array(truth, bool), groups=groups) is None


@pytest.mark.parametrize("scores", [[0.0, np.nan, 1.0, 2.0], [0.0, 1.0]])
def test_scores_that_cannot_be_ranked_are_refused(scores):
    with pytest.raises(DataError):
        areas(scores, np.array([0, 0, 1, 1], bool))


def test_the_order_of_the_images_does_not_matter():
    scores, truth = drawn(np.random.default_rng(5), n=12)
    for order in itertools.islice(itertools.permutations(range(12)), 0, 400, 57):
        moved = areas(scores[:, list(order)], truth[list(order)])
        assert moved.covariance == pytest.approx(areas(scores, truth).covariance)
