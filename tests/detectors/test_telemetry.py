"""An inspection of a folder tells nobody: no connection, and no file beside the findings."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
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
sys.argv = ["blemish", "inspect", "walls", "--out", "findings", "--runtime", sys.argv[1]]
main()
"""
# Before anything else runs, the kernel is told to end the process where any thread of it asks for an internet socket:
# no library can go around that. A filter is a list of (code, jump if so, jump if not, value), see seccomp(2).
NO_INTERNET = """
import ctypes, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
load, equal, end = 0x20, 0x15, 0x06
rules = [
    (load, 0, 0, 0),                            # number of the system call
    (equal, 0, 4, 41),                          # socket
    (load, 0, 0, 16),                           # its first argument
    (equal, 1, 0, int(socket.AF_INET)),
    (equal, 0, 1, int(socket.AF_INET6)),
    (end, 0, 0, 0x80000000),                    # end the process
    (end, 0, 0, 0x7FFF0000),                    # go on
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
"""


def inspect(folder: Path, runtime: str, *, before: tuple[str, ...] = (), first: str = "") -> None:
    """Inspect a folder in a fresh process whose home and temporary folder are in ``folder``, as outside of any CI."""
    if runtime == "openvino":
        pytest.importorskip("openvino")
    for name in ("home", "tmp", "work", "work/walls"):
        (folder / name).mkdir()
    wall = np.full((64, 64, 3), 180, np.uint8)
    wall[30:34] = 20
    cv2.imwrite(str(folder / "work" / "walls" / "a.png"), wall)
    cv2.imwrite(str(folder / "work" / "walls" / "b.jpg"), wall)
    (folder / "work" / "walls" / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    hidden = {"CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    # Coverage's too: it would write a file of its own.
    environment = {
        name: value for name, value in os.environ.items() if name not in hidden and not name.startswith("COV")
    }
    environment |= {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*before, sys.executable, "-c", first + INSPECT, runtime],
        cwd=folder / "work",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr  # done, but for the damaged image


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_an_inspection_leaves_nothing_in_the_home_folder(tmp_path: Path, runtime: str):
    inspect(tmp_path, runtime)
    assert (tmp_path / "work" / "findings" / "findings.jsonl").exists()
    assert [path for name in ("home", "tmp") for path in (tmp_path / name).rglob("*")] == []


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="numbers of system calls are those of x86-64"
)
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino", "auto"])
def test_an_inspection_of_a_folder_asks_for_no_internet_socket(tmp_path: Path, runtime: str):
    code = (
        f"{NO_INTERNET}\nsocket.socket(socket.AF_UNIX)\nprint(1, flush=True)\nsocket.socket(socket.AF_INET)\nprint(2)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (-signal.SIGSYS, "1\n"), "the filter itself does not work"
    inspect(tmp_path, runtime, first=NO_INTERNET)
    assert (tmp_path / "work" / "findings" / "findings.jsonl").exists()


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
