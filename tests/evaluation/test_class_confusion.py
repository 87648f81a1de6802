"""True against predicted classes: counts against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from blemish.errors import DataError
from blemish.evaluation import ClassConfusion, Evaluation
from blemish.reports.plots import draw_class_confusion


def test_counts_and_rates_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    names = ["normal", "blowhole", "crack", "fray"]
    truth, predicted = rng.integers(0, 4, (2, 60))
    confusion = ClassConfusion(names[1:])
    for t, p in zip(truth, predicted, strict=True):
        confusion.add(names[t] if t else None, names[p] if p else None)
    np.testing.assert_array_equal(confusion.counts, metrics.confusion_matrix(truth, predicted))
    record = confusion.to_record()
    assert record["labels"] == names
    assert record["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert record["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, predicted))
    assert list(record["recalls"].values()) == pytest.approx(metrics.recall_score(truth, predicted, average=None))


def test_a_class_without_images_has_no_recall():
    confusion = ClassConfusion(("a", "b"))
    confusion.add("a", None)
    assert confusion.recalls == {"normal": None, "a": 0.0, "b": None}
    assert confusion.balanced_accuracy == 0.0
    assert ClassConfusion(("a",)).balanced_accuracy is None
    assert ClassConfusion(("a",)).accuracy is None


def test_an_undeclared_class_is_named():
    with pytest.raises(DataError, match='"rust"'):
        ClassConfusion(("a", "b")).add("rust", None)


def test_an_evaluation_carries_the_matrix_only_where_classes_were_told():
    evaluation = Evaluation(classes=("a", "b"))
    evaluation.add(score=1.0, defective=True)
    assert evaluation.result().to_record()["more"]["class_confusion"] is None
    evaluation.add(score=1.0, defective=True, labels=("a", "b"))
    assert evaluation.result().to_record()["more"]["class_confusion"]["counts"] == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_the_matrix_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    confusion = ClassConfusion(("blowhole", "crack"))
    confusion.add("crack", "crack")
    draw_class_confusion(tmp_path / "m.png", confusion)
    assert (tmp_path / "m.png").stat().st_size > 1000
