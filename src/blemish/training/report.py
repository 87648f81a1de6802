"""What a fit reports: typed facts, from which the model card, the log and the terminal are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from blemish.training.precision import Precision


@dataclass(frozen=True, slots=True)
class FitReport:
    """How a fit went.

    Attributes:
        duration_s: wall time.
        learned: of a method fitted in passes over the images, what it learned, in words; empty otherwise.
        epochs: of a method fitted by gradient, epochs run; 0 otherwise.
        best_epoch: the epoch whose weights are kept, from 0; None: the last one.
        losses: of every epoch, by name: ``train_loss``, ``val_loss``, those of the networks of a GAN.
        precision: number format of the gradient steps; None without them.
        restarts: how often the training was started again from another seed.
        remarks: what the user should know, in sentences.
    """

    duration_s: float
    learned: str = ""
    epochs: int = 0
    best_epoch: int | None = None
    losses: tuple[Mapping[str, float], ...] = ()
    precision: Precision | None = None
    restarts: int = 0
    remarks: tuple[str, ...] = ()

    def outcome(self) -> str:
        """What the fit came to, in words, without remarks."""
        if not self.epochs:
            return self.learned
        kept = "kept the last"
        if self.best_epoch is not None:
            loss = self.losses[self.best_epoch]["val_loss"]
            kept = f"kept epoch {self.best_epoch + 1} with validation loss {loss:.4f}"
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"{epochs}, {kept}, {self.precision}"

    def describe(self) -> str:
        """Outcome and remarks, for the model card: the same for every run from the same seed."""
        return " ".join([self.outcome(), *self.remarks])
