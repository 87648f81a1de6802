"""A training on two devices, here two processes, is that on one: the same order, augmentation, losses and weights."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import blemish
from blemish.datasets import Sample
from blemish.errors import BlemishError, DataError, ImageError, SettingsError
from blemish.images import write_png
from blemish.methods import get_method
from blemish.methods.autoencoders.autoencoder import Autoencoder
from blemish.methods.data.part_of_batch import PartOfBatch
from blemish.training import checkpoints, devices
from blemish.training.devices import Devices, Place
from blemish.training.fitting import batches, fit_by_gradient
from blemish.training.log import TrainingLog

pytestmark = pytest.mark.train

SETTINGS: dict[str, Any] = {"size_px": 32, "width": 4, "epochs": 3, "batch_size": 4, "augment": "mirror"}


def samples(folder: Path, count: int = 16) -> tuple[Sample, ...]:
    found = []
    for index in range(count):
        path = folder / f"{index:02d}.png"
        write_png(path, np.random.default_rng(index).integers(90, 160, (32, 32, 3), dtype=np.uint8))
        found.append(Sample(path, "normal", defective=False))
    return tuple(found)


def build() -> Autoencoder:
    """Without batch normalisation, which on processors sees each process's part of a batch alone."""
    method = Autoencoder(Autoencoder.Settings(**SETTINGS), (), None)  # type: ignore[arg-type]
    for module in method.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.GroupNorm(1, child.num_features))
    return method


class Dies(Autoencoder):
    """Its process dies in the first step, unless it is that of the first device."""

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        if self.global_rank:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().training_step(batch, batch_idx)


def build_dying() -> Autoencoder:
    return Dies(Autoencoder.Settings(**SETTINGS), (), None)  # type: ignore[arg-type]


def dies_while_built() -> Autoencoder:
    """Its process dies before it connects to the first one, as where the weights do not fit into the memory."""
    if multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return build()


def fails_while_built() -> Autoencoder:
    if multiprocessing.parent_process() is not None:
        raise DataError("These weights are gone.")
    return build()


def fit(images: tuple[Sample, ...], folder: Path, count: int, made_by: Any = build) -> Any:
    return fit_by_gradient(
        made_by,
        images[:-3],
        images[-3:],
        seed=0,
        identity="",
        log=TrainingLog(folder),
        devices=Devices(count, made_by),
    )


