"""ADAE: two autoencoders in a contest; the second one's error says what is unusual.

Vu et al., "Anomaly detection with adversarial dual autoencoders", 2019 (arXiv 1902.06924). The generator is an
autoencoder, and so is the discriminator: it wants to give images back well and reconstructions badly.

There is no official code. The networks follow a public one for 28 px (YeongHyeon/ADAE-TF): levels of two 3×3
convolutions with batch normalisation, halved by pooling; here to 8 px at most, doubled in width to eight times.

What differs, and why: in the paper's loss of the discriminator the second term can run to minus infinity. Weighted by
k_t as in BEGAN (Berthelot et al. 2017, eq. 5) it stays in balance: k grows while the reconstructions' error is less
than γ times the images'. With k fixed at 1 the loss is the paper's.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.contract import LoadWeights
from blemish.methods.parts.gan import AdversarialMethod, AdversarialSettings
from blemish.methods.parts.generative import mean_of_each
from blemish.methods.registry import register

_LAST_SIDE_PX = 8


class AdaeSettings(AdversarialSettings):
    """Hyper-parameters of `Adae`; the defaults are the ``quick`` profile."""

    epochs: int = Field(40, ge=1, description="passes over the training images")
    learning_rate: float = Field(1e-4, gt=0, description="step size of Adam")
    width: int = Field(16, ge=4, description="channels of the first level; doubled at each halving")
    balance: float = Field(0.5, gt=0, description="γ, error on reconstructions wanted, as a fraction of that on images")
    balance_rate: float = Field(0.001, ge=0, description="how fast k follows")


class DualAutoencoder(nn.Module):
    """(N, C, P, P) -> the same in [-1, 1], through a code of 8 × 8 positions."""

    def __init__(self, channels: int, width: int, side_px: int) -> None:
        super().__init__()
        layers = _level(channels, width)
        widths = [width]
        while side_px > _LAST_SIDE_PX:
            widths.append(min(2 * widths[-1], 8 * width))
            layers += [nn.MaxPool2d(2), *_level(widths[-2], widths[-1])]
            side_px //= 2
        layers += _level(widths[-1], widths[-1])
        for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True):
            layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1), nn.BatchNorm2d(narrow), nn.ReLU()]
            layers += [nn.Conv2d(narrow, narrow, 3, 1, 1), nn.BatchNorm2d(narrow), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, channels, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct."""
        return torch.tanh(self.layers(x))


def _level(channels_in: int, channels_out: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for channels in (channels_in, channels_out):
        layers += [nn.Conv2d(channels, channels_out, 3, 1, 1), nn.BatchNorm2d(channels_out), nn.ReLU()]
    return layers


@register("adae", learns_from="normal", localises=True)
class Adae(AdversarialMethod):
    """Adversarial dual autoencoder: two autoencoders in a contest, the second one's error is the score."""

    Settings: ClassVar[type[AdaeSettings]] = AdaeSettings
    k: Tensor

    def __init__(self, settings: AdaeSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self.generator = DualAutoencoder(self.channels, settings.width, self.side_px)
        self.discriminator = DualAutoencoder(self.channels, settings.width, self.side_px)
        self.register_buffer("k", torch.zeros(()))

    def configure_optimizers(self) -> Any:
        """Adam 1e-4 for each."""
        rate = self.settings.learning_rate
        return [torch.optim.Adam(player.parameters(), lr=rate) for player in (self.generator, self.discriminator)]

    def contest(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The discriminator's turn, then the generator's."""
        for_generator, for_discriminator = self.players()
        with self.toggled_optimizer(for_discriminator):
            x_hat = self.generator(x).detach()
            of_images = absolute_error(x, self.discriminator(x))
            of_made = absolute_error(x_hat, self.discriminator(x_hat))
            loss_d = discriminator_loss(of_images, of_made, self.k)
            self.play(for_discriminator, loss_d)
        with torch.no_grad():
            step = self.settings.balance * of_images - of_made
            self.k.add_(self.settings.balance_rate * step).clamp_(0, 1)
        with self.toggled_optimizer(for_generator):
            x_hat = self.generator(x)
            loss_g = absolute_error(x, x_hat) + absolute_error(x_hat, self.discriminator(x_hat))
            self.play(for_generator, loss_g)
        return {"generator": loss_g, "discriminator": loss_d}

    def made(self, x: Tensor) -> Tensor:
        """The generator's reconstruction."""
        x_hat: Tensor = self.generator(x)
        return x_hat

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """|x - D(G(x))| of the image and of each pixel."""
        error = self.pixels.crop((x - self.discriminator(self.generator(x))).abs()).mean(dim=1)
        return mean_of_each(error), error


def absolute_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """Mean over everything."""
    return (x - x_hat).float().abs().mean()


def discriminator_loss(of_images: Tensor, of_made: Tensor, k: Tensor) -> Tensor:
    """The discriminator's errors, scalars: on images, less k times that on reconstructions."""
    return of_images - k * of_made
