"""Running a tutorial as a reader would, block by block in one folder: a test does, and the script of its pictures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
_BLOCK = re.compile(r"^```(sh|python)( keeps-running)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STARTED_WITHIN_S = 120


class TutorialError(Exception):
    """A step that did not end well, with what it printed."""


def steps(page: Path) -> list[tuple[str, bool, str]]:
    """Language, whether it runs until it is ended, and text of each block that a reader runs."""
    return [(language, bool(keeps), text) for language, keeps, text in _BLOCK.findall(page.read_text("utf-8"))]


def run_tutorial(page: Path, folder: Path) -> float:
    """Run every step in ``folder``; what keeps running is ended behind the last one.

    Returns:
        Seconds of processor time that all steps took together.

    Raises:
        TutorialError: a step ended with an exit code other than 0.
    """
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "BLEMISH_CACHE": str(folder / ".cache"),
    }
    environment.pop("BLEMISH_WEIGHTS", None)
    environment.pop("BLEMISH_DATA", None)
    before = os.times()
    running: list[subprocess.Popen[str]] = []
    try:
        for language, keeps_running, text in steps(page):
            command = ["bash", "-euo", "pipefail", "-c", text] if language == "sh" else [sys.executable, "-c", text]
            if keeps_running:
                running.append(_started([*command[:-1], f"exec {text}"], folder, environment))
                continue
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise TutorialError(f"{text}\nended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    finally:
        for process in running:
            process.terminate()
            process.wait()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _started(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """A process that has printed the address at which it answers."""
    log = folder / "keeps-running.log"
    with log.open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said, text=True)
    deadline_s = time.monotonic() + _STARTED_WITHIN_S
    while "http://" not in log.read_text("utf-8"):
        if process.poll() is not None or time.monotonic() > deadline_s:
            process.terminate()
            raise TutorialError(f"{command[-1]} did not start:\n{log.read_text('utf-8')}")
        time.sleep(0.2)
    return process
