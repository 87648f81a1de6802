"""``blemish benchmark``: how its arguments read; what it does is tested in the benchmarking room."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import blemish.benchmarking


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple]:
    """What the library was asked for."""
    calls: list[tuple] = []
    table = tmp_path / "table.md"
    table.write_text("| data |\n")

    def run(recipes, data, out, **options):
        options.pop("say")
        calls.append((list(recipes), list(map(str, data)), str(out), options))
        return SimpleNamespace(table=table, runs=[1])

    monkeypatch.setattr(blemish.benchmarking, "benchmark", run)
    return calls


@pytest.mark.parametrize(
    "line",
    [
        "unet padim --data a --data b --seed 3 --seed 1 --out o --allow-leaks a --allow-leaks b",
        "--seed=3 --seed 1 --out o --allow-leaks a --allow-leaks b --data a --data=b -- unet padim",
    ],
)
def test_several_values_are_given_by_repeating_the_option(blemish, asked: list[tuple], line: str):
    result = blemish("benchmark", *line.split())
    assert result.stdout == "| data |\n"
    expected = {"seeds": [3, 1], "profile": "quick", "allow_leaks": ["a", "b"], "normal_names": None, "plan": None}
    assert asked == [(["unet", "padim"], ["a", "b"], "o", expected)]


def test_three_seeds_are_the_default(blemish, asked: list[tuple]):
    blemish("benchmark", "unet", "--data", "a", "--out", "o", "--profile", "paper")
    assert asked[0][3] == {
        "seeds": (0, 1, 2),
        "profile": "paper",
        "allow_leaks": (),
        "normal_names": None,
        "plan": None,
    }


def test_normal_classes_may_be_named(blemish, asked: list[tuple]):
    blemish("benchmark", "unet", "--data", "a", "--out", "o", "--normal", "ganz", "--normal", "heil")
    assert asked[0][3]["normal_names"] == ["ganz", "heil"]


@pytest.mark.parametrize(
    "arguments",
    [["unet", "--out", "o"], ["--data", "a", "--out", "o"], ["unet", "--data", "a", "--out", "o", "--seed", "one"]],
)
def test_what_is_missing_is_said(blemish, asked: list[tuple], arguments: list[str]):
    assert blemish("benchmark", *arguments).exit_code == 2
    assert not asked