@pytest.mark.parametrize("size", [8, 7, 5, 2, 1])
@pytest.mark.parametrize("count", [2, 3])
def test_devices_share_a_batch_and_count_the_same_visits(size: int, count: int):
    class Counting(torch.utils.data.Dataset[Any]):
        def __init__(self) -> None:
            self.visits = [0] * 10

        def count_visit(self, index: int) -> None:
            self.visits[index] += 1

        def __getitem__(self, index: int) -> tuple[int, int]:
            self.count_visit(index)
            return index, self.visits[index]

    batch = [3, 1, 3, 9, 0, 3, 2, 2][:size]
    alone = Counting()
    expected = [alone[index] for index in batch][: size // count * count]
    shared = [Counting() for _ in range(count)]
    parts = [PartOfBatch(each, device, count).__getitems__(batch) for device, each in enumerate(shared)]
    assert len({len(part) for part in parts}) == 1
    assert [parts[place % count][place // count] for place in range(len(expected))] == expected
    assert all(each.visits == alone.visits for each in shared)


@pytest.mark.parametrize(
    ("images", "batch_size", "count", "sizes"),
    [
        (8, 4, 1, [4, 4]),
        (9, 4, 1, [4, 4]),  # batch normalisation cannot do with one image
        (10, 4, 1, [4, 4, 2]),
        (3, 1, 1, [1, 1, 1]),
        (8, 4, 2, [2, 2]),
        (10, 4, 2, [2, 2]),
        (12, 8, 2, [4, 2]),
        (13, 8, 2, [4, 2]),
        (5, 8, 2, [2]),
        (5, 2, 2, [1, 1]),
    ],
)
def test_the_batches_of_each_device(images: int, batch_size: int, count: int, sizes: list[int], tmp_path: Path):
    method = Autoencoder(Autoencoder.Settings(**SETTINGS), (), None)  # type: ignore[arg-type]
    method.settings = method.settings.model_copy(update={"batch_size": batch_size})
    found = samples(tmp_path, images)
    loaders = [batches(method, found, training=True, seed=0, place=Place(rank, count)) for rank in range(count)]
    assert [[len(batch) for batch in loader] for loader in loaders] == [sizes] * count


def test_fewer_images_than_devices_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="2 training images are too few for 3 devices"):
        batches(build(), samples(tmp_path, 2), training=True, seed=0, place=Place(0, 3))


def test_two_processes_learn_what_one_learns(tmp_path: Path):
    images = samples(tmp_path)
    alone, report = fit(images, tmp_path / "alone", 1)
    shared, of_both = fit(images, tmp_path / "shared", 2)
    assert report.epochs == of_both.epochs == SETTINGS["epochs"]
    for one, two in zip(report.losses, of_both.losses, strict=True):
        assert two == pytest.approx(one, rel=1e-4)
    assert report.best_epoch == of_both.best_epoch
    trained = shared.state_dict()
    for name, weights in alone.state_dict().items():
        torch.testing.assert_close(trained[name], weights, rtol=1e-3, atol=1e-5)
    assert of_both.remarks[0] == "Trained on 2 devices, which shared every batch among them."
    assert (tmp_path / "shared" / "metrics.csv").read_text().count("\n") == (
        (tmp_path / "alone" / "metrics.csv").read_text().count("\n")
    )
    assert not torch.distributed.is_initialized()


def test_a_resumed_training_on_two_devices_gives_the_same_file_and_the_right_thresholds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    samples(tmp_path / "normal", 24)
    settings = {**SETTINGS, "epochs": 4}
    train = partial(blemish.train, "vae", tmp_path / "normal", settings=settings)
    whole = train(tmp_path / "a" / "x.blemish", devices=2)
    alone = train(tmp_path / "alone.blemish")
    assert whole.spec.calibration is not None
    assert alone.spec.calibration is not None
    assert whole.spec.calibration.source == alone.spec.calibration.source
    assert len(whole.spec.calibration.scores) == len(alone.spec.calibration.scores)
    assert whole.spec.provenance.images == alone.spec.provenance.images
    monkeypatch.setattr(checkpoints, "EVERY_S", 0.0)
    noise = devices.OwnNoise.on_train_epoch_start

    def stop(self: Any, trainer: Any, module: Any) -> None:
        noise(self, trainer, module)
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(devices.OwnNoise, "on_train_epoch_start", stop)
        with pytest.raises(KeyboardInterrupt, match="resumes the training after epoch 2"):
            train(tmp_path / "b" / "x.blemish", devices=2)
    said: list[str] = []
    train(tmp_path / "b" / "x.blemish", devices=2, say=said.append)
    assert any("Resuming the interrupted training" in sentence for sentence in said)
    assert (tmp_path / "a" / "x.blemish").read_bytes() == (tmp_path / "b" / "x.blemish").read_bytes()


def test_a_process_that_dies_is_said_in_one_sentence(tmp_path: Path):
    with pytest.raises(BlemishError, match=r"The process of device 2 of 2 ended by itself \(exit code -9\)"):
        fit(samples(tmp_path), tmp_path / "training", 2, build_dying)
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize(
    ("made_by", "why"),
    [
        (dies_while_built, r"The process of device 2 of 2 ended by itself \(exit code -9\)"),
        (fails_while_built, "These weights are gone"),
    ],
)
def test_a_process_that_ends_before_all_are_connected_is_not_waited_for(made_by: Any, why: str, tmp_path: Path):
    with pytest.raises(BlemishError, match=why):
        fit(samples(tmp_path), tmp_path / "training", 2, made_by)
    assert not torch.distributed.is_initialized()


def test_a_script_that_other_processes_cannot_read_is_said_at_once(tmp_path: Path):
    samples(tmp_path / "normal")
    script = tmp_path / "script.py"
    script.write_text(
        f"import blemish\nblemish.train('vae', {str(tmp_path / 'normal')!r}, {str(tmp_path / 'x.blemish')!r}, "
        f"settings={SETTINGS}, devices=2)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "The process of device 2 of 2 ended before it began (exit code 1)" in done.stderr
    assert 'under if __name__ == "__main__":' in done.stderr


def test_an_image_that_another_device_cannot_read_is_named(tmp_path: Path):
    images = samples(tmp_path)
    images[4].path.write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"04\.png"):
        fit(images, tmp_path / "training", 2)


@pytest.mark.parametrize(
    ("method", "settings", "count", "why"),
    [
        ("patchcore", {}, 2, "without gradients"),
        ("unet", {"batch_size": 5}, 2, "multiple of 2"),
        ("unet", {}, 0, "at least 1"),
    ],
)
def test_what_cannot_be_shared_among_devices_is_refused(
    method: str, settings: dict[str, Any], count: int, why: str, tmp_path: Path
):
    with pytest.raises(SettingsError, match=why):
        blemish.train(method, tmp_path, tmp_path / "x.blemish", settings=settings, devices=count)
    assert get_method(method)
    assert not list(tmp_path.iterdir())


def test_automatic_choice_is_made_on_one_device(tmp_path: Path):
    with pytest.raises(SettingsError, match="--devices"):
        blemish.train("auto", tmp_path, tmp_path / "x.blemish", devices=2)
