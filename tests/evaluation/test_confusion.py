"""Counts at a threshold against scikit-learn, and where a quotient is 0/0."""

import numpy as np
import pytest
from sklearn import metrics

from blemish.errors import DataError
from blemish.evaluation import Confusion

FIGURES = ("accuracy", "precision", "recall", "f1", "iou", "dice", "false_alarm_rate")


def test_metrics_equal_scikit_learns():
    rng = np.random.default_rng(1)
    scores, defective = rng.random(400), rng.random(400) < 0.4
    flagged = scores >= 0.6
    ours = Confusion.at(0.6, scores, defective)
    np.testing.assert_array_equal(ours.matrix(), metrics.confusion_matrix(defective, flagged))
    assert ours.accuracy == pytest.approx(metrics.accuracy_score(defective, flagged))
    assert ours.precision == pytest.approx(metrics.precision_score(defective, flagged))
    assert ours.recall == pytest.approx(metrics.recall_score(defective, flagged))
    assert ours.f1 == ours.dice == pytest.approx(metrics.f1_score(defective, flagged))
    assert ours.iou == pytest.approx(metrics.jaccard_score(defective, flagged))
    assert ours.mean_iou == pytest.approx(metrics.jaccard_score(defective, flagged, average="macro"))
    assert ours.total == 400


def test_a_score_equal_to_the_threshold_is_flagged():
    assert Confusion.at(0.5, [0.5], [True]).true_positives == 1


@pytest.mark.parametrize(
    ("flagged", "defective", "expected"),
    [
        ([], [], dict.fromkeys(FIGURES)),
        ([False], [False], {"accuracy": 1, "false_alarm_rate": 0}),
        ([True], [True], {"accuracy": 1, "precision": 1, "recall": 1, "f1": 1, "iou": 1, "dice": 1}),
        ([True], [False], {"accuracy": 0, "precision": 0, "f1": 0, "iou": 0, "dice": 0, "false_alarm_rate": 1}),
        ([False], [True], {"accuracy": 0, "recall": 0, "f1": 0, "iou": 0, "dice": 0}),
    ],
)
def test_nothing_over_nothing_is_none_and_nothing_else_is(flagged, defective, expected):
    counts = Confusion.of(flagged, defective)
    assert {name: getattr(counts, name) for name in FIGURES} == dict.fromkeys(FIGURES) | expected


def test_counts_of_images_add_up():
    rng = np.random.default_rng(2)
    flagged, defective = rng.random((2, 30)) < 0.5
    parts = [Confusion.of(flagged[i : i + 10], defective[i : i + 10]) for i in (0, 10, 20)]
    assert sum(parts, Confusion()) == Confusion.of(flagged, defective)


def test_scores_that_are_not_numbers_are_refused():
    with pytest.raises(DataError, match="NaN"):
        Confusion.at(0.5, [np.nan], [True])
