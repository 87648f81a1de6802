"""An interrupted training resumes from its checkpoint, where that is right; the contract suite compares the weights."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("torch")

import blemish
from blemish.images import write_png
from blemish.training import callbacks, checkpoints, fitting

pytestmark = pytest.mark.train

TINY: dict[str, Any] = {"size_px": 32, "width": 4, "epochs": 5, "batch_size": 4, "memory_size": 8}
RESUMED = "Resuming the interrupted training"


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`interrupt(2)`: checkpoints at every epoch, and Ctrl-C in epoch 2, from 0. `interrupt(-1)`: no Ctrl-C."""
    stop_in = [-1]

    class Stop(callbacks.StopOnBadLoss):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.current_epoch == stop_in[0]:
                raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "EVERY_S", 0.0)
    monkeypatch.setattr(fitting, "StopOnBadLoss", Stop)
    return lambda epoch: stop_in.__setitem__(0, epoch)


def train(data: Path, out: Path, **options: Any) -> list[str]:
    """What was said."""
    said: list[str] = []
    blemish.train("memae", data, out, say=said.append, **{"settings": TINY, **options})
    return said


def test_checkpoints_that_take_long_are_written_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now_s, written_s = [0.0], []
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now_s[0])

    class Trainer:
        current_epoch = 1
        is_global_zero = True
        strategy = SimpleNamespace(broadcast=lambda due: due)

        def save_checkpoint(self, file: Path) -> None:
            Path(file).touch()
            written_s.append(now_s[0])
            now_s[0] += 3.0

    attempt: Any = checkpoints.Attempt(0, "float32")
    loader: Any = None
    writer = checkpoints.Checkpoints(tmp_path, "any").writer(attempt, loader)
    while now_s[0] < 200:
        now_s[0] += 5.0
        writer.on_train_epoch_start(cast(Any, Trainer()), cast(Any, None))
    assert written_s == [20.0, 83.0, 146.0]


def losses(folder: Path) -> dict[tuple[int, str], float]:
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    named = ((int(row["epoch"]), name, row[name]) for row in rows for name in row if "loss" in name)
    return {(epoch, name): float(value) for epoch, name, value in named if value}


def test_a_resumed_training_gives_the_same_file_and_curves(
    surfaces: Path, tmp_path: Path, interrupt: Callable[[int], None]
):
    train(surfaces, tmp_path / "a" / "x.blemish")
    interrupt(3)
    with pytest.raises(KeyboardInterrupt, match="the same command resumes the training after epoch 3"):
        train(surfaces, tmp_path / "b" / "x.blemish")
    interrupt(-1)
    assert any(sentence.startswith(RESUMED) for sentence in train(surfaces, tmp_path / "b" / "x.blemish"))
    assert (tmp_path / "a" / "x.blemish").read_bytes() == (tmp_path / "b" / "x.blemish").read_bytes()
    assert losses(tmp_path / "a" / "x.training") == losses(tmp_path / "b" / "x.training")
    assert not list((tmp_path / "b" / "x.training").glob("*.ckpt"))
    assert not any(sentence.startswith(RESUMED) for sentence in train(surfaces, tmp_path / "b" / "x.blemish"))


def test_the_log_keeps_every_epoch_of_both_parts(surfaces: Path, tmp_path: Path, interrupt: Callable[[int], None]):
    interrupt(2)
    with pytest.raises(KeyboardInterrupt):
        train(surfaces, tmp_path / "x.blemish")
    interrupt(-1)
    train(surfaces, tmp_path / "x.blemish")
    lines = (tmp_path / "x.training" / "training.log").read_text().splitlines()
    epochs = [line.split(" ", 2)[2].split(":")[0] for line in lines if " Epoch " in line]
    assert epochs == [f"Epoch {number} of at most 5" for number in range(1, 6)]
    assert sum("Stopped; the same command resumes" in line for line in lines) == 1
    assert any("left." in line and "train loss" in line and "val loss" in line for line in lines)
    assert "Wrote" in lines[-1]


def test_a_training_stopped_before_its_file_is_written_does_not_start_anew(
    surfaces: Path, tmp_path: Path, interrupt: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
):
    from blemish.training import images

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    train(surfaces, tmp_path / "a" / "x.blemish")
    interrupt(-1)
    with monkeypatch.context() as patch:
        patch.setattr(images, "export_graph", stop)
        with pytest.raises(KeyboardInterrupt):
            train(surfaces, tmp_path / "b" / "x.blemish")
    said = train(surfaces, tmp_path / "b" / "x.blemish")
    assert any(sentence == f"{RESUMED} in {tmp_path / 'b' / 'x.training'} after epoch 4." for sentence in said)
    assert (tmp_path / "a" / "x.blemish").read_bytes() == (tmp_path / "b" / "x.blemish").read_bytes()


