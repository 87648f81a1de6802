"""Pixel metrics at a handful of thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.errors import DataError
from blemish.evaluation import ThresholdSweep


def test_each_row_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    images = [(rng.random((20, 30)).astype(np.float32), rng.random((20, 30)) < 0.2) for _ in range(3)]
    sweep = ThresholdSweep((0.1, 0.5, 0.9))
    for image in images:
        sweep.add(*image)
    scores, truth = (np.concatenate([each[part].ravel() for each in images]) for part in (0, 1))
    for row in sweep.rows():
        record, decided = row.to_record(), scores >= np.float32(row.threshold)
        assert record["precision"] == pytest.approx(metrics.precision_score(truth, decided))
        assert record["recall"] == pytest.approx(metrics.recall_score(truth, decided))
        assert record["accuracy"] == pytest.approx(metrics.accuracy_score(truth, decided))
        assert record["f1"] == pytest.approx(metrics.f1_score(truth, decided))
        assert record["f1_2px"] >= record["f1"]
    assert sweep.best().confusion.f1 == max(row.confusion.f1 for row in sweep.rows())


def test_masks_are_cleaned_before_they_are_counted():
    anomaly = np.eye(4, dtype=np.float32)
    sweep = ThresholdSweep((0.5,), clean=np.zeros_like, tolerances_px=())
    sweep.add(anomaly, anomaly > 0)
    assert sweep.rows()[0].to_record() == {
        "threshold": 0.5,
        "precision": None,
        "recall": 0.0,
        "accuracy": 0.75,
        "f1": 0.0,
    }


def test_a_value_at_the_threshold_counts():
    sweep = ThresholdSweep((0.1,))  # 0.1 as float32 is a little more than 0.1
    sweep.add(np.full((2, 2), 0.1, np.float32), np.ones((2, 2), np.bool_))
    assert sweep.rows()[0].confusion.recall == 1


def test_sizes_that_differ_are_said():
    with pytest.raises(DataError, match=r"the same size"):
        ThresholdSweep((0.5,)).add(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.bool_))
