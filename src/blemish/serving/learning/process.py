"""``blemish train`` in a process of its own, which a killed service leaves at work and the next one finds again.

The process holds a lock on a file of its folder, which the system drops when it ends, however it ends. What it says
goes into a file, and the detector that it writes appears whole or not at all: nothing else has to be known about it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from blemish.files import write_text
from blemish.inspection.job.lock import try_lock

_BLEMISH = [sys.executable, "-m", "blemish"]
_NICE = 10
_LOOK_EVERY_S = 0.2
_LAST_BYTES = 4000


class TrainingProcess:
    """The process of one training.

    Args:
        folder: of the training.
    """

    def __init__(self, folder: Path) -> None:
        self.detector = folder / "new.blemish"
        self._folder = folder
        self._lock, self._output, self._pid = folder / ".lock", folder / "output.log", folder / "pid"
        self._child: subprocess.Popen[bytes] | None = None

    def begin(self, method: str, data: Path, *, profile: str, seed: int) -> None:
        """Start it, or have it go on from its last checkpoint; does nothing where it is at work."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not try_lock(descriptor):
                return
            command = [*_BLEMISH, "train", method, "--data", str(data), "--out", str(self.detector)]
            command += ["--profile", profile, "--seed", str(seed)]
            with self._output.open("ab") as output:
                self._child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(descriptor,),
                    start_new_session=True,
                )
            write_text(self._pid, str(self._child.pid))
            # Before its threads begin: requests come first.
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICE)
        finally:
            os.close(descriptor)

    def is_running(self) -> bool:
        """Whether it is at work, whoever started it."""
        if self._child is not None:
            return self._child.poll() is None
        if not self._lock.is_file():
            return False
        descriptor = os.open(self._lock, os.O_RDWR)
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)

    def stop(self, within_s: float) -> None:
        """Ask it to end, and end it where it has not after so long."""
        until = time.monotonic() + within_s
        self._signal(signal.SIGINT)
        while self.is_running():
            time.sleep(_LOOK_EVERY_S)
            if time.monotonic() > until:
                self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        # Nobody else has this number while its process holds the lock.
        if self.is_running():
            with contextlib.suppress(OSError, ValueError):
                os.killpg(int(self._pid.read_text()), number)

    @property
    def said(self) -> str | None:
        """The last sentence that it said."""
        try:
            with self._output.open("rb") as output:
                output.seek(max(0, self._output.stat().st_size - _LAST_BYTES))
                lines = output.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return None
        return next((line.strip() for line in reversed(lines) if line.strip()), None)