def other_settings(data: Path, folder: Path) -> dict[str, Any]:
    return {"settings": {**TINY, "memory_size": 9}}


def other_seed(data: Path, folder: Path) -> dict[str, Any]:
    return {"seed": 1}


def other_images(data: Path, folder: Path) -> dict[str, Any]:
    write_png(data / "3.png", np.full((32, 32, 3), 99, np.uint8))
    return {}


def cut_off(data: Path, folder: Path) -> dict[str, Any]:
    file = folder / "checkpoint.ckpt"
    file.write_bytes(file.read_bytes()[:1000])
    return {}


def foreign(data: Path, folder: Path) -> dict[str, Any]:
    (folder / "checkpoint.ckpt").write_bytes(b"not a checkpoint")
    return {}


@pytest.mark.parametrize("change", [other_settings, other_seed, other_images, cut_off, foreign])
def test_a_checkpoint_of_another_training_is_not_used(
    change: Callable[[Path, Path], dict[str, Any]], surfaces: Path, tmp_path: Path, interrupt: Callable[[int], None]
):
    interrupt(2)
    with pytest.raises(KeyboardInterrupt):
        train(surfaces, tmp_path / "x.blemish")
    interrupt(-1)
    options = change(surfaces, tmp_path / "x.training")
    assert not any(sentence.startswith(RESUMED) for sentence in train(surfaces, tmp_path / "x.blemish", **options))


def test_masks_that_were_changed_meanwhile_make_another_training(tmp_path: Path):
    from blemish.datasets import read_dataset
    from blemish.methods import get_method
    from blemish.training.images import TrainingImages

    for index in range(8):
        for kind, value in (("images", 120), ("masks", 0)):
            pixels = np.full((32, 32), value, np.uint8)
            pixels[index : index + 3] = 20 if kind == "images" else 255
            write_png(tmp_path / "train" / kind / f"{index}.png", pixels)

    def digest() -> str:
        return TrainingImages(read_dataset(tmp_path), get_method("unet"), seed=0, say=lambda _: None).digest()

    before = digest()
    assert digest() == before
    mask = np.zeros((32, 32), np.uint8)
    mask[9:20] = 255
    write_png(tmp_path / "train" / "masks" / "3.png", mask)
    assert digest() != before


def test_a_training_that_had_started_again_resumes_its_second_start(
    surfaces: Path, tmp_path: Path, interrupt: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
):
    from blemish.methods import get_method

    method = get_method("memae")
    monkeypatch.setattr(method, "diverged", lambda self: "It ran away." if self.current_epoch == 1 else None)
    train(surfaces, tmp_path / "a" / "x.blemish")
    interrupt(3)
    with pytest.raises(KeyboardInterrupt):
        train(surfaces, tmp_path / "b" / "x.blemish")
    interrupt(-1)
    train(surfaces, tmp_path / "b" / "x.blemish")
    card = blemish.load(tmp_path / "b" / "x.blemish").container.card
    assert "It ran away. Training was started again from seed 1." in card
    assert (tmp_path / "a" / "x.blemish").read_bytes() == (tmp_path / "b" / "x.blemish").read_bytes()


@pytest.mark.slow
def test_ctrl_c_is_one_sentence_with_exit_code_130_and_the_same_command_resumes(surfaces: Path, tmp_path: Path):
    out = tmp_path / "x.blemish"
    code = (
        "import sys, blemish.training.checkpoints as c; c.EVERY_S = 0.0; sys.argv[0] = 'blemish'\n"
        "from blemish.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, "train", "memae", "--data", str(surfaces), "--out", str(out)]
    command += [part for key, value in {**TINY, "epochs": 2000}.items() for part in ("--set", f"{key}={value}")]
    command += ["--set", "patience=2000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            deadline = time.monotonic() + 120
            while not (out.with_suffix(".training") / "checkpoint.ckpt").exists():
                assert running.poll() is None, running.communicate()
                assert time.monotonic() < deadline, "no checkpoint"
                time.sleep(0.2)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 130
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("Stopped; the same command resumes the training after epoch ")
    assert not out.exists()
