"""Fitting a gradient method: Lightning set up for this machine, early stopping on images set aside from training."""

from __future__ import annotations

import copy
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, WeightedRandomSampler

from blemish.datasets import Sample
from blemish.methods import DivergedError, FittedMethod, GradientMethod
from blemish.methods.data.image_stream import ImageStream
from blemish.training.precision import LossNotFiniteError, Precision, StopOnBadLoss, best_precision


@dataclass(frozen=True, slots=True)
class Fit:
    """How a fit went.

    Attributes:
        epochs: passes over the images that were made.
        best_epoch: the one whose weights are kept, from 0.
        best_val_loss: its loss on the images set aside.
        precision: how numbers were kept.
        remarks: what happened on the way that one should know, in sentences.
    """

    epochs: int
    best_epoch: int
    best_val_loss: float
    precision: Precision
    remarks: tuple[str, ...] = ()

    def describe(self) -> str:
        """The fit in words, for the model card."""
        kept = "kept the last"
        if self.best_val_loss < float("inf"):
            kept = f"kept epoch {self.best_epoch + 1} with validation loss {self.best_val_loss:.4f}"
        return " ".join([f"{self.epochs} epochs, {kept}, {self.precision}", *self.remarks])


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


def fit_by_looking(
    build: Callable[[], FittedMethod], train: tuple[Sample, ...], *, seed: int
) -> tuple[FittedMethod, str]:
    """Fit a method that learns in passes over the images, and say in words what it learned.

    Args:
        build: makes the method that has seen nothing.
        train: normal images, and labelled defects for a method that learns from few labels.
        seed: of everything random.
    """
    L.seed_everything(seed, workers=True, verbose=False)
    method = build()
    method.defects = tuple(sample for sample in train if sample.defective)
    normal = [Path(sample.path) for sample in train if not sample.defective]
    how = method.fit(ImageStream(normal), seed=seed)
    return method.eval(), how


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
        train: images to learn from.
        held_out: images of the same training data set aside, for early stopping alone.
        seed: of weights, order and augmentation.
        logs: folder for ``metrics.csv``.
        progress: draw a progress bar.
        precision: None takes the fastest that this machine computes natively.

    A training that runs astray (`blemish.methods.DivergedError`) is started once more, from the next seed; the second
    one is kept whatever becomes of it, with a remark.

    Raises:
        LossNotFiniteError: the loss became NaN or infinite in float32.
    """

    def once(method: Callable[[], GradientMethod], seed: int) -> tuple[GradientMethod, Fit]:
        chosen = precision or best_precision()
        try:
            return _fit_once(method, train, held_out, seed=seed, logs=logs, progress=progress, precision=chosen)
        except LossNotFiniteError:
            if chosen == "32-true":
                raise
            return _fit_once(method, train, held_out, seed=seed, logs=logs, progress=progress, precision="32-true")

    def build_for_the_last_time() -> GradientMethod:
        method = build()
        method.last_try = True
        return method

    try:
        return once(build, seed)
    except DivergedError as error:
        method, report = once(build_for_the_last_time, seed + 1)
        again = f"{error} Training was started again from seed {seed + 1}."
        return method, replace(report, remarks=(again, *report.remarks))


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
    # On the CPU channels-last convolutions are faster in either precision; images arrive in that order anyway.
    method = build().to(memory_format=torch.channels_last)
    settings = method.settings
    keep = _KeepBest()
    callbacks: list[L.Callback] = [StopOnBadLoss()]
    if method.stops_early and held_out:
        callbacks += [EarlyStopping("val_loss", patience=settings.patience, check_finite=False), keep]
    if progress:
        callbacks.append(TQDMProgressBar(refresh_rate=1 if sys.stderr.isatty() else 50))
    with warnings.catch_warnings():
        # Loading in the main process is meant: on few cores worker processes only take turns with the network.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*number of training batches.*")
        warnings.filterwarnings("ignore", message=".*no `val_dataloader`.*")  # too few images to set any aside
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
            batches(method, train, training=True, seed=seed),
            batches(method, held_out, training=False, seed=seed) if held_out else None,
        )
    keep.restore(method)
    return method.cpu().eval(), Fit(trainer.current_epoch, keep.epoch, keep.loss, precision, tuple(method.remarks))


def batches(method: GradientMethod, samples: tuple[Sample, ...], *, training: bool, seed: int) -> DataLoader[Any]:
    """A method's examples in batches: training ones shuffled or drawn by `GradientMethod.fractions`, others in order.

    Args:
        method: what learns.
        samples: images, at least one.
        training: augmented, and drawn anew in every epoch.
        seed: of the order and the augmentation.
    """
    batch = min(method.settings.batch_size, len(samples))
    order = torch.Generator().manual_seed(seed)
    fractions = method.fractions(samples) if training else None
    return DataLoader(
        method.examples(samples, training=training, seed=seed),
        batch_size=batch,
        shuffle=training and fractions is None,
        # Drawn anew in every epoch.
        sampler=None if fractions is None else WeightedRandomSampler(fractions.tolist(), len(samples), generator=order),
        # A last batch of one image would upset batch normalisation.
        drop_last=training and len(samples) % batch == 1 and batch > 1,
        generator=order,
    )
