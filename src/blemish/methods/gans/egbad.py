"""EGBAD: a contest over pairs of image and code, so that the encoder comes with the generator.

Zenati et al., "Efficient GAN-based anomaly detection", ICLR workshop 2018, after BiGAN (Donahue et al. 2017). The
discriminator sees (x, E(x)) and (G(z), z) and tells which is which; generator and encoder want it to be wrong.

What differs from the authors' code, and why:

- Any power of two as size (theirs: 28 px), and biases before batch normalisation kept as theirs has them.
- Generator and encoder move on the same batch as the discriminator, with another z; theirs reshuffles the images.
- Sums of the L1 norms are means here, so that a score does not grow with the image's size; the 0.9 : 0.1 then weighs
  pixels and features evenly, which theirs, with 784 pixels and 1024 features, nearly does.
"""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from blemish.methods.contract import LoadWeights
from blemish.methods.networks.dcgan import Encoder, Generator, PairDiscriminator
from blemish.methods.networks.ganomaly_networks import initialise
from blemish.methods.parts.averaging import follow
from blemish.methods.parts.gan import AdversarialMethod, AdversarialSettings
from blemish.methods.parts.gan_losses import taken_for_image, taken_for_made
from blemish.methods.parts.generative import mean_of_each
from blemish.methods.registry import register


class EgbadSettings(AdversarialSettings):
    """Hyper-parameters of `Egbad`; the defaults are the ``quick`` profile."""

    epochs: int = Field(60, ge=1, description="passes over the training images")
    learning_rate: float = Field(2e-4, gt=0, description="step size of Adam (authors: 1e-5)")
    latent: int = Field(200, ge=1, description="length of z ~ N(0, I)")
    dropout: float = Field(0.5, ge=0, lt=1, description="in the discriminator")
    averaging: float = Field(0.999, ge=0, lt=1, description="fraction of the old average of weights in each step")
    feature_fraction: float = Field(0.1, ge=0, le=1, description="fraction of the features' distance in the score")


@register("egbad", learns_from="normal", localises=True)
class Egbad(AdversarialMethod):
    """EGBAD: learns generator and encoder of normal images together, by a contest over pairs of image and code."""

    Settings: ClassVar[type[EgbadSettings]] = EgbadSettings

    def __init__(self, settings: EgbadSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        size = (settings.latent, self.channels, settings.width, self.side_px)
        # Generator and encoder move together, so they are one player.
        self.pair = torch.nn.ModuleDict({"generator": Generator(*size), "encoder": Encoder(*size)}).apply(initialise)
        self.discriminator = PairDiscriminator(*size, settings.dropout).apply(initialise)
        self.slow_pair = copy.deepcopy(self.pair).requires_grad_(False)
        self.slow_discriminator = copy.deepcopy(self.discriminator).requires_grad_(False)
        self._step = 0

    def configure_optimizers(self) -> Any:
        """Adam (0.5, 0.999) for each."""
        rate, betas = self.settings.learning_rate, (0.5, 0.999)
        return [
            torch.optim.Adam(self.pair.parameters(), lr=rate, betas=betas),
            torch.optim.Adam(self.discriminator.parameters(), lr=rate, betas=betas),
        ]

    def contest(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The discriminator's turn, then that of generator and encoder."""
        for_pair, for_discriminator = self.players()
        with self.toggled_optimizer(for_discriminator):
            loss_d = discriminator_loss(*self._logits(x, learn_pair=False))
            self.play(for_discriminator, loss_d)
        with self.toggled_optimizer(for_pair):
            loss_p = pair_loss(*self._logits(x, learn_pair=True))
            self.play(for_pair, loss_p)
        self.renew_if_it_has_won(loss_d)
        self._step += 1
        follow(self.slow_pair, self.pair, self.settings.averaging, self._step)
        follow(self.slow_discriminator, self.discriminator, self.settings.averaging, self._step)
        return {"generator": loss_p, "discriminator": loss_d}

    def _logits(self, x: Tensor, *, learn_pair: bool) -> tuple[Tensor, Tensor]:
        """Of (x, E(x)) and of (G(z), z)."""
        z = torch.randn(len(x), self.settings.latent, device=x.device)
        with torch.set_grad_enabled(learn_pair):
            code, picture = self.pair["encoder"](x), self.pair["generator"](z)
        return self.discriminator(x, code)[0], self.discriminator(picture, z)[0]

    def made(self, x: Tensor) -> Tensor:
        """The reconstruction, by averaged weights."""
        picture: Tensor = self.slow_pair["generator"](self.slow_pair["encoder"](x))
        return picture

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """0.9 of the absolute error + 0.1 of the features' distance; |x - x̂| as map."""
        z = self.slow_pair["encoder"](x)
        x_hat = self.slow_pair["generator"](z)
        f, f_hat = self.slow_discriminator(x, z)[1], self.slow_discriminator(x_hat, z)[1]
        error = (x - x_hat).abs()
        fraction = self.settings.feature_fraction
        score = (1 - fraction) * mean_of_each(error) + fraction * mean_of_each((f - f_hat).abs())
        return score, error.mean(dim=1)


def discriminator_loss(logit: Tensor, logit_made: Tensor) -> Tensor:
    """Cross-entropy of telling (x, E(x)) with logits (N,) from (G(z), z)."""
    return taken_for_image(logit) + taken_for_made(logit_made)


def pair_loss(logit: Tensor, logit_made: Tensor) -> Tensor:
    """The other way round: G wants its pair taken for an image's, E wants its pair taken for a made one."""
    return taken_for_image(logit_made) + taken_for_made(logit)
