"""Fitting a method: Lightning set up for this machine, with early stopping on held-out data, or passes over images."""

from __future__ import annotations

import logging
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, Sampler, WeightedRandomSampler

from blemish.datasets import Sample
from blemish.errors import DataError
from blemish.methods import FittedMethod, GradientMethod
from blemish.methods.data.image_stream import ImageStream
from blemish.methods.data.order import SeveralOfEach
from blemish.methods.data.part_of_batch import PartOfBatch
from blemish.methods.data.prefetching import PrefetchingLoader
from blemish.training.callbacks import (
    DivergedError,
    KeepBest,
    LossNotFiniteError,
    PassProgress,
    RecordLosses,
    ShowProgress,
    StopDiverged,
    StopOnBadLoss,
)
from blemish.training.checkpoints import Attempt, Checkpoints
from blemish.training.devices import Devices, OwnNoise, Place, in_every_process
from blemish.training.log import TrainingLog
from blemish.training.precision import Precision
from blemish.training.report import FitReport


def fit_in_passes(
    build: Callable[[], FittedMethod], train: tuple[Sample, ...], *, seed: int, log: TrainingLog
) -> tuple[FittedMethod, FitReport]:
    """Fit a method that learns in passes over the images.

    Args:
        build: makes the unfitted method.
        train: normal images, and labelled defects for a method that learns from few labels.
        seed: of everything random.
        log: of this training.
    """
    started_s = time.monotonic()
    log.open(resumed=False)
    L.seed_everything(seed, workers=True, verbose=False)
    method = build()
    images = ImageStream(
        [Path(sample.path) for sample in train if not sample.defective],
        train[0].options,
        defects=tuple(sample for sample in train if sample.defective),
        on_image=PassProgress(log),
    )
    learned = method.fit(images, seed=seed)
    report = FitReport(time.monotonic() - started_s, learned, remarks=method.remarks())
    return method.eval(), report


def fit_by_gradient(
    build: Callable[[], GradientMethod],
    train: tuple[Any, ...],
    held_out: tuple[Any, ...],
    *,
    seed: int,
    identity: str,
    log: TrainingLog,
    precision: Precision = "32-true",
    devices: Devices | None = None,
) -> tuple[GradientMethod, FitReport]:
    """Train a method and return it with the weights of its best epoch.

    A training that diverges (`GradientMethod.diverged`) is started once more, from the next seed; the second one is
    kept in any case, with a remark. A loss that is not finite in bfloat16 is tried again in float32. An interrupted
    training of the same identity is resumed; its checkpoint stays until `forget_checkpoint`.

    Args:
        build: makes the untrained method for every start.
        train: what ``method.examples`` takes, to fit on.
        held_out: the same, for early stopping alone.
        seed: of weights, order and augmentation.
        identity: digest of everything that decides the result.
        log: its folder also gets ``metrics.csv`` and checkpoints.
        precision: number format of the first attempt.
        devices: which share every batch among them; None: one.

    Raises:
        LossNotFiniteError: the loss became NaN or infinite in float32.
        BlemishError: the process of another device has ended.
        KeyboardInterrupt: stopped by Ctrl-C.
    """
    started_s, checkpoints = time.monotonic(), Checkpoints(log.folder, identity)
    found = checkpoints.find()
    examples = _Examples(train, held_out)
    devices = devices or Devices(1, build)
    attempt = Attempt(seed, precision) if found is None else found[0]
    log.open(resumed=found is not None)
    if found is None:
        checkpoints.remove()
    else:
        log.say(f"Resuming the interrupted training in {log.folder} after epoch {found[1]}.")
    while True:
        try:
            elsewhere = partial(
                _on_another_device,
                build=devices.build,
                examples=examples,
                attempt=attempt,
                checkpoints=checkpoints,
            )
            with in_every_process(devices.count, elsewhere) as place:
                method, report = _run(build, examples, attempt, checkpoints=checkpoints, log=log, place=place)
            break
        except LossNotFiniteError as error:
            if attempt.precision == "32-true":
                raise
            log.say(f"{error} Training starts again in float32.")
            attempt = replace(attempt, precision="32-true")
        except KeyboardInterrupt:
            stopped = _stopped(checkpoints)
            log.note(stopped)
            raise KeyboardInterrupt(stopped) from None
        except DivergedError as error:
            again = f"{error} Training was started again from seed {seed + 1}."
            log.say(again)
            attempt = Attempt(seed + 1, precision, restarted=again)
        checkpoints.remove()
    if attempt.restarted:
        report = replace(report, restarts=1, remarks=(attempt.restarted, *report.remarks))
    return method, replace(report, duration_s=time.monotonic() - started_s)


def _stopped(checkpoints: Checkpoints) -> str:
    found = checkpoints.find()
    if found is None:
        return "Stopped before the first checkpoint; the same command starts the training anew."
    return f"Stopped; the same command resumes the training after epoch {found[1]}."


