"""Figures over time steps: beside scikit-learn, by closed form, and where they have no meaning."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.errors import DataError
from blemish.evaluation.series_metrics import event_recall, series_metrics


def test_ranking_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth, scores = rng.random(500) < 0.1, rng.integers(0, 50, 500).astype(float)
    found = series_metrics(scores, truth)
    assert found.auroc == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert found.average_precision == pytest.approx(metrics.average_precision_score(truth, scores))


def test_each_fault_counts_once_and_the_rate_is_kept():
    truth = np.zeros(1000, bool)
    truth[100:110] = truth[500:501] = truth[995:] = True
    scores = np.linspace(0, 1, 1000)
    scores[105] = 5
    found = event_recall(scores, truth, 0.01)
    assert (found.found, found.events) == (2, 3)
    assert found.false_alarm_rate <= 0.01
    assert found.by_chance == pytest.approx(np.mean([1 - 0.99**10, 0.01, 1 - 0.99**5]))


def test_random_scores_find_what_chance_finds():
    rng = np.random.default_rng(1)
    truth = np.zeros(50_000, bool)
    for start in range(0, 50_000, 500):
        truth[start + 50 : start + 100] = True
    found = event_recall(rng.random(50_000), truth, 0.01)
    assert found.recall == pytest.approx(found.by_chance, abs=0.15)


@pytest.mark.parametrize("truth", [[False] * 4, [True] * 4])
def test_one_kind_of_step_has_no_metrics(truth):
    found = series_metrics([1, 2, 3, 4], truth)
    assert found.auroc is None
    assert found.events is None


def test_ties_never_break_the_rate():
    found = event_recall([1.0] * 10, [True] + [False] * 9, 0.2)
    assert (found.found, found.false_alarm_rate) == (0, 0.0)


@pytest.mark.parametrize(("scores", "truth"), [([1, 2], [True]), ([np.nan, 1], [True, False]), ([[1]], [[True]])])
def test_unfit_scores_are_refused(scores, truth):
    with pytest.raises(DataError):
        series_metrics(scores, truth)
