"""The base of every generative adversarial network: alternating steps under Lightning, and their failure modes.

Failure modes, and the rule for each:

- A loss that is NaN or infinite ends the training (`blemish.training.callbacks`); it is tried again in float32.
- A discriminator whose loss falls below 1e-5 gives the generator no gradient: it is initialised anew (Akçay's rule), at
  most `MAX_DISCRIMINATOR_RESETS` times, and the model card says how often. A Wasserstein critic does not saturate.
- A generator whose output does not depend on its input (outputs differ by less than half a grey level where the images
  differ by more than two) for ``patience`` epochs running has collapsed: the training is started again once from the
  next seed, and a second collapse is stated on the model card.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, cast

import torch
from pydantic import Field
from torch import Tensor, distributed, nn

from blemish.methods.contract import LoadWeights
from blemish.methods.networks.dcgan import initialise
from blemish.methods.networks.signed_windows import SignedWindows
from blemish.methods.parts.generative_method import GenerativeMethod, GenerativeSettings

MAX_DISCRIMINATOR_RESETS = 5
_SATURATED_LOSS = 1e-5
# Of a range of 2: half a grey level, and two.
_MIN_OUTPUT_STD = 0.5 / 127.5
_MIN_IMAGE_STD = 2 / 127.5


class GanSettings(GenerativeSettings):
    """What every generative adversarial network has. All epochs are run and the last weights kept."""

    learning_rate: float = Field(2e-4, gt=0, description="step size of Adam")
    patience: int = Field(5, ge=1, description="epochs of a collapsed generator before the training starts again")
    width: int = Field(64, ge=4, description="channels after the first convolution")


class GanMethod(GenerativeMethod):
    """A method with a generator and a discriminator. A subclass builds them and makes one GAN step.

    Attributes:
        betas: of Adam; the default has DCGAN's low momentum.
        discriminator: the network that is initialised anew when it saturates, or the critic.
    """

    Settings: ClassVar[type[GanSettings]] = GanSettings
    betas: ClassVar[tuple[float, float]] = (0.5, 0.999)
    stops_early: bool = False
    generator: nn.Module
    discriminator: nn.Module

    def __init__(
        self,
        settings: GanSettings,
        classes: tuple[str, ...],
        load_weights: LoadWeights,
        view: SignedWindows | None = None,
    ) -> None:
        super().__init__(settings, classes, load_weights, view)
        self.automatic_optimization = False
        self._discriminator_resets = 0
        self._collapsed_epochs = 0
        self._longest_collapse = 0
        self._stds: tuple[float, float] | None = None

    def configure_optimizers(self) -> Any:
        """Adam for each network."""
        return [self.adam(self.generator), self.adam(self.discriminator)]

    def adam(self, network: nn.Module) -> torch.optim.Adam:
        """Adam with the method's step size and ``betas``."""
        return torch.optim.Adam(network.parameters(), lr=self.settings.learning_rate, betas=self.betas)

    @abstractmethod
    def gan_step(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """One step of every network on images (N, C, P, P); the losses by network."""

    @abstractmethod
    def generated(self, x: Tensor) -> Tensor:
        """The generator's output for images (N, C, P, P), a reconstruction or a free sample: the same shape."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """By the generator; a subclass whose ``generated`` is a free sample says how."""
        return self.generated(x)

    def compute_loss(self, batch: Any) -> Tensor:
        """Mean absolute difference between images and the generator's output."""
        x: Tensor = self.pixels(batch)
        return (x - self.generated(x)).float().abs().mean()

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """`gan_step`, logged as ``<network>_loss``."""
        losses = self.gan_step(self.pixels(batch), batch_idx)
        for network, loss in losses.items():
            self.log(f"{network}_loss", loss.detach(), on_step=False, on_epoch=True, prog_bar=True, sync_dist=True)
        return torch.stack([loss.detach().float() for loss in losses.values()]).sum()

    def reconstructs(self) -> bool:
        """Whether the generator's output is, by now, a reconstruction, so that its difference has a meaning."""
        return True

    def validation_step(self, batch: Any, batch_idx: int) -> Tensor | None:  # type: ignore[override]
        """``val_loss``, for the curves only, and the standard deviation of the outputs within the batch."""
        if batch_idx == 0 and len(batch) > 1:
            x = self.pixels(batch)
            self._stds = batch_std(x), batch_std(self.generated(x))
        return super().validation_step(batch, batch_idx) if self.reconstructs() else None

    def on_validation_epoch_end(self) -> None:
        """Count epochs in which all outputs are the same."""
        if self._stds is None:
            return
        image_std, output_std = self._stds
        collapsed = output_std < _MIN_OUTPUT_STD and image_std > _MIN_IMAGE_STD
        self._collapsed_epochs = self._collapsed_epochs + 1 if collapsed else 0
        self._longest_collapse = max(self._longest_collapse, self._collapsed_epochs)

    def diverged(self) -> str | None:
        """A generator that has collapsed for ``patience`` epochs running."""
        if self._longest_collapse < self.settings.patience:
            return None
        return f"The generator collapsed: for {self._longest_collapse} epochs its output was the same for every input."

    def remarks(self) -> tuple[str, ...]:
        """Also a collapsed generator, and a discriminator that had to be initialised anew."""
        said = [*super().remarks(), *filter(None, [self.diverged()])]
        if self._discriminator_resets:
            said.append(
                f"The discriminator saturated (loss below {_SATURATED_LOSS:g}) and was initialised anew, "
                f"{self._discriminator_resets} time(s)."
            )
        return tuple(said)

    def optimizer_list(self) -> list[Any]:
        """The optimisers, in the order of `configure_optimizers`."""
        return list(cast(Iterable[Any], self.optimizers()))

    def optimize(self, optimizer: Any, loss: Tensor) -> None:
        """One step of one optimiser; to be called under ``toggled_optimizer``, so that only its weights change."""
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def reset_saturated_discriminator(self, loss: Tensor) -> None:
        """Initialise the discriminator anew where its cross-entropy, of all devices, has fallen to nothing."""
        loss = loss.detach().clone()
        several = distributed.is_initialized()
        if several:
            distributed.all_reduce(loss)
            loss /= distributed.get_world_size()
        if float(loss) >= _SATURATED_LOSS or self._discriminator_resets == MAX_DISCRIMINATOR_RESETS:
            return
        self._discriminator_resets += 1
        self.discriminator.apply(initialise)
        for tensor in self.discriminator.state_dict().values() if several else ():
            distributed.broadcast(tensor, 0)


def batch_std(images: Tensor) -> float:
    """Standard deviation of each pixel over a batch (N, C, P, P), mean over pixels."""
    return float(images.float().std(dim=0).mean())
