"""The root: help, version, typos, and what becomes of errors."""

from __future__ import annotations

import errno
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import Result

import blemish as package
from blemish.cli.app import app
from blemish.cli.examples import EXAMPLES
from blemish.cli.failures import failure_of
from blemish.errors import DataError
from blemish.images import write_png


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


def commands(group: Any = None, path: str = "") -> dict[str, Any]:
    """Every verb and group of verbs by its name, the root as an empty one."""
    group = group or get_command(app)
    found = {path: group}
    for name, command in group.commands.items():
        below = f"{path} {name}".strip()
        found |= commands(command, below) if hasattr(command, "commands") else {below: command}
    return found


def test_help_shows_summaries_in_full_and_verbs_in_groups(blemish):
    shown = blemish("--help").stdout
    assert "..." not in shown.replace("[ARGS]...", "")
    for verb in get_command(app).commands.values():
        assert " ".join(verb.help.split("\n\n")[0].split()) in " ".join(shown.split())
    assert re.findall(r"^(\S.*):$", shown, re.MULTILINE) == [
        "Inspect and measure",
        "Make detectors",
        "Data and machine",
        "Shell completion",
        "Help and messages",
        "Examples",
    ]


@pytest.mark.parametrize("name", commands())
def test_every_verb_has_examples_that_it_would_take(blemish, name: str):
    shown = blemish(*name.split(), "--help").stdout
    examples = re.findall(r"^  blemish (.*)$", shown.partition("Examples:\n")[2], re.MULTILINE)
    assert examples == list(EXAMPLES[name])
    for example in examples:
        words = shlex.split(example)
        verb = max((path for path in commands() if words[: len(path.split())] == path.split()), key=len)
        # Reads the arguments and does nothing.
        commands()[verb].make_context(verb, words[len(verb.split()) :])
        assert verb.startswith(name)


@pytest.mark.parametrize("name", [name for name, each in commands().items() if not hasattr(each, "commands")])
def test_every_verb_is_quiet_verbose_and_forgets_neither_helps_group(blemish, name: str):
    shown = blemish(*name.split(), "--help").stdout
    messages = shown.partition("Help and messages:\n")[2].partition("\n\n")[0]
    assert [line.split()[0].strip(",") for line in messages.splitlines()] == ["-q", "-v", "--debug", "-h"]


@pytest.mark.parametrize("name", [name for name in commands() if not name.startswith("detector")])
def test_a_detector_is_an_option_everywhere_but_in_the_group_that_is_about_detector_files(name: str):
    given = [each for each in commands()[name].params if each.name == "detector"]
    assert all(each.param_type_name == "option" and each.opts == ["--detector"] for each in given)


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


@pytest.mark.parametrize("position", ["before the verb", "behind it"])
def test_quiet_leaves_out_notes_and_verbose_adds_details(
    blemish, darkness_file: Path, tmp_path: Path, wall: np.ndarray, position: str
):
    folder = tmp_path / "photos"
    folder.mkdir()
    write_png(folder / "a.png", wall)
    (folder / "b.psd").write_bytes(b"8BPS")

    def inspect(*flags: str) -> Result:
        command = ["inspect", folder, "--detector", darkness_file, "--out", "out", "--no-report", "--anew"]
        return blemish(*flags, *command) if position == "before the verb" else blemish(*command, *flags)

    usual, quiet, verbose = inspect(), inspect("-q"), inspect("--verbose")
    assert usual.stdout == quiet.stdout == verbose.stdout != ""
    assert ".psd" in usual.stderr
    assert quiet.stderr == ""
    assert set(usual.stderr.splitlines()) < set(verbose.stderr.splitlines())
    assert "a.png: reject, score 0." in verbose.stderr
    assert re.search(r"blemish inspect: \d+\.\d s, at most [\d,]+ MB of memory\.", verbose.stderr)
    assert inspect("-q", "-v").stderr == "Error: Give -q or -v, not both.\n"
    assert inspect().stderr == usual.stderr


def test_quiet_keeps_errors(blemish):
    assert blemish("inspect", "none.jpg", "--json", "-q").stderr.startswith("Error: ")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("blemish insp", ["inspect"]),
        ("blemish detector sh", ["show"]),
        ("blemish inspect --detec", ["--detector"]),
        ("blemish inspect --detector con", ["concrete-crack"]),
        ("blemish inspect --detector here/o", ["here/one.blemish", "here/old/"]),
        ("blemish evaluate --detector one", []),
        ("blemish detector show con", ["concrete-crack"]),
        ("blemish train patchc", ["patchcore"]),
        ("blemish methods drawn-cr", ["drawn-cracks"]),
        ("blemish data check --layout voc", ["voc-boxes", "voc-masks"]),
        ("blemish measure --grade kor", ["korea-rc"]),
        ("blemish report --for", ["--format", "--force"]),
        ("blemish report --format do", ["docx"]),
    ],
)
def test_a_shell_completes_verbs_options_and_names(tmp_path: Path, words: str, offered: list[str]):
    (tmp_path / "here/old").mkdir(parents=True)
    for name in ("one.blemish", "other.jpg", ".hidden.blemish"):
        (tmp_path / "here" / name).write_bytes(b"")
    asked = {"_BLEMISH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    command = [str(Path(sys.executable).with_name("blemish"))]
    done = subprocess.run(command, env=os.environ | asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert sorted(done.stdout.split()) == sorted(offered), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_shown_for_a_shell(shell: str):
    environment = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [str(Path(sys.executable).with_name("blemish")), "--show-completion", shell]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "_BLEMISH_COMPLETE=complete_" in done.stdout, done.stderr


def test_debug_shows_where_an_error_came_from(tmp_path: Path):
    from typer.testing import CliRunner

    from blemish.cli.app import app

    result = CliRunner().invoke(app, ["--debug", "detector", "show", str(tmp_path / "none.blemish")])
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (DataError("The folder is empty."), 2, "Error: The folder is empty."),
        (KeyboardInterrupt(), 130, "Stopped"),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            2,
            'in a checkout of blemish, pip install ".[train]"',
        ),
        (
            ModuleNotFoundError("No module", name="lightning.pytorch"),
            2,
            'in a checkout of blemish, pip install ".[train]"',
        ),
        (ModuleNotFoundError("No module", name="openvino"), 2, 'checkout of blemish, pip install ".[openvino]"'),
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
