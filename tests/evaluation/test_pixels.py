"""Pooled pixel figures against scikit-learn on the concatenated pixels."""

import numpy as np
import pytest
from skimage.measure import label
from sklearn import metrics

from blemish.errors import DataError
from blemish.evaluation import PixelMetrics, best_f1_threshold

MAPS = {
    "continuous": lambda rng, shape: rng.normal(size=shape),
    "negative": lambda rng, shape: -rng.random(shape),
    "quantised": lambda rng, shape: rng.integers(0, 6, shape) / 5,
    "constant": lambda rng, shape: np.zeros(shape),
    "signed zeros": lambda rng, shape: rng.choice([-0.0, 0.0, 1.0], shape),
    "saturated": lambda rng, shape: 1 / (1 + np.exp(-rng.normal(scale=20, size=shape))),
}


def images(kind="continuous", n=4, seed=3):
    """Maps and truths of several sizes; defective pixels score higher; the last image is normal."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        shape = (30 + i, 40)
        truth = np.zeros(shape, dtype=bool)
        if i < n - 1:
            truth[5:9, 3 : 10 + i] = truth[20:22, 15:30] = truth[0, 0] = True
            truth[22, 30] = True  # touches the bar at a corner: one region with it
        anomaly_map = MAPS[kind](rng, shape) + truth * rng.choice([0.0, 1.0], shape)
        yield anomaly_map.astype(np.float32), truth


def aupro_by_weighted_roc(pairs, limit=0.3):
    """AUPRO as a ROC curve in which each region weighs the same, however many pixels it has."""
    scores, truths, weights = [], [], []
    for anomaly_map, truth in pairs:
        regions = label(truth, connectivity=2)
        weight = np.ones(truth.shape)
        for region in range(1, regions.max() + 1):
            weight[regions == region] = 1 / np.count_nonzero(regions == region)
        scores.append(anomaly_map.ravel()), truths.append(truth.ravel()), weights.append(weight.ravel())
    fpr, pro, _ = metrics.roc_curve(
        np.concatenate(truths), np.concatenate(scores), sample_weight=np.concatenate(weights), drop_intermediate=False
    )
    inside = fpr <= limit
    at_limit = np.interp(limit, fpr, pro)
    return metrics.auc(np.append(fpr[inside], limit), np.append(pro[inside], at_limit)) / limit


@pytest.mark.parametrize("kind", MAPS)
def test_ranking_metrics_equal_scikit_learns_on_all_pixels_at_once(kind):
    pairs = list(images(kind))
    found = PixelMetrics()
    for anomaly_map, truth in pairs:
        found.add(anomaly_map, truth)
    ours = found.result().ranking
    scores = np.concatenate([anomaly_map.ravel() for anomaly_map, _ in pairs])
    truth = np.concatenate([mask.ravel() for _, mask in pairs])
    assert ours.auroc == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)
    assert ours.auroc_error == 0
    assert ours.average_precision == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-12)
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    assert ours.best_f1 == pytest.approx(np.nanmax(2 * precision * recall / np.maximum(precision + recall, 1e-300)))
    assert metrics.f1_score(truth, scores >= ours.best_threshold) == pytest.approx(ours.best_f1)


@pytest.mark.parametrize("kind", ["continuous", "negative", "saturated"])
def test_aupro_equals_a_roc_curve_with_equal_weight_for_every_region(kind):
    found = PixelMetrics()
    for anomaly_map, truth in images(kind):
        found.add(anomaly_map, truth)
    assert found.result().ranking.aupro == pytest.approx(aupro_by_weighted_roc(images(kind)), abs=1e-9)


def test_aupro_weighs_a_small_region_as_much_as_a_large_one():
    truth = np.zeros((10, 10), dtype=bool)
    truth[0, 0] = True
    truth[4:, :] = True
    anomaly_map = np.zeros((10, 10), dtype=np.float32)
    anomaly_map[4:, :] = 1  # the large region found at no false alarm, the one-pixel region tied with the normal pixels
    found = PixelMetrics()
    found.add(anomaly_map, truth)
    assert found.result().ranking.aupro == pytest.approx(0.5 + 0.5 * 0.3 / 2)


def test_results_do_not_depend_on_how_blocks_and_images_cut_the_scores(monkeypatch):
    whole = PixelMetrics()
    for anomaly_map, truth in images("quantised", n=6):
        whole.add(anomaly_map, truth)
    expected = whole.result()
    monkeypatch.setattr("blemish.evaluation.pooled._BLOCK", 3)
    asked_between = PixelMetrics()
    for anomaly_map, truth in images("quantised", n=6):
        asked_between.add(anomaly_map, truth)
        asked_between.result()
    assert asked_between.result().ranking.auroc == pytest.approx(expected.ranking.auroc, abs=1e-12)
    assert asked_between.result().ranking.aupro == pytest.approx(expected.ranking.aupro, abs=1e-12)
    assert asked_between.result().ranking.best_threshold == expected.ranking.best_threshold


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("limit", [0, 3000])
def test_beyond_the_exact_limit_the_stated_error_covers_the_true_one(kind, limit):
    exact, rounded = PixelMetrics(), PixelMetrics(exact_limit=limit)
    for anomaly_map, truth in images(kind):
        exact.add(anomaly_map, truth)
        rounded.add(anomaly_map, truth)
    exact, rounded = exact.result().ranking, rounded.result().ranking
    assert abs(rounded.auroc - exact.auroc) <= rounded.auroc_error + 1e-12
    assert rounded.auroc_error < 0.02
    assert rounded.average_precision == pytest.approx(exact.average_precision, abs=0.02)
    assert rounded.aupro == pytest.approx(exact.aupro, abs=0.02)
    assert rounded.best_f1 == pytest.approx(exact.best_f1, abs=0.02)


def test_threshold_metrics_equal_scikit_learns_on_all_pixels_at_once():
    pairs = list(images())
    found = PixelMetrics()
    for anomaly_map, truth in pairs:
        found.add(anomaly_map, truth, anomaly_map >= 0.8)
    record = found.result().to_record()
    truth = np.concatenate([mask.ravel() for _, mask in pairs])
    flagged = np.concatenate([anomaly_map.ravel() >= np.float32(0.8) for anomaly_map, _ in pairs])
    assert record["precision"] == pytest.approx(metrics.precision_score(truth, flagged))
    assert record["recall"] == pytest.approx(metrics.recall_score(truth, flagged))
    assert record["accuracy"] == pytest.approx(metrics.accuracy_score(truth, flagged))
    assert record["f1"] == record["dice"] == pytest.approx(metrics.f1_score(truth, flagged))
    assert record["iou"] == pytest.approx(metrics.jaccard_score(truth, flagged))
    assert record["f1_2px"] >= record["f1"]


def test_tolerance_metrics_pool_counts_and_not_images():
    line = np.zeros((20, 20), dtype=bool)
    line[10, :] = True
    empty = np.zeros_like(line)
    found = PixelMetrics()
    zeros = np.zeros((20, 20), dtype=np.float32)
    found.add(zeros, line, np.roll(line, 2, axis=0))  # 20 of 20 near, both ways
    found.add(zeros, empty, line)  # 20 false alarms
    result = found.result()
    assert result.tolerance[2.0].precision == 0.5
    assert result.tolerance[2.0].recall == 1
    assert result.to_record()["f1_2px"] == pytest.approx(2 / 3)
    assert result.to_record()["f1"] == 0


def test_the_best_threshold_is_found_in_a_stream_and_finds_what_it_says():
    pairs = list(images())
    best = best_f1_threshold((*pair, None) for pair in pairs)
    found = PixelMetrics()
    for anomaly_map, truth in pairs:
        found.add(anomaly_map, truth, anomaly_map >= best.threshold)
    assert found.result().confusion.f1 == pytest.approx(best.f1)


@pytest.mark.parametrize("value", [False, True])
def test_with_one_class_of_pixel_ranking_metrics_are_none_and_without_a_defect_all_are(value):
    found = PixelMetrics()
    found.add(np.zeros((1, 1), dtype=np.float32), np.full((1, 1), value), np.full((1, 1), value))
    record = found.result().to_record()
    assert record["auroc"] is record["average_precision"] is None
    assert record["accuracy"] == record["f1"] == (1 if value else None)
    assert value or set(record.values()) == {None}
    assert best_f1_threshold([(np.zeros((2, 2), np.float32), np.full((2, 2), value), None)]) is None


def test_with_no_image_every_figure_is_none():
    assert set(PixelMetrics().result().to_record().values()) == {None}


def test_without_ranking_the_counts_remain():
    found = PixelMetrics(rank=False)
    for anomaly_map, truth in images():
        found.add(anomaly_map, truth, truth)
    assert found.result().ranking.auroc is None
    assert found.result().confusion.f1 == 1


Z = np.zeros((4, 5), dtype=np.float32)
F = np.zeros((4, 5), dtype=bool)


@pytest.mark.parametrize(
    ("anomaly_map", "truth", "predicted", "said"),
    [
        (Z, F.T, None, r"one size \(H, W\); got \(4, 5\) and \(5, 4\)"),
        (Z[0], F[0], None, "one size"),
        (Z[:0], F[:0], None, "one size"),
        (Z, F, F.T, r"its image's size \(4, 5\); got \(5, 4\)"),
        (np.full((4, 5), np.nan, np.float32), F, None, "20 of the 20 values"),
        (np.full((4, 5), np.inf, np.float32), F, None, "NaN or infinite"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(anomaly_map, truth, predicted, said):
    with pytest.raises(DataError, match=said):
        PixelMetrics().add(anomaly_map, truth, predicted)


def test_masks_for_some_images_only_are_refused():
    found = PixelMetrics()
    found.add(Z, F, F)
    with pytest.raises(DataError, match="for every image or for none"):
        found.add(Z, F)


def test_ignored_pixels_count_nowhere():
    """As if they had been cut out of map, truth and decision before anything was counted."""
    rng = np.random.default_rng(7)
    ignored = np.zeros((40, 40), bool)
    ignored[:, 25:] = True
    found, expected = PixelMetrics(), PixelMetrics()
    for anomaly_map, truth in [(rng.random((40, 40)).astype(np.float32), rng.random((40, 40)) < 0.2) for _ in range(3)]:
        found.add(anomaly_map, truth, anomaly_map > 0.5, ignored)
        kept = anomaly_map[:, :25], truth[:, :25]
        expected.add(*kept, kept[0] > 0.5)
    assert found.result().to_record() == pytest.approx(expected.result().to_record())
    assert found.result().details()["aupro"] == pytest.approx(expected.result().details()["aupro"])
    assert found.result().n_px == 3 * 40 * 25


def test_an_image_that_is_ignored_all_over_adds_nothing():
    found = PixelMetrics()
    everything = np.ones((4, 4), bool)
    found.add(np.zeros((4, 4), np.float32), everything, everything, everything)
    assert set(found.result().to_record().values()) == {None}


@pytest.mark.parametrize(("apart_px", "f1_2px", "f1_5px"), [(2, 1, 1), (3, 0, 1), (5, 0, 1), (6, 0, 0)])
def test_each_tolerance_is_the_distance_in_its_name(apart_px: int, f1_2px: float, f1_5px: float):
    truth, predicted = np.zeros((2, 20, 20), bool)
    truth[5], predicted[5 + apart_px] = True, True
    metrics = PixelMetrics()
    metrics.add(predicted.astype(np.float32), truth, predicted)
    result = metrics.result()
    assert result.to_record()["f1_2px"] == f1_2px
    assert (result.details()["f1_2px"], result.details()["f1_5px"]) == (f1_2px, f1_5px)
