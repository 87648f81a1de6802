"""Fitting a gradient method: Lightning set up for this machine, early stopping on photos set aside from training."""

from __future__ import annotations

import copy
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from blemish.datasets import Sample
from blemish.methods import GradientMethod
from blemish.training.precision import LossNotFiniteError, Precision, StopOnBadLoss, best_precision


@dataclass(frozen=True, slots=True)
class Fit:
    """How a fit went.

    Attributes:
        epochs: passes over the photos that were made.
        best_epoch: the one whose weights are kept, from 0.
        best_val_loss: its loss on the photos set aside.
        precision: how numbers were kept.
    """

    epochs: int
    best_epoch: int
    best_val_loss: float
    precision: Precision


class _KeepBest(L.Callback):
    """Remembers the weights of the epoch with the lowest ``val_loss``, in memory."""

    def __init__(self) -> None:
        self.loss = float("inf")
        self.epoch = 0
        self._state: dict[str, torch.Tensor] | None = None

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Copy the weights when they are the best so far."""
        loss = float(trainer.callback_metrics["val_loss"])
        if not trainer.sanity_checking and loss < self.loss:
            self.loss, self.epoch = loss, trainer.current_epoch
            self._state = copy.deepcopy(pl_module.state_dict())

    def restore(self, module: L.LightningModule) -> None:
        """Put the best weights back."""
        if self._state is not None:
            module.load_state_dict(self._state)


def fit(
    build: Callable[[], GradientMethod],
    train: tuple[Sample, ...],
    held_out: tuple[Sample, ...],
    *,
    seed: int,
    logs: Path,
    progress: bool,
    precision: Precision | None = None,
) -> tuple[GradientMethod, Fit]:
    """Train a method and return it with the weights of its best epoch.

    Args:
        build: makes the untrained method; called again for a second try in float32 should bfloat16 overflow.
        train: photos to learn from.
        held_out: photos of the same training data set aside, for early stopping alone.
        seed: of weights, order and augmentation.
        logs: folder for ``metrics.csv``.
        progress: draw a progress bar.
        precision: None takes the fastest that this machine computes natively.

    Raises:
        LossNotFiniteError: the loss became NaN or infinite in float32.
    """
    chosen = precision or best_precision()
    try:
        return _fit_once(build, train, held_out, seed=seed, logs=logs, progress=progress, precision=chosen)
    except LossNotFiniteError:
        if chosen == "32-true":
            raise
        return _fit_once(build, train, held_out, seed=seed, logs=logs, progress=progress, precision="32-true")


def _fit_once(
    build: Callable[[], GradientMethod],
    train: tuple[Sample, ...],
    held_out: tuple[Sample, ...],
    *,
    seed: int,
    logs: Path,
    progress: bool,
    precision: Precision,
) -> tuple[GradientMethod, Fit]:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    L.seed_everything(seed, workers=True, verbose=False)
    # On the CPU channels-last convolutions are faster in either precision; photos arrive in that order anyway.
    method = build().to(memory_format=torch.channels_last)
    settings = method.settings
    keep = _KeepBest()
    callbacks: list[L.Callback] = [
        EarlyStopping("val_loss", patience=settings.patience, check_finite=False),
        keep,
        StopOnBadLoss(),
    ]
    if progress:
        callbacks.append(TQDMProgressBar(refresh_rate=1 if sys.stderr.isatty() else 50))
    with warnings.catch_warnings():
        # Loading in the main process is meant: on few cores worker processes only take turns with the network.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*number of training batches.*")
        # The log of an earlier training under the same name is replaced, as its detector is.
        warnings.filterwarnings("ignore", message=".*logs directory.*exists and is not empty.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # between Lightning and torch, not ours
        trainer = L.Trainer(
            max_epochs=settings.epochs,
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
            _loader(method, train, training=True, seed=seed),
            _loader(method, held_out, training=False, seed=seed),
        )
    keep.restore(method)
    return method.cpu().eval(), Fit(trainer.current_epoch, keep.epoch, keep.loss, precision)


def _loader(method: GradientMethod, samples: tuple[Sample, ...], *, training: bool, seed: int) -> DataLoader[Any]:
    batch = min(method.settings.batch_size, len(samples))
    return DataLoader(
        method.examples(samples, training=training, seed=seed),
        batch_size=batch,
        shuffle=training,
        # A last batch of one photo would upset batch normalisation.
        drop_last=training and len(samples) % batch == 1 and batch > 1,
        generator=torch.Generator().manual_seed(seed),
    )
