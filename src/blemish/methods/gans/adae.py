"""ADAE: two autoencoders trained against each other; the score is the second one's reconstruction error.

Vu et al., "Anomaly detection with adversarial dual autoencoders", 2019 (arXiv 1902.06924). The generator is an
autoencoder, and so is the discriminator: it is trained to reconstruct images well and the generator's output badly.

There is no official code. The networks follow a public one for 28 px (YeongHyeon/ADAE-TF): levels of two 3×3
convolutions with batch normalisation, downsampled by pooling; here down to 8 px, the width doubled up to eight times.

What differs from the paper, and why: the second term of its discriminator loss is unbounded below. Weighted by k as in
BEGAN (Berthelot et al. 2017, eq. 5) it stays in balance: k grows while the discriminator's error on generated images is
less than γ times that on real ones, and falls while it is more. With k at 1 the loss is the paper's. BEGAN's γ is below
1, for a generator of noise; here generated images are reconstructions, and even a discriminator that is not trained on
them (k = 0) has .7 to 1.2 times the error on them, up to 2 on 50 X-rays: a γ below that leaves k at 0 for ever, and the
two autoencoders never compete. Hence γ = 1.5. k steps by the ratio and not by the difference of the errors, or its rate
would depend on the images' contrast.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.parts.gan_method import GanMethod, GanSettings
from blemish.methods.parts.generative_method import mean_per_image
from blemish.methods.registry import register

_LAST_SIDE_PX = 8
_TINY = 1e-12


class AdaeSettings(GanSettings):
    """Hyper-parameters of `Adae`; the defaults are the ``quick`` profile."""

    epochs: int = Field(40, ge=1, description="passes over the training images")
    learning_rate: float = Field(1e-4, gt=0, description="step size of Adam")
    width: int = Field(16, ge=4, description="channels of the first level; doubled at each downsampling")
    balance: float = Field(
        1.5,
        gt=0,
        description="γ, the wanted error of the discriminator on generated images, as a fraction of that on real ones",
    )
    balance_rate: float = Field(0.01, ge=0, description="step size of k, which lies between 0 and 1")


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
class Adae(GanMethod):
    """ADAE: two autoencoders trained against each other; the score is the second one's reconstruction error."""

    Settings: ClassVar[type[AdaeSettings]] = AdaeSettings
    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
    k: Tensor

    def build(self, settings: AdaeSettings) -> None:
        """Two autoencoders."""
        self.generator = DualAutoencoder(self.channels, settings.width, self.side_px)
        self.discriminator = DualAutoencoder(self.channels, settings.width, self.side_px)
        self.register_buffer("k", torch.zeros(()))

    def gan_step(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The discriminator's step, then the generator's."""
        for_generator, for_discriminator = self.optimizer_list()
        with self.toggled_optimizer(for_discriminator):
            x_hat = self.generator(x).detach()
            error_real = absolute_error(x, self.discriminator(x))
            error_fake = absolute_error(x_hat, self.discriminator(x_hat))
            loss_d = discriminator_loss(error_real, error_fake, self.k)
            self.optimize(for_discriminator, loss_d)
        self.k.copy_(balanced(self.k, error_real.detach(), error_fake.detach(), self.settings))
        with self.toggled_optimizer(for_generator):
            x_hat = self.generator(x)
            loss_g = absolute_error(x, x_hat) + absolute_error(x_hat, self.discriminator(x_hat))
            self.optimize(for_generator, loss_g)
        return {"generator": loss_g, "discriminator": loss_d}

    def remarks(self) -> tuple[str, ...]:
        """Also a k of 0 after the training: the two autoencoders did not compete."""
        if self.current_epoch and not float(self.k):
            return *super().remarks(), "k is 0: the two autoencoders do not compete; raise balance."
        return super().remarks()

    def generated(self, x: Tensor) -> Tensor:
        """The generator's reconstruction."""
        x_hat: Tensor = self.generator(x)
        return x_hat

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """|x - D(G(x))| of the image and of each pixel."""
        error = self.pixels.crop((x - self.discriminator(self.generator(x))).abs()).mean(dim=1)
        return mean_per_image(error), error


def absolute_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """Mean over everything."""
    return (x - x_hat).float().abs().mean()


def discriminator_loss(error_real: Tensor, error_fake: Tensor, k: Tensor) -> Tensor:
    """The discriminator's reconstruction errors, scalars: on images, minus k times that on generated ones."""
    return error_real - k * error_fake


def balanced(k: Tensor, error_real: Tensor, error_fake: Tensor, settings: AdaeSettings) -> Tensor:
    """The next k, scalar in [0, 1]: it grows while the error on generated images is less than γ times the other."""
    step = settings.balance - error_fake / error_real.clamp_min(_TINY)
    return (k + settings.balance_rate * step).clamp(0, 1)