@dataclass(frozen=True, slots=True)
class _Examples:
    """What ``method.examples`` takes: to fit on, and for early stopping alone."""

    train: tuple[Any, ...]
    held_out: tuple[Any, ...]


def _on_another_device(
    place: Place,
    *,
    build: Callable[[], GradientMethod],
    examples: _Examples,
    attempt: Attempt,
    checkpoints: Checkpoints,
) -> None:
    """The same attempt, in silence."""
    _run(build, examples, attempt, checkpoints=checkpoints, log=TrainingLog(checkpoints.file.parent), place=place)


def _run(
    build: Callable[[], GradientMethod],
    examples: _Examples,
    attempt: Attempt,
    *,
    checkpoints: Checkpoints,
    log: TrainingLog,
    place: Place,
) -> tuple[GradientMethod, FitReport]:
    """One attempt, from its beginning or from its checkpoint."""
    for part in ("pytorch", "fabric"):
        logging.getLogger(f"lightning.{part}").setLevel(logging.ERROR)
    L.seed_everything(attempt.seed, workers=True, verbose=False)
    # On the CPU channels-last convolutions are faster in either precision; images arrive in that order anyway.
    method = build().to(memory_format=torch.channels_last)
    early = method.stops_early and bool(examples.held_out)
    loader = batches(method, examples.train, training=True, seed=attempt.seed, place=place)
    keep, losses = KeepBest(), RecordLosses()
    callbacks = [StopOnBadLoss(), losses, ShowProgress(log, losses, stops_early=early)]
    if not attempt.restarted:
        callbacks.append(StopDiverged())
    if early:
        callbacks += [EarlyStopping("val_loss", patience=method.settings.patience, check_finite=False), keep]
    callbacks += [checkpoints.writer(attempt, loader), OwnNoise(place, attempt.seed)]
    with _without_warnings():
        trainer = L.Trainer(
            max_epochs=method.settings.epochs,
            precision=attempt.precision,
            logger=CSVLogger(log.folder.parent, name=log.folder.name, version=""),
            callbacks=callbacks,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            **place.trainer_options(several_optimisers=not method.automatic_optimization),
        )
        held_out = examples.held_out
        validation = batches(method, held_out, training=False, seed=attempt.seed) if held_out else None
        with _interruptible():
            resumed = str(checkpoints.file) if checkpoints.file.exists() else None
            trainer.fit(method, loader, validation, ckpt_path=resumed, weights_only=True)
    keep.restore(method)
    report = FitReport(
        duration_s=0.0,
        epochs=trainer.current_epoch,
        best_epoch=keep.epoch,
        losses=tuple(losses.epochs),
        precision=attempt.precision,
        remarks=(*place.remarks(), *method.remarks()),
    )
    return method.cpu().eval(), report


@contextmanager
def _without_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        # Loading in a thread is meant: on few cores worker processes only compete with the network.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*number of training batches.*")
        warnings.filterwarnings("ignore", message=".*no `val_dataloader`.*")  # too few images to hold any out
        # The log of an earlier training under the same name is replaced, as its detector is.
        warnings.filterwarnings("ignore", message=".*logs directory.*exists and is not empty.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # between Lightning and torch, not ours
        yield


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, as everywhere: Lightning makes it an exit, and ignores further ones."""
    on_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if on_main_thread else None
    try:
        yield
    except SystemExit:
        if on_main_thread:
            signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from None


def batches(
    method: GradientMethod, samples: tuple[Any, ...], *, training: bool, seed: int, place: Place | None = None
) -> DataLoader[Any]:
    """A method's examples in batches, read ahead; in training shuffled or by `GradientMethod.sampling_weights`.

    Args:
        method: what is trained.
        samples: at least one.
        training: augmented, and drawn anew in every epoch.
        seed: of the order and the augmentation.
        place: of several devices, whose part of each batch is read; None: all of it.

    Raises:
        DataError: fewer examples than devices.
    """
    devices = place.count if place else 1
    visits = method.crops_per_image if training else 1
    total = len(samples) * visits
    batch = min(method.settings.batch_size, total // devices * devices)
    if not batch:
        raise DataError(f"{total} training images are too few for {devices} devices: each needs one in every batch.")
    order = torch.Generator().manual_seed(seed)
    weights = method.sampling_weights(samples) if training else None
    sampler: Sampler[int] | None = None
    if visits > 1:
        sampler = SeveralOfEach(len(samples), visits, order, None if weights is None else torch.from_numpy(weights))
    elif weights is not None:
        sampler = WeightedRandomSampler(weights.tolist(), len(samples), generator=order)
    examples = method.examples(samples, training=training, seed=seed)
    return PrefetchingLoader(
        PartOfBatch(examples, place.rank, devices) if place and devices > 1 else examples,
        batch_size=batch,
        # Drawn anew in every epoch.
        shuffle=training and sampler is None,
        sampler=sampler,
        # A last batch of one image on each device, or on some of them, would upset batch normalisation.
        drop_last=training and total % batch // devices < min(2, batch // devices),
        generator=order,
    )
