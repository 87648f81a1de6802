"""``blemish detector``: looking and moving thresholds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blemish.detectors import read_container


def test_show_says_where_a_detector_comes_from(blemish, darkness_file: Path):
    shown = blemish("detector", "show", darkness_file).stdout
    assert "darkness" in shown
    assert "review 0.4, reject 0.6" in shown
    assert "tiles of 64 px" in shown


def test_show_as_json_is_the_whole_description(blemish, darkness_file: Path):
    shown = json.loads(blemish("detector", "show", darkness_file, "--json").stdout)
    assert shown == read_container(darkness_file).spec.model_dump(mode="json")


def test_thresholds_move_and_nothing_else(blemish, darkness_file: Path):
    before = read_container(darkness_file)
    result = blemish("detector", "set-threshold", darkness_file, "--reject", "0.95", "--min-area", "5")
    assert "reject 0.95" in result.stdout
    after = read_container(darkness_file)
    assert after.spec.thresholds.model_dump() == {
        "pixel": 0.6,
        "peak": None,
        "min_area_px": 5,
        "by_class": (),
        "review": 0.4,
        "reject": 0.95,
        "source": "set by hand",
    }
    assert after.graph == before.graph
    assert after.spec.model_copy(update={"thresholds": before.spec.thresholds}) == before.spec


def test_a_new_file_leaves_the_old_one_alone(blemish, darkness_file: Path):
    before = darkness_file.read_bytes()
    blemish("detector", "set-threshold", darkness_file, "--pixel", "0.5", "--out", "새 detector.blemish")
    assert darkness_file.read_bytes() == before
    assert read_container(Path("새 detector.blemish")).spec.thresholds.pixel == 0.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Say what to change"),
        (["--review", "0.9"], "review must not lie above reject"),
        (["--reject", "nan"], "finite"),
        (["--pixel", "inf"], "finite"),
        (["--reject", "high"], "--reject"),
        (["--min-area", "0"], "min_area_px"),
    ],
)
def test_thresholds_that_cannot_be_are_refused(blemish, darkness_file: Path, arguments: list[str], said: str):
    before = darkness_file.read_bytes()
    result = blemish("detector", "set-threshold", darkness_file, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert darkness_file.read_bytes() == before


def test_a_place_that_cannot_be_written_is_said(blemish, darkness_file: Path):
    Path("file").write_text("")
    result = blemish("detector", "set-threshold", darkness_file, "--pixel", "0.5", "--out", "file/new.blemish")
    assert result.exit_code == 2
    assert "file/new.blemish" in result.stderr
