"""The root: help, version, typos, and what becomes of errors."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

import blemish as package
from blemish.cli.failures import failure_of
from blemish.errors import DataError


def test_help_lists_every_verb(blemish):
    shown = blemish("--help").stdout
    for verb in (
        "inspect",
        "measure",
        "report",
        "train",
        "evaluate",
        "calibrate",
        "export",
        "benchmark",
        "methods",
        "detector",
        "data",
        "demo",
        "doctor",
    ):
        assert f"  {verb} " in shown


@pytest.mark.parametrize(
    "verb",
    [
        ["inspect"],
        ["train"],
        ["evaluate"],
        ["measure"],
        ["calibrate"],
        ["export"],
        ["report"],
        ["benchmark"],
        ["methods"],
        ["detector"],
        ["detector", "show"],
        ["detector", "set-threshold"],
        ["data"],
        ["demo"],
        ["doctor"],
    ],
)
def test_every_verb_has_help(blemish, verb: list[str]):
    result = blemish(*verb, "--help")
    assert result.exit_code == 0
    assert "Usage: blemish " + " ".join(verb) in result.stdout


def test_version(blemish):
    assert blemish("--version").stdout == f"blemish {package.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inspct"], 'Did you mean "inspect"?'),
        (["detector", "shwo"], 'Did you mean "show"?'),
        (["nothing-like-it"], "Known: "),
        (["inspect", "--detectr", "x"], "--detector"),
    ],
)
def test_a_typo_gets_a_hint(blemish, arguments: list[str], said: str):
    result = blemish(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_debug_shows_where_an_error_came_from(tmp_path: Path):
    from typer.testing import CliRunner

    from blemish.cli.main import app

    result = CliRunner().invoke(app, ["--debug", "detector", "show", str(tmp_path / "none.blemish")])
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (DataError("The folder is empty."), 2, "Error: The folder is empty."),
        (KeyboardInterrupt(), 130, "Stopped"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, 'pip install "blemish[train]"'),
        (ModuleNotFoundError("No module", name="lightning.pytorch"), 2, 'pip install "blemish[train]"'),
        (ModuleNotFoundError("No module", name="openvino"), 2, 'pip install "blemish[openvino]"'),
        (ModuleNotFoundError("No module named 'numpy'", name="numpy"), 1, "numpy"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 2, "free some space"),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), 2, '"/x/y"'),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 2, "may read and write"),
        (OSError("strange"), 2, "strange"),
        (MemoryError(), 2, "Memory"),
        (ValueError("impossible"), 1, "ValueError: impossible"),
    ],
)
def test_every_error_becomes_a_sentence(error: BaseException, exit_code: int, said: str):
    failure = failure_of(error)
    assert failure.exit_code == exit_code
    assert said in failure.sentence
    assert "\n" not in failure.sentence
