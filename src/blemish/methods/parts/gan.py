"""A contest of networks under Lightning: turns, curves, and three ways in which it goes wrong.

What goes wrong, and the rule for each:

- A loss that is NaN or infinite ends the training (`blemish.training.precision`); it is tried again in float32.
- A discriminator whose loss falls below 1e-5 has nothing left to teach: it starts anew (Akçay's rule), at most
  `MAX_NEW_DISCRIMINATORS` times, and the model card says how often. A Wasserstein critic has no such state.
- A generator that makes the same picture whatever it is given (they differ by less than half a grey level where the
  images differ by more than two) for ``patience`` epochs running has collapsed: the training is started again once from
  the next seed, and a second collapse is said on the model card.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.contract import LoadWeights
from blemish.methods.networks.ganomaly_networks import initialise
from blemish.methods.networks.signed_windows import SignedWindows
from blemish.methods.parts.generative import GenerativeMethod, GenerativeSettings

MAX_NEW_DISCRIMINATORS = 5
_DISCRIMINATOR_HAS_WON = 1e-5
# Of a range of 2: half a grey level, and two.
_SAME_PICTURE = 0.5 / 127.5
_IMAGES_DIFFER = 2 / 127.5


class AdversarialSettings(GenerativeSettings):
    """What every adversarial method has. All epochs are made and the last weights kept."""

    learning_rate: float = Field(2e-4, gt=0, description="step size of Adam")
    patience: int = Field(5, ge=1, description="epochs of a collapsed generator before the training starts again")
    width: int = Field(64, ge=4, description="channels after the first convolution")


class AdversarialMethod(GenerativeMethod):
    """A method with several players. A subclass gives its optimisers and `contest`, one step of all players.

    Attributes:
        discriminator: the player that is started anew when it has won, or the critic.
    """

    Settings: ClassVar[type[AdversarialSettings]] = AdversarialSettings
    stops_early: bool = False
    discriminator: nn.Module

    def __init__(
        self,
        settings: AdversarialSettings,
        classes: tuple[str, ...],
        load_weights: LoadWeights,
        view: SignedWindows | None = None,
    ) -> None:
        super().__init__(settings, classes, load_weights, view)
        self.automatic_optimization = False
        self._new_discriminators = 0
        self._collapsed_epochs = 0
        self._longest_collapse = 0
        self._spread: tuple[float, float] | None = None

    @abstractmethod
    def contest(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """One step of every player on pictures (N, C, P, P); the losses by player's name."""

    @abstractmethod
    def made(self, x: Tensor) -> Tensor:
        """What the generator makes of pictures (N, C, P, P), or beside them: the same shape."""

    def compute_loss(self, batch: Any) -> Tensor:
        """Mean absolute difference between images and what the generator makes of them."""
        x: Tensor = self.pixels(batch)
        return (x - self.made(x)).float().abs().mean()

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """`contest`, logged as ``<player>_loss``."""
        losses = self.contest(self.pixels(batch), batch_idx)
        for player, loss in losses.items():
            self.log(f"{player}_loss", loss.detach(), on_step=False, on_epoch=True, prog_bar=True)
        return torch.stack([loss.detach().float() for loss in losses.values()]).sum()

    def reconstructs(self) -> bool:
        """Whether what is made belongs to the images by now, so that their difference means something."""
        return True

    def validation_step(self, batch: Any, batch_idx: int) -> Tensor | None:  # type: ignore[override]
        """``val_loss``, for the curves alone, and how much the made pictures differ among themselves."""
        if batch_idx == 0 and len(batch) > 1:
            x = self.pixels(batch)
            self._spread = spread(x), spread(self.made(x))
        return super().validation_step(batch, batch_idx) if self.reconstructs() else None

    def on_validation_epoch_end(self) -> None:
        """Count epochs in which everything made looks the same."""
        if self._spread is None:
            return
        images, made = self._spread
        collapsed = made < _SAME_PICTURE and images > _IMAGES_DIFFER
        self._collapsed_epochs = self._collapsed_epochs + 1 if collapsed else 0
        self._longest_collapse = max(self._longest_collapse, self._collapsed_epochs)

    def diverged(self) -> str | None:
        """A generator that has collapsed for ``patience`` epochs running."""
        if self._longest_collapse < self.settings.patience:
            return None
        return f"The generator collapsed: {self._longest_collapse} epochs of the same picture, whatever it is given."

    def remarks(self) -> tuple[str, ...]:
        """Also a collapsed generator, and a discriminator that had to start anew."""
        said = [*super().remarks(), *filter(None, [self.diverged()])]
        if self._new_discriminators:
            said.append(
                f"The discriminator won (loss below {_DISCRIMINATOR_HAS_WON:g}) and was started anew, "
                f"{self._new_discriminators} time(s)."
            )
        return tuple(said)

    def players(self) -> list[Any]:
        """The optimisers, in the order of `configure_optimizers`."""
        return list(cast(Iterable[Any], self.optimizers()))

    def play(self, optimizer: Any, loss: Tensor) -> None:
        """One step of one player; to be called where only its own weights are free (``toggled_optimizer``)."""
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def renew_if_it_has_won(self, loss: Tensor) -> None:
        """Start the discriminator anew where its cross-entropy has fallen to nothing."""
        if float(loss.detach()) >= _DISCRIMINATOR_HAS_WON or self._new_discriminators == MAX_NEW_DISCRIMINATORS:
            return
        self._new_discriminators += 1
        self.discriminator.apply(initialise)


def spread(pictures: Tensor) -> float:
    """Standard deviation over a batch (N, C, P, P) of each pixel, mean over pixels."""
    return float(pictures.float().std(dim=0).mean())


def adam(module: nn.Module, learning_rate: float, beta1: float = 0.5, beta2: float = 0.999) -> torch.optim.Adam:
    """Adam as DCGAN set it: little momentum."""
    return torch.optim.Adam(module.parameters(), lr=learning_rate, betas=(beta1, beta2))
