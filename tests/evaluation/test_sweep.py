"""Figures at a handful of thresholds, and tables of pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.errors import DataError
from blemish.evaluation import ThresholdSweep, draw_grid, mark_errors


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
    with pytest.raises(DataError, match=r"one size \(H, W\)"):
        ThresholdSweep((0.5,)).add(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.bool_))


def test_errors_have_three_colours_and_the_rest_is_the_image():
    image = np.full((2, 2, 3), 90, np.uint8)
    marked = mark_errors(image, np.array([[1, 1], [0, 0]], np.bool_), np.array([[1, 0], [1, 0]], np.bool_))
    assert marked.reshape(4, 3).argmax(axis=1).tolist() == [1, 0, 2, 0]
    assert (marked[1, 1] == 90).all()
    assert (image == 90).all()


def test_a_grid_is_drawn_from_images_masks_and_maps(tmp_path: Path):
    cells = [np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=np.bool_), np.eye(8, dtype=np.float32)]
    draw_grid(tmp_path / "grid.png", ["image", "mask", "map"], [cells, cells], captions=["a", "b"], title="벽")
    assert cv2.imread(str(tmp_path / "grid.png")) is not None
    with pytest.raises(DataError, match="rows of 2 pictures"):
        draw_grid(tmp_path / "other.png", ["image", "mask"], [cells])
