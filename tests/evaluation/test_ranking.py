"""Ranking figures against scikit-learn, and where they have no meaning."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from blemish.errors import DataError
from blemish.evaluation import ranking

SCORES = {
    "continuous": lambda rng, n: rng.normal(size=n),
    "many ties": lambda rng, n: rng.integers(0, 5, n).astype(float),
    "all equal": lambda rng, n: np.full(n, 0.25),
    "saturated float32": lambda rng, n: 1 / (1 + np.exp(-rng.normal(scale=30, size=n).astype(np.float32))),
    "huge and tiny": lambda rng, n: rng.choice([-1e300, -1e-300, 0.0, 1e-300, 1e300], n),
}


@pytest.fixture(params=SCORES)
def labelled(request):
    rng = np.random.default_rng(7)
    with np.errstate(over="ignore"):
        return SCORES[request.param](rng, 150), rng.random(150) < 0.3


def test_auroc_and_average_precision_equal_scikit_learns(labelled):
    scores, defective = labelled
    assert ranking.auroc(scores, defective) == pytest.approx(metrics.roc_auc_score(defective, scores), abs=1e-12)
    expected = metrics.average_precision_score(defective, scores)
    assert ranking.average_precision(scores, defective) == pytest.approx(expected, abs=1e-12)


def test_curves_equal_scikit_learns(labelled):
    scores, defective = labelled
    fpr, tpr, thresholds = metrics.roc_curve(defective, scores, drop_intermediate=False)
    ours = ranking.roc_curve(scores, defective)
    np.testing.assert_allclose(ours.false_positive_rate, fpr)
    np.testing.assert_allclose(ours.true_positive_rate, tpr)
    np.testing.assert_allclose(ours.threshold, thresholds)
    precision, recall, thresholds = metrics.precision_recall_curve(defective, scores)
    ours = ranking.precision_recall_curve(scores, defective)
    np.testing.assert_allclose(ours.precision[::-1], precision[:-1])
    np.testing.assert_allclose(ours.recall[::-1], recall[:-1])
    np.testing.assert_allclose(ours.threshold[::-1], thresholds)


def test_best_f1_and_fpr_at_95_tpr_equal_a_search_over_every_threshold(labelled):
    scores, defective = labelled
    f1 = {t: metrics.f1_score(defective, scores >= t) for t in np.unique(scores)}
    best = ranking.best_f1(scores, defective)
    assert best.f1 == pytest.approx(max(f1.values()))
    assert f1[best.threshold] == pytest.approx(best.f1)
    rates = [np.mean(scores[~defective] >= t) for t in np.unique(scores) if np.mean(scores[defective] >= t) >= 0.95]
    assert ranking.fpr_at_tpr(scores, defective, 0.95) == pytest.approx(min(rates))


@given(
    st.lists(st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), st.booleans()), min_size=2, max_size=30).filter(
        lambda pairs: len({defective for _, defective in pairs}) == 2
    )
)
def test_metrics_stay_under_an_increasing_transform_and_auroc_turns_with_the_sign(pairs):
    scores, defective = (np.array(column) for column in zip(*pairs, strict=True))
    for figure in (ranking.auroc, ranking.average_precision, ranking.fpr_at_tpr):
        assert figure(np.exp(scores), defective) == pytest.approx(figure(scores, defective))
    assert ranking.auroc(-scores, defective) == pytest.approx(1 - ranking.auroc(scores, defective))


@pytest.mark.parametrize("defective", [[], [True], [False], [True, True], [False, False]])
@pytest.mark.parametrize(
    "figure",
    [
        ranking.auroc,
        ranking.average_precision,
        ranking.roc_curve,
        ranking.precision_recall_curve,
        ranking.fpr_at_tpr,
        ranking.best_f1,
    ],
)
def test_with_one_class_or_nothing_at_all_a_figure_has_no_meaning(figure, defective):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figure(np.linspace(0, 1, len(defective)), defective) is None


@pytest.mark.parametrize(
    ("scores", "defective", "said"),
    [
        ([0.1, math.nan], [True, False], "1 of the 2 scores are NaN or infinite"),
        ([math.inf, -math.inf], [True, False], "2 of the 2 scores"),
        ([0.1, 0.2], [True], r"got shapes \(2,\) and \(1,\)"),
        ([[0.1], [0.2]], [[True], [False]], "two lists of one length"),
    ],
)
def test_unusable_scores_are_refused_with_a_sentence(scores, defective, said):
    with pytest.raises(DataError, match=said):
        ranking.auroc(scores, defective)


def test_a_threshold_that_finds_just_the_fraction_asked_for_is_enough():
    # 19 of 20 defective images lie above the one normal image, the last below.
    scores = [*range(2, 21), 1, 0]
    defective = [True] * 19 + [False, True]
    assert ranking.fpr_at_tpr(scores, defective, 0.95) == 0
    assert ranking.fpr_at_tpr(scores, defective, 0.96) == 1


def test_the_highest_of_several_thresholds_with_the_best_f1_is_taken():
    # One of two found without a false alarm, and both with two, have the same F1.
    best = ranking.best_f1([4, 3, 2, 1], [True, False, False, True])
    assert best == (4, pytest.approx(2 / 3))
