"""Crack figures against threshold-by-threshold counting and scikit-image's skeletons."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import thin

from blemish.errors import DataError, SettingsError
from blemish.evaluation.cracks import CrackMetrics
from blemish.evaluation.tolerance import ToleranceCounts, count_within

THRESHOLDS = [0.1, 0.3, 0.5, 0.7, 0.9]


def images(n=4, seed=0):
    rng = np.random.default_rng(seed)
    for i in range(n):
        truth = np.zeros((40, 50 + i), dtype=bool)
        if i < n - 1:
            truth[10 + i : 13 + i, 5:45] = True
            truth[5:35, 20:22] = True
        noisy = ndimage.gaussian_filter(truth + 0.3 * rng.normal(size=truth.shape), 1.2)
        yield np.clip(noisy + 0.2 * i, 0, 1).astype(np.float32), truth


def filled(tolerance_px=2.0, **options):
    metrics = CrackMetrics(THRESHOLDS, tolerance_px=tolerance_px, **options)
    for anomaly_map, truth in images():
        metrics.add(anomaly_map, truth, anomaly_map >= np.float32(0.5))
    return metrics.result()


@pytest.mark.parametrize("tolerance_px", [0, 1.5, 2, 5])
def test_ods_and_ois_equal_counting_every_threshold_by_itself(tolerance_px):
    pooled = {t: ToleranceCounts() for t in THRESHOLDS}
    best = []
    for anomaly_map, truth in images():
        counts = {t: count_within(anomaly_map >= np.float32(t), truth, (tolerance_px,))[0] for t in THRESHOLDS}
        pooled = {t: pooled[t] + counts[t] for t in THRESHOLDS}
        if truth.any():
            best.append(max(c.f1 for c in counts.values()))
    result = filled(tolerance_px)
    assert result.ods == pytest.approx(max(c.f1 for c in pooled.values()))
    assert pooled[round(result.ods_threshold, 6)].f1 == pytest.approx(result.ods)
    assert result.ois == pytest.approx(np.mean(best))


def test_centre_line_iou_and_length_recall_equal_their_definitions():
    tp = fp = fn = found = length = 0
    for anomaly_map, truth in images():
        predicted = anomaly_map >= 0.5
        line, guess = thin(truth), thin(predicted)
        near_truth = ndimage.distance_transform_edt(~line) <= 4 if line.any() else np.zeros_like(line)
        near_guess = ndimage.distance_transform_edt(~guess) <= 4 if guess.any() else np.zeros_like(line)
        tp += (line & near_guess).sum()
        fn += (line & ~near_guess).sum()
        fp += (guess & ~near_truth).sum()
        reached = ndimage.distance_transform_edt(~predicted) <= 2 if predicted.any() else np.zeros_like(line)
        found += (line & reached).sum()
        length += line.sum()
    result = filled()
    assert result.centre_line_iou == pytest.approx(tp / (tp + fp + fn))
    assert result.length_recall == pytest.approx(found / length)


def test_length_recall_does_not_depend_on_the_width_of_the_label_or_of_the_prediction():
    truth, half = np.zeros((2, 60, 100), dtype=bool)
    truth[24:37, :] = True  # 13 px wide
    half[30, :50] = True  # 1 px wide, half as long
    metrics = CrackMetrics()
    metrics.add(half.astype(np.float32), truth, half)
    assert metrics.result().length_recall == pytest.approx(0.5, abs=0.06)


def test_a_perfect_map_scores_one_everywhere():
    metrics = CrackMetrics(tolerance_px=0)
    for _, truth in images():
        metrics.add(truth.astype(np.float32), truth, truth)
    details = metrics.result().details()
    assert [details[f"{name}_0px"] for name in ("ods", "ois")] == [1, 1]
    assert details["centre_line_iou_4px"] == details["length_recall_2px"] == 1


def test_without_cracks_there_are_no_metrics_but_a_false_line_counts_against_the_iou():
    metrics = CrackMetrics()
    empty = np.zeros((9, 9), dtype=bool)
    metrics.add(np.zeros((9, 9), np.float32), empty, empty)
    assert set(metrics.result().details().values()) == {
        None,
    }
    metrics.add(np.zeros((9, 9), np.float32), empty, ~empty)
    assert metrics.result().centre_line_iou == 0
    assert metrics.result().length_recall is None


def test_without_masks_only_the_sweep_is_given():
    metrics = CrackMetrics()
    for anomaly_map, truth in images():
        metrics.add(anomaly_map, truth)
    assert metrics.result().ods is not None
    assert metrics.result().centre_line_iou is None


@pytest.mark.parametrize("thresholds", [[], [0.5, 0.5], [0.6, 0.4]])
def test_thresholds_must_rise(thresholds):
    with pytest.raises(SettingsError, match="rising order"):
        CrackMetrics(thresholds)


def test_a_negative_tolerance_is_refused():
    with pytest.raises(SettingsError, match="0 or more; got -1"):
        CrackMetrics(tolerance_px=-1)


@pytest.mark.parametrize(
    ("anomaly_map", "predicted", "said"),
    [
        (np.zeros((3, 4), np.float32), None, "one size"),
        (np.zeros((4, 4), np.float32), np.zeros((3, 4), bool), "one size"),
        (np.full((4, 4), np.nan, np.float32), None, "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(anomaly_map, predicted, said):
    with pytest.raises(DataError, match=said):
        CrackMetrics().add(anomaly_map, np.zeros((4, 4), dtype=bool), predicted)


def test_a_value_on_the_threshold_counts():
    truth = np.zeros((9, 9), dtype=bool)
    truth[4] = True
    metrics = CrackMetrics((0.25, 0.5, 0.75))
    metrics.add(np.where(truth, np.float32(0.5), np.float32(0)), truth)
    assert (metrics.result().ods, metrics.result().ods_threshold) == (1, 0.5)
