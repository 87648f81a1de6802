"""The record of `evaluate --json`."""

import json

import numpy as np
import pytest
from sklearn import metrics

from blemish.errors import DataError
from blemish.evaluation import Evaluation

IMAGE = {"auroc", "average_precision", "accuracy", "precision", "recall", "f1"}
PIXEL = {"auroc", "average_precision", "precision", "recall", "accuracy", "f1", "iou", "dice", "f1_2px"}


def streamed(n=12, **options):
    rng = np.random.default_rng(5)
    evaluation = Evaluation(**options)
    for i in range(n):
        truth = np.zeros((16, 16), dtype=bool)
        truth[4:8, 4:8] = i % 3 == 0
        anomaly_map = (rng.random((16, 16)) + truth).astype(np.float32)
        score = float(anomaly_map.max())
        evaluation.add(score=score, anomaly_map=anomaly_map, mask_predicted=anomaly_map >= 1, mask_truth=truth)
    return evaluation.result()


def test_the_record_has_exactly_the_agreed_keys_and_survives_json():
    record = streamed(reject=1.0).to_record()
    assert record.keys() == {"n", "image", "pixel", "more"}
    assert record["image"].keys() == IMAGE
    assert record["pixel"].keys() == PIXEL
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["n"] == 12


def test_an_images_truth_is_read_from_its_mask_where_nothing_else_tells():
    result = streamed(reject=1.5)
    assert np.count_nonzero(result.image.defective) == 4
    flagged = result.image.scores >= 1.5
    assert result.to_record()["image"]["f1"] == pytest.approx(metrics.f1_score(result.image.defective, flagged))


def test_without_a_threshold_only_ranking_metrics_are_given():
    image = streamed().to_record()["image"]
    assert {name for name, value in image.items() if value is not None} == {"auroc", "average_precision"}


def test_a_decision_that_was_made_counts_before_the_threshold():
    evaluation = Evaluation(reject=0.5)
    evaluation.add(score=0.9, flagged=False, defective=False)
    assert evaluation.result().to_record()["image"]["accuracy"] == 1


def test_a_score_on_the_threshold_is_flagged():
    evaluation = Evaluation(reject=0.5)
    evaluation.add(score=0.5, defective=True)
    assert evaluation.result().to_record()["image"]["recall"] == 1


def test_ignored_pixels_count_in_no_class():
    evaluation = Evaluation(classes=("crack",))
    truth, predicted, ignored = np.zeros((3, 1, 6, 6), dtype=bool)
    truth[0, 1], predicted[0, 1:3], ignored[0, 2] = True, True, True
    evaluation.add(score=1.0, ignored=ignored[0], class_masks=(predicted, truth))
    assert evaluation.result().classes[0].mean_dice == 1


def test_an_image_of_unknown_truth_counts_in_n_alone():
    evaluation = Evaluation(reject=0.5)
    evaluation.add(score=0.9, anomaly_map=np.zeros((2, 2), dtype=np.float32))
    record = evaluation.result().to_record()
    assert record["n"] == 1
    assert set(record["image"].values()) | set(record["pixel"].values()) == {None}


def test_nothing_evaluated_gives_zero_images_and_no_figure():
    record = Evaluation().result().to_record()
    assert record["n"] == 0
    assert set(record["image"].values()) | set(record["pixel"].values()) == {None}


def test_details_hold_the_record_and_more():
    result = streamed(reject=1.0)
    details, record = result.details(), result.to_record()
    assert record["image"].items() <= details["image"].items()
    assert record["pixel"].items() <= details["pixel"].items()
    assert {"fpr_at_95_tpr", "confusion", "best_threshold"} <= details["image"].keys()
    assert {"aupro", "f1_5px", "precision_2px", "auroc_error"} <= details["pixel"].keys()
    json.dumps(details, allow_nan=False)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused_and_the_image_named(score):
    evaluation = Evaluation()
    evaluation.add(score=0.1, defective=False)
    with pytest.raises(DataError, match="Image number 2"):
        evaluation.add(score=score, defective=True)


def test_intervals_hold_the_metrics_and_shrink_with_more_images():
    widths = []
    for n in (20, 400):
        rng = np.random.default_rng(0)
        evaluation = Evaluation(reject=0.5)
        for number in range(n):
            truth = np.zeros((6, 6), bool)
            truth[:2] = number % 2
            score = float(rng.normal() + number % 2)
            evaluation.add(
                score=score,
                anomaly_map=truth + rng.normal(size=truth.shape),
                mask_predicted=truth ^ (rng.random(truth.shape) < 0.1),
                mask_truth=truth,
            )
        result = evaluation.result()
        found = result.intervals(resamples=200)
        assert found["image"]["auroc"].estimate == result.image.to_record()["auroc"]
        assert found["pixel"]["f1"].low <= result.pixel.to_record()["f1"] <= found["pixel"]["f1"].high
        widths.append(found["image"]["auroc"].high - found["image"]["auroc"].low)
    assert widths[1] < widths[0] / 2


@pytest.mark.parametrize("defective", [[], [False], [True, True]])
def test_intervals_without_a_meaning_are_none(defective):
    evaluation = Evaluation()
    for number, truth in enumerate(defective):
        evaluation.add(score=float(number), defective=truth)
    record = evaluation.result().to_record()["more"]["intervals"]
    assert record == {"image": {"auroc": None, "average_precision": None}, "pixel": {"f1": None}}


def test_constant_scores_rank_nothing():
    evaluation = Evaluation(reject=0.5)
    for truth in (False, True, False, True):
        evaluation.add(score=1.0, defective=truth)
    record = evaluation.result().to_record()
    assert record["image"]["auroc"] == 0.5
    assert record["image"]["average_precision"] == 0.5
    assert record["more"]["image"]["fpr_at_95_tpr"] == 1.0
