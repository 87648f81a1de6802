"""The base of the methods that learn from labels or masks by gradient: how they step, and when they stop."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field

from blemish.methods.contract import GradientMethod, GradientSettings


class LabelledSettings(GradientSettings):
    """What every method has that learns from labels or masks."""

    optimizer: Literal["adamw", "adam"] = Field(
        "adamw", description="Adam with decoupled weight decay of 1e-4, or without any"
    )
    schedule: Literal["one-cycle", "constant"] = Field(
        "one-cycle", description="step size that rises and decays to zero, or a constant one"
    )
    augment: bool = Field(True, description="show images mirrored, rotated, scaled and in other light while training")
    early_stopping: bool = Field(
        True,
        description="keep the epoch with the lowest validation loss and stop when it no longer falls; otherwise run "
        "all epochs and keep the last",
    )


class LabelledMethod(GradientMethod):
    """A gradient method with `LabelledSettings`."""

    settings: Any

    def __init__(self, settings: LabelledSettings) -> None:
        super().__init__()
        self.settings = settings
        self.stops_early = settings.early_stopping

    def configure_optimizers(self) -> Any:
        """The chosen optimiser under the chosen schedule."""
        if self.settings.optimizer == "adamw":
            optimizer: torch.optim.Optimizer = self.adamw()
        else:
            optimizer = torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate, fused=True)
        return self.one_cycle(optimizer) if self.settings.schedule == "one-cycle" else optimizer
