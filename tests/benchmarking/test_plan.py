"""A plan is written before any test image is scored; the table says whether it was kept, and what changed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from blemish.benchmarking import Benchmark, running
from blemish.benchmarking.contenders import Contender
from blemish.benchmarking.plan import freeze
from blemish.errors import DataError
from blemish.inspection.openings import Openings

Run = Callable[..., Benchmark]
DATA = {"walls": {"fingerprint": "ab", "test_images": 8, "opened_before": 0}}
SETTINGS = {"rate": 1e-05, "size": (224, 7), "backbone": '벽 "one"', "region": None, "deep": {"on": True, "x": [0.5]}}


def contender(**changes: object) -> Contender:
    return Contender("my recipe", "patchcore", "normal", None, {**SETTINGS, **changes})


def test_the_plan_is_there_before_the_first_run_and_its_table_says_that_it_was_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The same drawings are evaluated on by other tests of one run.
    monkeypatch.setenv("BLEMISH_CACHE", str(tmp_path / "cache"))
    file, process, seen = tmp_path / "plan.toml", running._process, []

    def looks(stage: str, folder: Path) -> None:
        seen.append(file.exists())
        process(stage, folder)

    monkeypatch.setattr(running, "_process", looks)
    result = run(seeds=[0, 1], plan=file)
    assert seen
    assert all(seen)
    plan = tomllib.loads(file.read_text(encoding="utf-8"))
    assert plan["contenders"]["quick one"]["settings"] == {"epochs": 1}
    assert plan["data"]["벽 walls"]["opened_before"] == 0
    table = result.table.read_text(encoding="utf-8")
    assert f"SHA-256 {plan['sha256']}" in table
    assert "Kept." in table
    # Two contenders, two seeds.
    assert "Test splits evaluated by this installation: 벽 walls 4 times since 20" in table
    assert "Kept." in run(seeds=[0, 1], plan=file).table.read_text(encoding="utf-8")
    other = run(seeds=[0], plan=file).table.read_text(encoding="utf-8")
    assert "Not kept: seeds was [0, 1], is [0]." in other


def test_a_failed_run_leaves_the_plan_unfinished(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def breaks(stage: str, folder: Path) -> None:
        raise running._FailedError(stage, "no memory", [])

    monkeypatch.setattr(running, "_process", breaks)
    assert "Kept so far, 4 runs unfinished." in run(seeds=[0, 1], plan=tmp_path / "plan.toml").notes[0]


def test_every_setting_comes_back_as_it_was_written(tmp_path: Path):
    first = freeze(tmp_path / "plan.toml", [contender()], DATA, [0, 1])
    again = freeze(tmp_path / "plan.toml", [contender()], DATA, [0, 1])
    assert (first.changes, first.edited) == ((), False)
    assert again == first
    assert tomllib.loads(first.file.read_text(encoding="utf-8"))["contenders"]["my recipe"]["settings"] == {
        "rate": 1e-05,
        "size": [224, 7],
        "backbone": '벽 "one"',
        "deep": {"on": True, "x": [0.5]},
    }


@pytest.mark.parametrize(
    ("run", "data", "seeds", "said"),
    [
        ({"rate": 0.1}, DATA, [0], "rate was 1e-05, is 0.1"),
        ({"more": 1}, DATA, [0], "more was added"),
        ({"rate": None}, DATA, [0], "rate was left out"),
        ({}, {"walls": {**DATA["walls"], "fingerprint": "cd"}}, [0], "data.walls.fingerprint was ab, is cd"),
        ({}, {**DATA, "tiles": DATA["walls"]}, [0], "data.tiles was added"),
        ({}, DATA, [0, 1], "seeds was [0], is [0, 1]"),
    ],
)
def test_what_departs_from_the_plan_is_named(tmp_path: Path, run: dict, data: dict, seeds: list[int], said: str):
    freeze(tmp_path / "plan.toml", [contender()], DATA, [0])
    plan = freeze(tmp_path / "plan.toml", [contender(**run)], data, seeds)
    assert said in plan.sentence(unfinished=0)
    assert "Kept" not in plan.sentence(unfinished=0)


def test_test_splits_opened_since_do_not_break_a_plan(tmp_path: Path):
    freeze(tmp_path / "plan.toml", [contender()], DATA, [0])
    later = freeze(tmp_path / "plan.toml", [contender()], {"walls": {**DATA["walls"], "opened_before": 9}}, [0])
    assert later.sentence(unfinished=0).endswith("by then: walls 0. Kept.")


@pytest.mark.parametrize(("old", "new"), [("1e-05", "1e-04"), ('opened_before" = 0', 'opened_before" = 1')])
def test_an_edited_plan_says_nothing(tmp_path: Path, old: str, new: str):
    file = tmp_path / "plan.toml"
    freeze(file, [contender()], DATA, [0])
    assert old in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert "edited afterwards" in freeze(file, [contender()], DATA, [0]).sentence(unfinished=0)


@pytest.mark.parametrize("text", ["", "x = ", "sha256 = 'a'\nwritten = 'b'\ndata = 3", "\0"])
def test_another_file_is_no_plan(tmp_path: Path, text: str):
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(DataError, match="is no plan of a benchmark"):
        freeze(file, [contender()], DATA, [0])


@pytest.mark.parametrize(
    ("openings", "said"),
    [
        (Openings(0, None), "never"),
        (Openings(1, "2026-11-28"), "once since 2026-11-28"),
        (Openings(7, "2026-11-28"), "7 times since 2026-11-28"),
    ],
)
def test_how_often_is_said_in_words(openings: Openings, said: str):
    assert str(openings) == said
