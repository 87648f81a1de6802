"""Ranks over data sets: the critical values of Demšar (2006), scipy's Friedman test, and what few sets cannot show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from blemish.benchmarking.ranks import Ranks, average_ranks, holm, iman_davenport, rank_over_data, signed_rank_p

TABLE = np.round(np.random.default_rng(7).normal(0.8, 0.1, (14, 4)), 2)
NAMES = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
# q at 5 % of Table 5 (a) of the paper, for 2 to 10 contenders.
CRITICAL = (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164)


def as_values(table: np.ndarray) -> dict[str, dict[str, float]]:
    return {
        name: {f"set {i}": float(value) for i, value in enumerate(column)}
        for name, column in zip(NAMES, table.T, strict=False)
    }


def test_the_critical_difference_is_that_of_the_papers_table():
    rng = np.random.default_rng(0)
    for k, q in enumerate(CRITICAL, start=2):
        ranks = rank_over_data("AUC", as_values(rng.normal(size=(14, k))))
        assert ranks is not None
        assert ranks.critical_difference == pytest.approx(q * np.sqrt(k * (k + 1) / (6 * 14)), rel=5e-4)
        assert all((abs(pair.gap) > ranks.critical_difference) == (pair.nemenyi_p < 0.05) for pair in ranks.pairs)


def test_ranks_are_shared_by_ties_and_the_highest_value_is_first():
    table = np.array([[0.9, 0.8, 0.8], [0.7, 0.7, 0.7]])
    assert average_ranks(table).tolist() == [1.5, 2.25, 2.25]


def test_contenders_closer_than_the_critical_difference_belong_together():
    ranks = Ranks("AUC", ("x", "y"), {"a": 1.0, "b": 1.8, "c": 2.5, "d": 4.5}, 0.1, 1.0, ())
    assert ranks.cliques() == (("a", "b"), ("b", "c"))


def test_the_corrected_statistic_follows_from_scipys_friedman_test():
    rng = np.random.default_rng(0)
    for n, k in ((5, 3), (9, 4), (14, 6)):
        table = rng.normal(size=(n, k)) + np.arange(k) * 0.3
        chi2 = stats.friedmanchisquare(*table.T).statistic
        f, p = iman_davenport(table)
        assert f == pytest.approx((n - 1) * chi2 / (n * (k - 1) - chi2))
        assert p == pytest.approx(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.2], [0.2]),
        ([], []),
    ],
)
def test_holm_is_as_worked_out_by_hand(p_values, adjusted):
    assert holm(p_values) == pytest.approx(adjusted)


def test_equals_are_seldom_told_apart():
    wrong = 0
    for seed in range(200):
        ranks = rank_over_data("AUC", as_values(np.random.default_rng(seed).normal(size=(10, 4))))
        assert ranks is not None
        wrong += any(pair.nemenyi_p < 0.05 for pair in ranks.pairs)
    assert wrong / 200 < 0.09


def test_a_contender_that_always_wins_stands_apart():
    table = np.random.default_rng(3).normal(size=(12, 3))
    table[:, 0] += 10
    ranks = rank_over_data("AUC", as_values(table))
    assert ranks is not None
    assert ranks.friedman_p is not None
    assert ranks.friedman_p < 0.001
    assert ranks.pairs[0].wilcoxon_p < 0.05
    assert all("a" not in clique for clique in ranks.cliques())


def test_the_same_order_everywhere_is_as_unlikely_as_it_can_be():
    f, p = iman_davenport(np.tile([3.0, 2.0, 1.0], (4, 1)))
    assert np.isinf(f)
    assert p == pytest.approx(6.0**-3)
    assert iman_davenport(np.ones((4, 3))) == (0.0, 1.0)
    assert signed_rank_p(np.zeros(5)) == 1.0


def test_what_few_data_sets_cannot_show_is_said():
    few = rank_over_data("AUC", as_values(TABLE[:3]))
    many = rank_over_data("AUC", as_values(TABLE))
    assert few is not None
    assert many is not None
    assert "can reach 0.05" in few.sentence()
    assert "can reach" not in many.sentence()


def test_data_sets_that_one_contender_lacks_are_left_out_and_too_little_is_nothing():
    values = as_values(TABLE)
    del values["c"]["set 3"]
    ranks = rank_over_data("AUC", values)
    assert ranks is not None
    assert "set 3" not in ranks.data
    assert rank_over_data("AUC", {}) is None
    assert rank_over_data("AUC", {"one": values["b"]}) is None
    assert rank_over_data("AUC", as_values(TABLE[:1])) is None
