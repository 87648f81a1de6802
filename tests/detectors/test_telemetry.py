"""An inspection tells nobody: no connection, and no file beside the findings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

STRACE = shutil.which("strace")
# Opened for writing, as strace prints a call that succeeded.
WRITTEN = re.compile(r'open(?:at)?\((?:[^,"]+, )?"([^"]+)", [^)]*O_(?:WRONLY|RDWR|CREAT)[^)]*\) = \d')
INSPECT = """
import sys
from blemish.cli.main import main
sys.argv = ["blemish", "inspect", "wall.png", "--out", "findings", "--runtime", sys.argv[1]]
main()
"""


def inspect(folder: Path, runtime: str, *, before: tuple[str, ...] = ()) -> None:
    """Inspect an image in a fresh process whose home and temporary folder are in ``folder``, as outside of any CI."""
    if runtime == "openvino":
        pytest.importorskip("openvino")
    for name in ("home", "tmp", "work"):
        (folder / name).mkdir()
    cv2.imwrite(str(folder / "work" / "wall.png"), np.full((64, 64, 3), 180, np.uint8))
    hidden = {"CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*before, sys.executable, "-c", INSPECT, runtime],
        cwd=folder / "work",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_an_inspection_leaves_nothing_in_the_home_folder(tmp_path: Path, runtime: str):
    inspect(tmp_path, runtime)
    assert (tmp_path / "work" / "findings" / "findings.jsonl").exists()
    assert [path for name in ("home", "tmp") for path in (tmp_path / name).rglob("*")] == []


@pytest.mark.slow
@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_an_inspection_opens_no_connection_and_writes_only_its_findings(tmp_path: Path, runtime: str):
    log = tmp_path / "calls.txt"
    assert STRACE is not None
    inspect(tmp_path, runtime, before=(STRACE, "-f", "-qq", "-e", "trace=socket,open,openat", "-o", str(log)))
    calls = log.read_text(errors="replace")
    assert re.findall(r"socket\(AF_INET6?,.*", calls) == []
    out = tmp_path / "work" / "findings"
    written = {(tmp_path / "work" / name) for name in WRITTEN.findall(calls)}
    assert written
    assert [
        str(path) for path in written if not path.is_relative_to(out) and path.parts[1] not in ("dev", "proc")
    ] == []
