"""Fitting a method: Lightning set up for this machine, with early stopping on held-out data, or passes over images."""

from __future__ import annotations

import copy
import logging
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, WeightedRandomSampler

from blemish.datasets import Sample
from blemish.methods import FittedMethod, GradientMethod
from blemish.methods.data.image_stream import ImageStream
from blemish.training.precision import LossNotFiniteError, Precision, StopOnBadLoss, best_precision
from blemish.training.report import FitReport


class _DivergedError(RuntimeError):
    """A training has failed by `GradientMethod.diverged` and should be started again."""


class _StopDiverged(L.Callback):
    """Ends a fit with `_DivergedError` as soon as the method says that it has diverged."""

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Ask the method."""
        assert isinstance(pl_module, GradientMethod)
        if (why := pl_module.diverged()) is not None:
            raise _DivergedError(why)


class _KeepBest(L.Callback):
    """Keeps the weights of the epoch with the lowest ``val_loss``, in memory."""

    def __init__(self) -> None:
        self.loss = float("inf")
        self.epoch: int | None = None
        self._state: dict[str, torch.Tensor] | None = None

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Copy the weights when they are the best so far."""
        loss = float(trainer.callback_metrics["val_loss"])
        if loss < self.loss:
            self.loss, self.epoch = loss, trainer.current_epoch
            self._state = copy.deepcopy(pl_module.state_dict())

    def restore(self, module: L.LightningModule) -> None:
        """Put the best weights back."""
        if self._state is not None:
            module.load_state_dict(self._state)


class _RecordLosses(L.Callback):
    """Every loss of every epoch."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Add this epoch's row."""
        self.epochs.append({name: float(value) for name, value in trainer.callback_metrics.items() if "loss" in name})


def fit_in_passes(
    build: Callable[[], FittedMethod], train: tuple[Sample, ...], *, seed: int
) -> tuple[FittedMethod, FitReport]:
    """Fit a method that learns in passes over the images.

    Args:
        build: makes the unfitted method.
        train: normal images, and labelled defects for a method that learns from few labels.
        seed: of everything random.
    """
    started_s = time.monotonic()
    L.seed_everything(seed, workers=True, verbose=False)
    method = build()
    method.defects = tuple(sample for sample in train if sample.defective)
    normal = [Path(sample.path) for sample in train if not sample.defective]
    learned = method.fit(ImageStream(normal, train[0].options), seed=seed)
    report = FitReport(time.monotonic() - started_s, learned, remarks=method.remarks())
    return method.eval(), report


def fit_by_gradient(
    build: Callable[[], GradientMethod],
    train: tuple[Any, ...],
    held_out: tuple[Any, ...],
    *,
    seed: int,
    logs: Path,
    progress: bool,
    precision: Precision | None = None,
) -> tuple[GradientMethod, FitReport]:
    """Train a method and return it with the weights of its best epoch.

    A training that diverges (`GradientMethod.diverged`) is started once more, from the next seed; the second one is
    kept in any case, with a remark. A loss that is not finite in bfloat16 is tried again in float32.

    Args:
        build: makes the untrained method, anew for every start.
        train: what ``method.examples`` takes, to fit on.
        held_out: the same, for early stopping alone.
        seed: of weights, order and augmentation.
        logs: folder for ``metrics.csv``.
        progress: draw a progress bar.
        precision: None takes the fastest that this machine computes natively.

    Raises:
        LossNotFiniteError: the loss became NaN or infinite in float32.
    """
    started_s = time.monotonic()

    chosen = precision or best_precision()
    once = partial(_fit_once, build, train, held_out, logs=logs, progress=progress)

    def start(seed: int, *, last: bool) -> tuple[GradientMethod, FitReport]:
        try:
            return once(seed=seed, last=last, precision=chosen)
        except LossNotFiniteError:
            if chosen == "32-true":
                raise
            return once(seed=seed, last=last, precision="32-true")

    try:
        method, report = start(seed, last=False)
    except _DivergedError as error:
        method, report = start(seed + 1, last=True)
        again = f"{error} Training was started again from seed {seed + 1}."
        report = replace(report, restarts=1, remarks=(again, *report.remarks))
    return method, replace(report, duration_s=time.monotonic() - started_s)


def _fit_once(
    build: Callable[[], GradientMethod],
    train: tuple[Any, ...],
    held_out: tuple[Any, ...],
    *,
    seed: int,
    logs: Path,
    progress: bool,
    last: bool,
    precision: Precision,
) -> tuple[GradientMethod, FitReport]:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    L.seed_everything(seed, workers=True, verbose=False)
    # On the CPU channels-last convolutions are faster in either precision; images arrive in that order anyway.
    method = build().to(memory_format=torch.channels_last)
    keep, losses = _KeepBest(), _RecordLosses()
    callbacks: list[L.Callback] = [StopOnBadLoss(), losses]
    if not last:
        callbacks.append(_StopDiverged())
    if method.stops_early and held_out:
        callbacks += [EarlyStopping("val_loss", patience=method.settings.patience, check_finite=False), keep]
    if progress:
        callbacks.append(TQDMProgressBar(refresh_rate=1 if sys.stderr.isatty() else 50))
    with warnings.catch_warnings():
        # Loading in the main process is meant: on few cores worker processes only compete with the network.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*number of training batches.*")
        warnings.filterwarnings("ignore", message=".*no `val_dataloader`.*")  # too few images to hold any out
        # The log of an earlier training under the same name is replaced, as its detector is.
        warnings.filterwarnings("ignore", message=".*logs directory.*exists and is not empty.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # between Lightning and torch, not ours
        trainer = L.Trainer(
            max_epochs=method.settings.epochs,
            precision=precision,
            accelerator="auto",
            devices=1,
            logger=CSVLogger(logs.parent, name=logs.name, version=""),
            callbacks=callbacks,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=progress,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
        )
        trainer.fit(
            method,
            batches(method, train, training=True, seed=seed),
            batches(method, held_out, training=False, seed=seed) if held_out else None,
        )
    keep.restore(method)
    report = FitReport(
        duration_s=0.0,
        epochs=trainer.current_epoch,
        best_epoch=keep.epoch,
        losses=tuple(losses.epochs),
        precision=precision,
        remarks=method.remarks(),
    )
    return method.cpu().eval(), report


def batches(method: GradientMethod, samples: tuple[Any, ...], *, training: bool, seed: int) -> DataLoader[Any]:
    """A method's examples in batches, shuffled or drawn by `GradientMethod.sampling_weights` in training.

    Args:
        method: what is trained.
        samples: at least one.
        training: augmented, and drawn anew in every epoch.
        seed: of the order and the augmentation.
    """
    batch = min(method.settings.batch_size, len(samples))
    order = torch.Generator().manual_seed(seed)
    weights = method.sampling_weights(samples) if training else None
    return DataLoader(
        method.examples(samples, training=training, seed=seed),
        batch_size=batch,
        shuffle=training and weights is None,
        # Drawn anew in every epoch.
        sampler=None if weights is None else WeightedRandomSampler(weights.tolist(), len(samples), generator=order),
        # A last batch of one image would upset batch normalisation.
        drop_last=training and len(samples) % batch == 1 and batch > 1,
        generator=order,
    )
