"""Every exit code that the manual lists, and no verb with another."""

from __future__ import annotations

import ast
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.core import TyperCommand
from typer.testing import CliRunner

from blemish.cli.app import app
from blemish.cli.examples import EXAMPLES
from blemish.cli.exit_codes import ExitCode
from blemish.errors import BlemishError, DataError
from blemish.images import write_png

ROOT = Path(__file__).parents[2]
# One command of each verb. Groups of verbs have examples of verbs.
EXAMPLE_OF = {verb: shlex.split(lines[0]) for verb, lines in EXAMPLES.items() if lines[0].startswith(verb)}


def test_the_manual_explains_every_code_and_no_other():
    page = (ROOT / "docs/command-line.md").read_text("utf-8").partition("## Exit codes")[2].partition("## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == sorted(ExitCode)
    assert ExitCode.STOPPED_BY_CTRL_C == 128 + signal.SIGINT
    assert ExitCode.STOPPED_BY_SIGTERM == 128 + signal.SIGTERM
    assert ExitCode.OUTPUT_CLOSED == 128 + 13


def test_no_verb_ends_with_a_code_of_its_own():
    for path in sorted((ROOT / "src/blemish/cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"typer.Exit", "Failure", "sys.exit"}:
                codes = [ast.unparse(each) for each in node.args][-1:]
                assert not re.match(r"\d", codes[0] if codes else ""), (path.name, node.lineno)


CODE_OF: list[tuple[BaseException | None, ExitCode]] = [
    (None, ExitCode.DONE),
    (RuntimeError("impossible"), ExitCode.FAULT),
    (DataError("The folder is empty."), ExitCode.BAD_INPUT),
    (PermissionError(13, "Permission denied", "/x"), ExitCode.BAD_INPUT),
    (ModuleNotFoundError("No module named 'torch'", name="torch"), ExitCode.BAD_INPUT),
    (MemoryError(), ExitCode.BAD_INPUT),
    (KeyboardInterrupt(), ExitCode.STOPPED_BY_CTRL_C),
    (BrokenPipeError(), ExitCode.OUTPUT_CLOSED),
]


@pytest.mark.parametrize("verb", EXAMPLE_OF)
def test_every_verb_ends_with_the_code_of_what_stopped_it(monkeypatch: pytest.MonkeyPatch, verb: str):
    for error, code in CODE_OF:

        def stopped(*_: object, error: BaseException | None = error) -> None:
            if error is not None:
                raise error

        monkeypatch.setattr(TyperCommand, "invoke", stopped)
        result = CliRunner().invoke(app, EXAMPLE_OF[verb], prog_name="blemish")
        assert result.exit_code == code, (error, result.output)
        assert "Traceback" not in result.output
        if isinstance(error, BlemishError):
            assert result.stderr == f"Error: {error}\n"


@pytest.mark.parametrize("verb", EXAMPLE_OF)
def test_every_verb_refuses_an_option_that_it_does_not_have(blemish, verb: str):
    assert blemish(*EXAMPLE_OF[verb], "--no-such-option").exit_code == ExitCode.BAD_INPUT


# Verbs that need nothing of what their examples name.
NEEDS_NOTHING = {
    "",
    "demo",
    "doctor",
    "methods",
    "reproduce",
    "serve",
    "series",
    "series synth",
    "data synth",
    "data parts",
}
NEEDS_NOTHING |= {"detector", "detector show"}


@pytest.mark.parametrize("verb", sorted(set(EXAMPLE_OF) - NEEDS_NOTHING))
def test_every_verb_says_in_a_sentence_what_is_not_there(
    blemish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
):
    monkeypatch.chdir(tmp_path)
    result = blemish(*EXAMPLE_OF[verb])
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert not list(tmp_path.glob("*.blemish"))


def test_inspect_tells_failed_images_by_its_code_and_gate_a_detector_that_is_not_shown_to_be_good(
    blemish, darkness_file: Path, tmp_path: Path, wall: np.ndarray
):
    images = tmp_path / "walls"
    write_png(images / "good/a.png", wall)
    write_png(images / "bad/b.png", 255 - wall)
    detector = ["--detector", darkness_file]
    assert blemish("inspect", images, *detector, "--json").exit_code == ExitCode.DONE
    assert blemish("gate", *detector, "--data", images).exit_code == ExitCode.GATE_CLOSED
    (images / "c.png").write_bytes(b"no image")
    assert blemish("inspect", images, *detector, "--json").exit_code == ExitCode.SOME_FAILED
    assert blemish("inspect", images / "c.png", *detector, "--json").exit_code == ExitCode.BAD_INPUT


@pytest.mark.parametrize("words", [["methods"], ["methods", "--json"], ["--help"]], ids=" ".join)
def test_a_reader_that_ends_is_no_fault(words: list[str]):
    command = [Path(sys.executable).with_name("blemish"), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
        assert running.wait() == ExitCode.OUTPUT_CLOSED
    assert said == ""
