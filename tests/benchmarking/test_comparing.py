"""\"Better\" is said only where images and seeds both allow it."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.benchmarking.comparing import COMPARED, difference_of
from blemish.benchmarking.records import ImageAnswers

AUROC, F1 = COMPARED["image AUROC"], COMPARED["pixel F1"]


def answers(scores, defective, *, counts=None, groups=None) -> ImageAnswers:
    n = len(scores)
    names = tuple(str(i) for i in range(n))
    return ImageAnswers(
        images=names,
        groups=tuple(groups) if groups is not None else names,
        leaked=np.zeros(n, np.bool_),
        defective=np.asarray(defective, np.bool_),
        known=np.ones(n, np.bool_),
        scores=np.asarray(scores, np.float64),
        counts=np.zeros((n, 4), np.int64) if counts is None else np.asarray(counts),
    )


def pairs(rng, *, lift: float, seeds: int = 3, n: int = 200, spread: float = 0.0):
    truth = np.arange(n) % 2 == 1
    hard = rng.normal(size=n)
    return [
        tuple(
            answers(hard + rng.normal(size=n) * 0.3 + truth * (1.0 + extra + rng.normal() * spread), truth)
            for extra in (0.0, lift)
        )
        for _ in range(seeds)
    ]


def test_a_clear_difference_is_one_and_none_is_none():
    rng = np.random.default_rng(0)
    clear = difference_of(AUROC, pairs(rng, lift=1.0), resamples=200)
    none = difference_of(AUROC, pairs(rng, lift=0.0), resamples=200)
    assert clear is not None
    assert clear.low > 0
    assert none is not None
    assert not none.excludes_zero


def test_the_range_covers_the_true_difference_about_as_often_as_it_says():
    """Neither contender is better: a range that excludes zero is wrong, which should be about one in twenty."""
    wrong = 0
    for seed in range(40):
        found = difference_of(AUROC, pairs(np.random.default_rng(seed), lift=0.0, n=60), resamples=100, seed=seed)
        assert found is not None
        wrong += found.excludes_zero
    assert wrong <= 7  # P(more than 7 of 40 at 5 %) is .1 %


def test_what_only_seeds_disagree_on_is_not_called_better():
    rng = np.random.default_rng(3)
    few = pairs(rng, lift=0.15, spread=0.8, seeds=3)
    all_seeds = difference_of(AUROC, few, resamples=300)
    one_seed = difference_of(AUROC, few[:1], resamples=300)
    assert all_seeds is not None
    assert one_seed is not None
    gaps = [AUROC(two, np.arange(200)) - AUROC(one, np.arange(200)) for one, two in few]
    assert all_seeds.estimate == pytest.approx(np.mean(gaps))
    assert all_seeds.high - all_seeds.low > one_seed.high - one_seed.low


def test_images_of_one_group_are_drawn_together():
    rng = np.random.default_rng(1)
    truth = np.repeat([False, True] * 10, 10)
    hard = np.repeat(rng.normal(size=20), 10)
    other = np.repeat(rng.normal(size=20), 10)
    together = np.repeat([str(i) for i in range(20)], 10).tolist()
    apart = difference_of(AUROC, [(answers(hard + truth, truth), answers(other + truth, truth))], resamples=300)
    grouped = difference_of(
        AUROC,
        [(answers(hard + truth, truth, groups=together), answers(other + truth, truth, groups=together))],
        resamples=300,
    )
    assert apart is not None
    assert grouped is not None
    assert grouped.high - grouped.low > 2 * (apart.high - apart.low)


def test_pixel_f1_is_pooled_over_images():
    first = answers([0, 1], [False, True], counts=[[0, 1, 0, 9], [5, 0, 5, 0]])
    second = answers([0, 1], [False, True], counts=[[0, 0, 0, 10], [8, 0, 2, 0]])
    found = difference_of(F1, [(first, second)], resamples=20)
    assert found is not None
    assert found.estimate == pytest.approx(16 / 18 - 10 / 16)


@pytest.mark.parametrize("truth", [[False, False], [True, True]])
def test_one_class_has_no_difference_in_ranking(truth):
    assert difference_of(AUROC, [(answers([0, 1], truth), answers([1, 0], truth))]) is None


def test_no_masks_have_no_pixel_difference():
    one = answers([0, 1], [False, True])
    assert difference_of(F1, [(one, one)]) is None
