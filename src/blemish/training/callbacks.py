"""What a gradient fit watches while Lightning runs it: the best epoch, losses, divergence, and the time left."""

from __future__ import annotations

import copy
import time
from typing import Any

import lightning as L
import torch

from blemish.methods import GradientMethod
from blemish.training.log import TrainingLog

# Often enough to see that it goes on, seldom enough to read.
_SAY_EVERY_S = 10.0


class LossNotFiniteError(RuntimeError):
    """The training loss became NaN or infinite."""


class DivergedError(RuntimeError):
    """A training has failed by `GradientMethod.diverged` and should be started again."""


class StopOnBadLoss(L.Callback):
    """Ends a fit with `LossNotFiniteError` as soon as a step's loss is not finite."""

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Check the loss that the step returned, on any device: all of them stop together."""
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        if isinstance(loss, torch.Tensor) and trainer.world_size > 1:
            loss = trainer.strategy.reduce(loss.detach().clone(), reduce_op="mean")
        if isinstance(loss, torch.Tensor) and not torch.isfinite(loss):
            raise LossNotFiniteError(f"The loss became {loss.item()} in epoch {trainer.current_epoch + 1}.")


class StopDiverged(L.Callback):
    """Ends a fit with `DivergedError` as soon as the method says that it has diverged."""

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Ask the method."""
        assert isinstance(pl_module, GradientMethod)
        if (why := pl_module.diverged()) is not None:
            raise DivergedError(why)


class KeepBest(L.Callback):
    """Keeps the weights of the epoch with the lowest ``val_loss``, in memory."""

    def __init__(self) -> None:
        self.loss = float("inf")
        self.epoch: int | None = None
        self._weights: dict[str, torch.Tensor] | None = None

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Copy the weights when they are the best so far."""
        loss = float(trainer.callback_metrics["val_loss"])
        if loss < self.loss:
            self.loss, self.epoch = loss, trainer.current_epoch
            self._weights = copy.deepcopy(pl_module.state_dict())

    def restore(self, module: L.LightningModule) -> None:
        """Put the best weights back."""
        if self._weights is not None:
            module.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"loss": self.loss, "epoch": self.epoch, "weights": self._weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.loss, self.epoch, self._weights = (state_dict[name] for name in ("loss", "epoch", "weights"))


class RecordLosses(L.Callback):
    """Every loss of every epoch, and accuracies where a method logs them."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log again what a resumed training logged before it was interrupted."""
        assert trainer.logger is not None
        for epoch, losses in enumerate(self.epochs):
            trainer.logger.log_metrics({"epoch": epoch, **losses}, step=epoch)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Add this epoch's row."""
        self.epochs.append(
            {
                name: float(value)
                for name, value in trainer.callback_metrics.items()
                if any(kind in name for kind in ("loss", "accuracy"))
            }
        )

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.epochs = list(state_dict["epochs"])


class ShowProgress(L.Callback):
    """Says epoch, losses and time left every few seconds; the log gets every epoch.

    Args:
        log: where to.
        losses: of the epochs so far.
        stops_early: whether fewer epochs may be run than the settings allow.
    """

    def __init__(self, log: TrainingLog, losses: RecordLosses, *, stops_early: bool) -> None:
        self._log, self._losses = log, losses
        self._most = "at most " if stops_early else ""
        self._started_s = self._said_s = time.monotonic()
        self._first_epoch = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._started_s = self._said_s = time.monotonic()
        self._first_epoch = trainer.current_epoch

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Within an epoch."""
        steps = int(trainer.num_training_batches)
        if batch_idx + 1 < steps and self._due():
            where = f"{self._epoch(trainer)}, step {batch_idx + 1} of {steps}"
            self._log.say(f"{where}{self._left(trainer, (batch_idx + 1) / steps)}.")

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """At the end of an epoch; `RecordLosses` comes before."""
        losses = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in self._losses.epochs[-1].items())
        sentence = f"{self._epoch(trainer)}: {losses}{self._left(trainer, 1.0)}."
        if self._due() or trainer.current_epoch + 1 == trainer.max_epochs:
            self._log.say(sentence)
        else:
            self._log.note(sentence)

    def _due(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._said_s < _SAY_EVERY_S:
            return False
        self._said_s = now_s
        return True

    def _epoch(self, trainer: L.Trainer) -> str:
        return f"Epoch {trainer.current_epoch + 1} of {self._most}{trainer.max_epochs}"

    def _left(self, trainer: L.Trainer, fraction: float) -> str:
        """The time left, judged by the epochs so far."""
        done = trainer.current_epoch - self._first_epoch + fraction
        left = (trainer.max_epochs or 0) - trainer.current_epoch - fraction
        left_s = (time.monotonic() - self._started_s) / done * left
        return f"; {self._most}{duration_in_words(left_s)} left" if left > 0 else ""


class PassProgress:
    """Says how far a pass over the images is, every few seconds."""

    def __init__(self, log: TrainingLog) -> None:
        self._log = log
        self._started_s = self._said_s = time.monotonic()

    def __call__(self, passed: int, total: int) -> None:
        """After each image."""
        now_s = time.monotonic()
        if passed == 1:
            self._started_s = now_s
        elif passed < total and now_s - self._said_s >= _SAY_EVERY_S:
            self._said_s = now_s
            left_s = (now_s - self._started_s) / (passed - 1) * (total - passed)
            self._log.say(f"{passed} of {total} images of this pass; {duration_in_words(left_s)} left of it.")


def duration_in_words(duration_s: float) -> str:
    """``42 s``, ``7 min``, ``2 h 5 min``."""
    seconds = round(duration_s)
    if seconds < 100:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
