"""Runs are computed once, failures do not stop the others, and every metric has its cost beside it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from blemish.benchmarking import Benchmark, running
from blemish.benchmarking.contenders import Contender
from blemish.benchmarking.records import read_images
from blemish.errors import BlemishError, DataError, SettingsError
from blemish.images import read_image, write_png

Run = Callable[..., Benchmark]


def test_every_method_meets_every_seed_and_metrics_have_their_cost(run: Run, processes: list, tmp_path: Path):
    result = run(seeds=[0, 1])
    assert len(result.runs) == 4
    assert processes.count(("fit", "unet", 1)) == 1
    table = result.table.read_text(encoding="utf-8")
    for heading in ("image AUROC", "pixel F1", "fit, s", "images/s", "fit peak, MiB", "inspect peak, MiB", "MB"):
        assert heading in table
    assert "quick one" in table
    assert "1.5 ± 0.0" in table
    page = (tmp_path / "out" / "benchmark.html").read_text(encoding="utf-8")
    assert "careful one" in page
    assert "<script" not in page
    rows = list(csv.DictReader((tmp_path / "out" / "benchmark.csv").open(encoding="utf-8")))
    assert [row["contender"] for row in rows] == ["quick one", "careful one"]
    assert float(rows[0]["image AUROC sd"]) == 0.0


def test_the_metrics_are_those_of_the_answers(run: Run, tmp_path: Path):
    result = run(seeds=[0])
    answers = read_images(tmp_path / "out" / "runs" / "벽 walls" / "quick one" / "seed0")
    assert answers.defective.tolist() == [False, True] * 4
    expected = roc_auc_score(answers.defective, answers.scores)
    assert result.runs[0].metrics["image"]["auroc"] == pytest.approx(expected)
    assert answers.counts.sum() == 8 * 40 * 40


def test_a_finished_run_is_never_computed_again(run: Run, processes: list):
    first = run(seeds=[0])
    processes.clear()
    again = run(seeds=[0, 1])
    assert {seed for _, _, seed in processes} == {1}
    assert again.runs[0] == first.runs[0]


def test_a_killed_run_goes_on_where_it_was(run: Run, processes: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    process = running._process

    def killed(half: str, folder: Path) -> None:
        if len(processes) == 5:
            raise KeyboardInterrupt
        process(half, folder)

    monkeypatch.setattr(running, "_process", killed)
    with pytest.raises(KeyboardInterrupt):
        run(seeds=[0, 1])
    # A run that is killed outright cannot tidy up; the next one does.
    half_done = tmp_path / "out" / "runs" / "벽 walls" / "careful one" / ".seed0.abcdef"
    half_done.mkdir()
    monkeypatch.setattr(running, "_process", process)
    processes.clear()
    assert len(run(seeds=[0, 1]).runs) == 4
    assert [method for half, method, _ in processes if half == "fit"] == ["darkness", "darkness"]
    assert not half_done.exists()


def test_a_failure_is_recorded_tells_why_and_is_tried_again(
    run: Run, processes: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    process = running._process

    def failing(half: str, folder: Path) -> None:
        if "quick one" in str(folder) and ".seed1" in folder.name:
            raise running._FailedError("fit", "Out of luck.", ["a", "b"])
        process(half, folder)

    monkeypatch.setattr(running, "_process", failing)
    result = run(seeds=[0, 1])
    assert len(result.runs) == 3
    assert [(one.contender, one.seed, one.error) for one in result.failures] == [("quick one", 1, "Out of luck.")]
    table = result.table.read_text(encoding="utf-8")
    assert "1, 1 failed" in table
    assert "Out of luck." in table
    record = tmp_path / "out" / "runs" / "벽 walls" / "quick one" / "seed1.failed.json"
    assert json.loads(record.read_text())["log"] == ["a", "b"]
    monkeypatch.setattr(running, "_process", process)
    assert len(run(seeds=[0, 1]).runs) == 4
    assert not record.exists()


def test_results_of_other_settings_are_not_mixed_in(run: Run, contenders: list[Contender]):
    run(seeds=[0])
    contenders[0] = Contender("quick one", "unet", "masks", None, {"epochs": 2})
    with pytest.raises(SettingsError, match="other settings, another split or other images"):
        run(seeds=[0])


def test_results_of_other_images_are_not_mixed_in(run: Run, images: Path):
    run(seeds=[0])
    changed = images / "train" / "images" / "0.png"
    write_png(changed, 255 - read_image(changed))
    with pytest.raises(SettingsError, match="other images"):
        run(seeds=[0])


@pytest.mark.parametrize("split", ["train", "test"])
def test_both_splits_are_needed(run: Run, tmp_path: Path, split: str):
    root = tmp_path / "half"
    for number in range(4):
        write_png(root / split / "good" / f"{number}.png", read_image(next((tmp_path / "벽 walls").rglob("*.png"))))
    with pytest.raises(DataError, match=r"has no (training|test) images|splits"):
        run(data=[root])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": []}, "at least one seed"),
        ({"seeds": [1, 1]}, "seed 1 is given twice"),
        ({"data": []}, "at least one data set"),
        ({"allow_leaks": ["벽 wals"]}, 'Did you mean "벽 walls"'),
    ],
)
def test_a_plan_that_cannot_be_is_a_sentence(run: Run, options: dict, said: str):
    with pytest.raises(SettingsError, match=said):
        run(**options)


def test_data_sets_of_one_name_are_refused(run: Run, images: Path, tmp_path: Path):
    other = tmp_path / "elsewhere" / images.name
    other.mkdir(parents=True)
    with pytest.raises(SettingsError, match="Two data sets"):
        run(data=[images, other])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; print('The data are bad.', file=sys.stderr); sys.exit(2)", "The data are bad."),
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
        ("import sys; sys.exit(1)", "printed nothing"),
    ],
)
def test_how_a_process_ends_is_told(code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import subprocess
    import sys

    plain = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **options: plain([sys.executable, "-c", code], **options))
    with pytest.raises(BlemishError, match=said):
        running._process("fit", tmp_path)
