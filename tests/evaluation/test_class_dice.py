"""Dice of classes over images: against scikit-learn, and where it flatters."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from blemish.errors import DataError
from blemish.evaluation import ClassDice, Evaluation, dice


@pytest.fixture
def masks():
    rng = np.random.default_rng(0)
    predicted, truth = rng.random((6, 3, 8, 9)) < 0.3, rng.random((6, 3, 8, 9)) < 0.4
    truth[:4, 1] = False  # four images without the second class
    predicted[:3, 1] = False  # of which three are left alone
    predicted[5, 2] = False  # one image whose third class is not found
    return predicted, truth


def test_dice_is_the_f1_of_the_pixels(masks):
    for predicted, truth in zip(masks[0][4], masks[1][4], strict=True):
        assert dice(predicted, truth) == pytest.approx(f1_score(truth.ravel(), predicted.ravel()))


def test_nothing_found_where_nothing_is_counts_as_right():
    nothing = np.zeros((4, 4), np.bool_)
    assert dice(nothing, nothing) == 1
    assert dice(~nothing, nothing) == 0


def test_metrics_of_each_class_agree_with_scikit_learn(masks):
    predicted, truth = masks
    gathered = ClassDice(("a", "b", "c"))
    for image in zip(predicted, truth, strict=True):
        gathered.add(*image)
    rows = {row.label: row for row in gathered.rows()}
    for k, label in enumerate("abc"):
        scores = [
            f1_score(t.ravel(), p.ravel(), zero_division=1.0 if not (p.any() or t.any()) else 0.0)
            for p, t in zip(predicted[:, k], truth[:, k], strict=True)
        ]
        there = truth[:, k].any(axis=(1, 2))
        assert rows[label].mean_dice == pytest.approx(np.mean(scores))
        assert rows[label].dice_where_present == pytest.approx(np.mean(np.array(scores)[there]))
    assert rows["b"].false_positive_rate == pytest.approx(1 / 4)
    assert rows["c"].false_negative_rate == pytest.approx(1 / 6)
    assert rows["a"].false_positive_rate is None
    assert rows["all"].n == 18
    assert rows["all"].mean_dice == pytest.approx(np.mean([rows[label].mean_dice for label in "abc"]))


def test_finding_nothing_scores_well_where_most_images_are_normal():
    gathered = ClassDice(("a",))
    nothing = np.zeros((1, 4, 4), np.bool_)
    for number in range(10):
        gathered.add(nothing, nothing if number else ~nothing)
    (row, _) = gathered.rows()
    assert row.mean_dice == pytest.approx(0.9)
    assert row.dice_where_present == 0
    assert row.false_negative_rate == 1


def test_masks_of_another_shape_are_refused():
    with pytest.raises(DataError, match="2 classes"):
        ClassDice(("a", "b")).add(np.zeros((1, 4, 4), np.bool_), np.zeros((1, 4, 4), np.bool_))


def test_an_evaluation_carries_the_classes():
    evaluation = Evaluation(classes=("a", "b"))
    mask = np.ones((2, 4, 4), np.bool_)
    evaluation.add(score=1.0, defective=True, class_masks=(mask, mask))
    record = evaluation.result().to_record()
    assert [row["label"] for row in record["more"]["classes"]] == ["a", "b", "all"]
    assert record["more"]["classes"][2]["mean_dice"] == 1
    assert Evaluation().result().to_record()["more"]["classes"] == []
