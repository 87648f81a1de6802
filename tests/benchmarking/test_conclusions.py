"""Intervals, p-values and ranks reach the tables; what cannot be computed leaves no empty column."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blemish.benchmarking import Benchmark
from blemish.benchmarking.comparing import areas_of, read_answers
from blemish.evaluation import auroc
from blemish.images import read_image

Run = Callable[..., Benchmark]


def test_two_data_sets_give_intervals_p_values_ranks_and_their_picture(
    run: Run, draw: Callable[..., Path], tmp_path: Path, images: Path
):
    other = draw(tmp_path / "tiles", test=12, size_px=48)
    result = run(seeds=[0], data=[images, other])
    assert result.ranks is not None
    assert result.ranks.data == ("벽 walls", "tiles")
    # Both contenders are one detector here: shared ranks, and no difference.
    assert list(result.ranks.average.values()) == [1.5, 1.5]
    table = result.table.read_text(encoding="utf-8")
    assert "DeLong p" in table
    assert "average ranks must differ by" in table
    ranks = list(csv.DictReader((tmp_path / "out" / "ranks.csv").open(encoding="utf-8")))
    assert float(ranks[0]["Wilcoxon p (Holm)"]) == 1.0
    assert read_image(tmp_path / "out" / "ranks.png").shape[2] == 3
    of_auroc = [one for one in result.differences if one.metric == "image AUROC"]
    assert [one.delong_p for one in of_auroc] == [1.0, 1.0]
    assert all(one.delong_p is None for one in result.differences if one.metric != "image AUROC")


def test_one_data_set_has_no_ranks(run: Run, tmp_path: Path):
    result = run(seeds=[0])
    assert result.ranks is None
    assert not (tmp_path / "out" / "ranks.png").exists()
    assert "average rank" not in result.table.read_text(encoding="utf-8")


def test_the_interval_is_of_the_mean_over_seeds_on_images_of_known_truth(run: Run, tmp_path: Path):
    result = run(seeds=[0, 1])
    folder = tmp_path / "out" / "runs" / "벽 walls" / "quick one"
    answers = read_answers(result.runs, lambda record: folder / f"seed{record.identity.seed}")
    runs = list(answers["벽 walls", "quick one"].values())
    areas = areas_of(runs)
    assert areas is not None
    assert areas.values == pytest.approx([auroc(one.scores, one.defective) for one in runs])
    assert np.allclose(areas.covariance, areas.covariance[0, 0])
