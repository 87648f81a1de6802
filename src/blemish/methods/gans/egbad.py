"""EGBAD: a GAN over pairs of image and code, which trains an encoder with the generator.

Zenati et al., "Efficient GAN-based anomaly detection", ICLR workshop 2018, after BiGAN (Donahue et al. 2017). The
discriminator classifies (x, E(x)) against (G(z), z); generator and encoder are trained against it.

What differs from the authors' code, and why:

- Any power of two as size (theirs: 28 px), and biases before batch normalisation kept as theirs has them.
- Generator and encoder are updated on the same batch as the discriminator, with another z; theirs reshuffles.
- The L1 norms are means instead of sums, so that a score does not grow with the image's size. Theirs, with 784 pixels
  and 1024 features, weighs the two nearly alike.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.networks.dcgan import Encoder, Generator, PairDiscriminator, initialise
from blemish.methods.parts.gan_losses import bce_fake, bce_real
from blemish.methods.parts.gan_method import GanMethod, GanSettings
from blemish.methods.parts.generative_method import mean_per_image
from blemish.methods.parts.weight_averaging import averaged
from blemish.methods.registry import register


class EgbadSettings(GanSettings):
    """Hyper-parameters of `Egbad`; the defaults are the ``quick`` profile."""

    epochs: int = Field(60, ge=1, description="passes over the training images")
    learning_rate: float = Field(2e-4, gt=0, description="step size of Adam (authors: 1e-5)")
    latent: int = Field(200, ge=1, description="length of z ~ N(0, I)")
    dropout: float = Field(0.5, ge=0, lt=1, description="of the discriminator")
    ema_decay: float = Field(0.999, ge=0, lt=1, description="decay of the moving average of weights")
    feature_weight: float = Field(0.1, ge=0, le=1, description="weight of the feature distance in the score")


@register("egbad", learns_from="normal", localises=True)
class Egbad(GanMethod):
    """EGBAD: reconstruction error of a BiGAN, which trains generator and encoder of normal images together."""

    Settings: ClassVar[type[EgbadSettings]] = EgbadSettings

    def build(self, settings: EgbadSettings) -> None:
        """Generator and encoder, the discriminator of pairs, and their averages."""
        size = (settings.latent, self.channels, settings.width, self.side_px)
        # Generator and encoder are updated together.
        self.pair: Any = nn.ModuleDict({"generator": Generator(*size), "encoder": Encoder(*size)}).apply(initialise)
        self.discriminator = PairDiscriminator(*size, settings.dropout).apply(initialise)
        self.averaged_pair = averaged(self.pair, settings.ema_decay)
        self.averaged_discriminator = averaged(self.discriminator, settings.ema_decay)

    def configure_optimizers(self) -> Any:
        """Adam for generator and encoder, and for the discriminator."""
        return [self.adam(self.pair), self.adam(self.discriminator)]

    def gan_step(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The discriminator's step, then that of generator and encoder."""
        for_pair, for_discriminator = self.optimizer_list()
        with self.toggled_optimizer(for_discriminator):
            loss_d = discriminator_loss(*self._logits(x, train_pair=False))
            self.optimize(for_discriminator, loss_d)
        with self.toggled_optimizer(for_pair):
            loss_p = pair_loss(*self._logits(x, train_pair=True))
            self.optimize(for_pair, loss_p)
        self.reset_saturated_discriminator(loss_d)
        self.averaged_pair.update_parameters(self.pair)
        self.averaged_discriminator.update_parameters(self.discriminator)
        return {"generator": loss_p, "discriminator": loss_d}

    def _logits(self, x: Tensor, *, train_pair: bool) -> tuple[Tensor, Tensor]:
        """Of (x, E(x)) and of (G(z), z)."""
        z = torch.randn(len(x), self.settings.latent, device=x.device)
        with torch.set_grad_enabled(train_pair):
            code, fake = self.pair["encoder"](x), self.pair["generator"](z)
        return self.discriminator(x, code)[0], self.discriminator(fake, z)[0]

    def generated(self, x: Tensor) -> Tensor:
        """The reconstruction, by averaged weights."""
        pair: Any = self.averaged_pair.module
        x_hat: Tensor = pair["generator"](pair["encoder"](x))
        return x_hat

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """0.9 · absolute error + 0.1 · feature distance; |x - x̂| as map."""
        pair: Any = self.averaged_pair.module
        z = pair["encoder"](x)
        x_hat = pair["generator"](z)
        f, f_hat = self.averaged_discriminator(x, z)[1], self.averaged_discriminator(x_hat, z)[1]
        error = (x - x_hat).abs()
        weight = self.settings.feature_weight
        score = (1 - weight) * mean_per_image(error) + weight * mean_per_image((f - f_hat).abs())
        return score, error.mean(dim=1)


def discriminator_loss(logit: Tensor, logit_fake: Tensor) -> Tensor:
    """Cross-entropy of (x, E(x)) as real and (G(z), z) as fake; logits (N,)."""
    return bce_real(logit) + bce_fake(logit_fake)


def pair_loss(logit: Tensor, logit_fake: Tensor) -> Tensor:
    """The reverse: (G(z), z) as real for the generator, (x, E(x)) as fake for the encoder."""
    return bce_real(logit_fake) + bce_fake(logit)
