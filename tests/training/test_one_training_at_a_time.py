"""Two trainings never write into one folder; one that was killed is in nobody's way."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import blemish
from blemish.errors import DataError, SettingsError
from blemish.training import train_under_torch
from blemish.training.lock import LOCK_NAME, only_training

pytestmark = pytest.mark.train

TINY: dict[str, Any] = {"size_px": 32, "width": 4, "epochs": 2, "batch_size": 4, "memory_size": 8}
HOLDS = (
    "import sys, time; from pathlib import Path; from blemish.training.lock import only_training\n"
    "with only_training(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(600)"
)


def test_a_second_training_is_refused_until_the_first_has_been_killed(surfaces: Path, tmp_path: Path):
    out = tmp_path / "x.blemish"
    folder = out.with_suffix(".training")
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            sentence = (
                f'Another training (process {other.pid} on {platform.node()}) is writing into "{folder}"; wait until '
                "it has ended, or write the detector under another name."
            )
            with pytest.raises(DataError) as refused:
                blemish.train("memae", surfaces, out, settings=TINY)
            assert str(refused.value) == sentence
            assert [file.name for file in folder.iterdir()] == [LOCK_NAME]
        finally:
            other.kill()
    blemish.train("memae", surfaces, out, settings=TINY)
    assert out.exists()


def test_a_training_under_torch_is_refused_too(surfaces: Path, tmp_path: Path):
    with only_training(tmp_path / "run"), pytest.raises(DataError, match=f"process {os.getpid()} on"):
        train_under_torch("memae", surfaces, tmp_path / "run", settings=TINY)
    train_under_torch("memae", surfaces, tmp_path / "run", settings=TINY)


def test_a_training_on_two_devices_is_one_training(surfaces: Path, tmp_path: Path):
    blemish.train("memae", surfaces, tmp_path / "x.blemish", settings=TINY, devices=2)
    with only_training(tmp_path / "x.training"):
        pass


def test_the_process_named_is_the_one_that_holds_the_lock_now(tmp_path: Path):
    (tmp_path / LOCK_NAME).write_text(f" process {10**200} of an earlier training")
    with only_training(tmp_path), pytest.raises(DataError) as refused, only_training(tmp_path):
        pass
    assert f"Another training (process {os.getpid()} on {platform.node()}) is" in str(refused.value)


def test_wishes_that_are_refused_leave_no_folder(surfaces: Path, tmp_path: Path):
    with pytest.raises(SettingsError, match="has no weights to start from"):
        blemish.train("patchcore", surfaces, tmp_path / "x.blemish", start=tmp_path / "weights.safetensors")
    assert not (tmp_path / "x.training").exists()


@pytest.mark.slow
def test_a_killed_training_is_resumed(surfaces: Path, tmp_path: Path):
    out = tmp_path / "x.blemish"
    settings = {**TINY, "epochs": 2000, "patience": 2000}
    code = (
        "import sys, blemish.training.checkpoints as c; c.EVERY_S = 0.0; import blemish\n"
        f"blemish.train('memae', {str(surfaces)!r}, sys.argv[1], settings={settings})"
    )
    folder = out.with_suffix(".training")
    with subprocess.Popen([sys.executable, "-c", code, str(out)]) as running:
        try:
            deadline = time.monotonic() + 120
            while not (folder / "checkpoint.ckpt").exists():
                assert running.poll() is None
                assert time.monotonic() < deadline, "no checkpoint"
                time.sleep(0.2)
        finally:
            running.send_signal(signal.SIGKILL)
    said: list[str] = []

    def stop_once_resumed(sentence: str) -> None:
        said.append(sentence)
        if sentence.startswith("Resuming"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blemish.train("memae", surfaces, out, settings=settings, say=stop_once_resumed)
    assert said[-1].startswith("Resuming the interrupted training")
