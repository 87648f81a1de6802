"""Skip-GANomaly: a U-Net reconstructs; the score is its error in pixels and in the discriminator's latent code.

Akçay, Atapour-Abarghouei, Breckon, "Skip-GANomaly: skip connected and adversarially trained encoder-decoder anomaly
detection", IJCNN 2019.

What differs from the authors' code, and why:

- No noise on the input. Theirs adds a tensor that is allocated and never filled: uninitialised memory.
- The discriminator's step reconstructs anew; theirs reuses a graph whose weights have been updated since.
- Scores in eval mode, all epochs and the last weights, no min-max scaling over the test set (see `ganomaly`).

Skip connections pass defects on: expect little on fine texture.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from torch import Tensor

from blemish.methods.networks.dcgan import initialise
from blemish.methods.networks.ganomaly_networks import CodeDiscriminator, SkipGenerator
from blemish.methods.parts.gan_losses import bce_fake, bce_real, feature_distance
from blemish.methods.parts.gan_method import GanMethod, GanSettings
from blemish.methods.parts.generative_method import mean_per_image
from blemish.methods.registry import register


class SkipGanomalySettings(GanSettings):
    """Hyper-parameters of `SkipGanomaly`; the defaults are the authors' but for the epochs and the batch."""

    epochs: int = Field(30, ge=1, description="passes over the training images (authors: 15)")
    latent: int = Field(100, ge=1, description="length of the discriminator's code")
    w_adversarial: float = Field(1.0, ge=0, description="weight of the adversarial loss")
    w_context: float = Field(50.0, ge=0, description="weight of the reconstruction")
    w_code: float = Field(1.0, ge=0, description="weight of the distance of the discriminator's latent codes")
    code_weight: float = Field(0.1, ge=0, le=1, description="weight of the codes' distance in the score, eq. 6")


@register("skip-ganomaly", learns_from="normal", localises=True)
class SkipGanomaly(GanMethod):
    """Skip-GANomaly: reconstruction error of a U-Net, in pixels and in the discriminator's latent code."""

    Settings: ClassVar[type[SkipGanomalySettings]] = SkipGanomalySettings

    def build(self, settings: SkipGanomalySettings) -> None:
        """Generator and discriminator."""
        self.generator = SkipGenerator(self.channels, settings.width, self.side_px).apply(initialise)
        self.discriminator = CodeDiscriminator(self.channels, settings.width, self.side_px, settings.latent)
        self.discriminator.apply(initialise)

    def gan_step(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The generator's step, then the discriminator's: the order of the authors' code."""
        for_generator, for_discriminator = self.optimizer_list()
        with self.toggled_optimizer(for_generator):
            x_hat = self.generator(x)
            code = self.discriminator(x)[1]
            logit_fake, code_fake = self.discriminator(x_hat)
            loss_g = generator_loss(x, x_hat, logit_fake, code, code_fake, self.settings)
            self.optimize(for_generator, loss_g)
        with self.toggled_optimizer(for_discriminator):
            logit, code = self.discriminator(x)
            logit_fake, code_fake = self.discriminator(self.generator(x).detach())
            loss_d = discriminator_loss(logit, logit_fake, code, code_fake)
            self.optimize(for_discriminator, loss_d)
        self.reset_saturated_discriminator(loss_d)
        return {"generator": loss_g, "discriminator": loss_d}

    def generated(self, x: Tensor) -> Tensor:
        """The reconstruction."""
        x_hat: Tensor = self.generator(x)
        return x_hat

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Eq. 6: 0.9 · squared error + 0.1 · squared distance of codes; |x - x̂| as map."""
        x_hat = self.generator(x)
        error = mean_per_image((x - x_hat).square())
        code_distance = mean_per_image((self.discriminator(x)[1] - self.discriminator(x_hat)[1]).square())
        weight = self.settings.code_weight
        return (1 - weight) * error + weight * code_distance, (x - x_hat).abs().mean(dim=1)


def generator_loss(
    x: Tensor, x_hat: Tensor, logit_fake: Tensor, code: Tensor, code_fake: Tensor, settings: SkipGanomalySettings
) -> Tensor:
    """Eq. 4.

    Args:
        x: images (N, C, P, P) in [-1, 1].
        x_hat: their reconstructions.
        logit_fake: of the reconstructions (N,).
        code: the discriminator's code of the images (N, Z).
        code_fake: of the reconstructions.
        settings: the three weights.
    """
    return (
        settings.w_adversarial * bce_real(logit_fake)
        + settings.w_context * (x - x_hat).float().abs().mean()
        + settings.w_code * feature_distance(code, code_fake)
    )


def discriminator_loss(logit: Tensor, logit_fake: Tensor, code: Tensor, code_fake: Tensor) -> Tensor:
    """Cross-entropy on images and reconstructions, plus the distance of codes, as in the authors' code."""
    return bce_real(logit) + bce_fake(logit_fake) + feature_distance(code, code_fake)
