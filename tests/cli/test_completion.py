"""One command installs what a shell completes; tried in bash, as a person gets it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
# What bash does at Tab: it calls the function that is registered for the command.
AT_TAB = """
source "$HOME/.bashrc"
COMP_WORDS=(blemish detector sh) COMP_CWORD=2
_blemish_completion blemish sh detector
echo "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_one_command_installs_completion_for_bash(tmp_path: Path):
    environment = {
        key: value for key, value in os.environ.items() if key != "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"
    } | {"HOME": str(tmp_path), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def bash(script: str) -> str:
        command = ["bash", "--norc", "-c", script]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "bash completion installed" in bash("blemish --install-completion; exit $?")
    assert bash(AT_TAB).split() == ["show"]
    assert "-F _blemish_completion blemish" in bash('source "$HOME/.bashrc"; complete -p blemish')
    # A second time adds no second line.
    bash("blemish --install-completion; exit $?")
    assert (tmp_path / ".bashrc").read_text().count("source") == 1
