"""Checkpoints: an interrupted training resumes from its last one, and ends as if it had not been interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import lightning as L
import torch
from torch.utils.data import DataLoader

from blemish.files import replacing
from blemish.training.precision import Precision

_NAME = "checkpoint.ckpt"
_KEY = "blemish"
# At the start of an epoch; this much work may be lost. Where writing takes more than a second (a network of 50 million
# weights has 600 MB), as long for each of them: a twentieth of the time at most.
EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of a training.

    Attributes:
        seed: of everything random.
        precision: number format.
        restarted: why an earlier start was given up, in sentences; empty at the first.
    """

    seed: int
    precision: Precision
    restarted: str = ""


class Checkpoints:
    """The checkpoint of one training.

    Args:
        folder: of the training.
        identity: digest of everything that decides the result; a checkpoint of another one is never used.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.file = folder / _NAME
        self._identity = identity

    def find(self) -> tuple[Attempt, int] | None:
        """The attempt that can be resumed and the epochs that it has finished; None where there is none."""
        try:
            # Plain tensors and numbers alone: nothing in the file is run.
            saved = torch.load(self.file, map_location="cpu", weights_only=True)
            if saved[_KEY]["identity"] != self._identity:
                return None
            return Attempt(**saved[_KEY]["attempt"]), int(saved["epoch"])
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, UnpicklingError, EOFError, KeyError, TypeError, ValueError):
            return None  # cut off or foreign: the training starts anew and replaces it

    def remove(self) -> None:
        """Delete it: a new training, or another attempt, begins."""
        forget_checkpoint(self.file.parent)

    def writer(self, attempt: Attempt, loader: DataLoader[Any]) -> L.Callback:
        """The callback that writes checkpoints of one attempt and restores what Lightning does not."""
        return _Writer(self.file, {"identity": self._identity, "attempt": asdict(attempt)}, loader)


def forget_checkpoint(folder: Path) -> None:
    """Delete the checkpoint of a training: what it was for is written."""
    (folder / _NAME).unlink(missing_ok=True)


class _Writer(L.Callback):
    """Writes a checkpoint at the start of an epoch, with the state of everything random and of plain counters."""

    def __init__(self, file: Path, header: dict[str, Any], loader: DataLoader[Any]) -> None:
        self._file, self._header, self._loader = file, header, loader
        self._written_s, self._cost_s = time.monotonic(), 0.0
        self._apply: Callable[[], None] | None = None

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write one, unless the last one is young."""
        if self._apply is not None:
            self._apply()
            self._apply = None
            return
        started_s = time.monotonic()
        interval_s = EVERY_S * max(1.0, self._cost_s)
        due = trainer.current_epoch > 0 and started_s - self._written_s >= interval_s
        if trainer.strategy.broadcast(due):
            self._write(trainer)
            self._written_s = time.monotonic()
            self._cost_s = self._written_s - started_s

    def _write(self, trainer: L.Trainer) -> None:
        if trainer.is_global_zero:
            with replacing(self._file) as temporary:
                trainer.save_checkpoint(temporary)
        else:
            trainer.save_checkpoint(self._file)  # takes part; nothing is written

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add what Lightning leaves out, and count the batches from 0: those of the last epoch are still in there."""
        for name, progress in checkpoint["loops"]["fit_loop"].items():
            if name.startswith("epoch_loop.") and name.endswith("progress"):
                _start_anew(progress)
        checkpoint[_KEY] = self._header | {
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "order": self._order.get_state(),
            "counters": [_counters(each) for each in self._counting(pl_module)],
        }

    def on_load_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Restore order and counters at once, the random numbers when the epoch starts."""
        saved = checkpoint[_KEY]
        self._order.set_state(saved["order"])
        for each, counters in zip(self._counting(pl_module), saved["counters"], strict=True):
            vars(each).update(counters)

        def apply() -> None:
            torch.set_rng_state(saved["random"])
            if saved["random_cuda"]:
                torch.cuda.set_rng_state_all(saved["random_cuda"])

        self._apply = apply

    @property
    def _order(self) -> torch.Generator:
        return cast(torch.Generator, self._loader.generator)

    def _counting(self, module: L.LightningModule) -> tuple[object, ...]:
        return module, getattr(self._loader.dataset, "examples", self._loader.dataset)


def _counters(owner: object) -> dict[str, Any]:
    """The attributes that are whole numbers, or lists or tuples of numbers."""
    return {name: value for name, value in vars(owner).items() if _is_counter(value)}


def _is_counter(value: object) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(each, int | float) for each in value)
    return isinstance(value, int) and not isinstance(value, bool)


def _start_anew(progress: dict[str, Any]) -> None:
    """Set the counts of the current epoch to 0 in the state of one of Lightning's loops, however deeply nested."""
    for name, value in progress.items():
        if isinstance(value, dict):
            if name == "current":
                value.update(dict.fromkeys(value, 0))
            else:
                _start_anew(value)
    if "is_last_batch" in progress:
        progress["is_last_batch"] = False
