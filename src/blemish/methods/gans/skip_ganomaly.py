"""Skip-GANomaly: a U-Net reconstructs, and the discriminator's code says how well.

Akçay, Atapour-Abarghouei, Breckon, "Skip-GANomaly: skip connected and adversarially trained encoder-decoder anomaly
detection", IJCNN 2019.

What differs from the authors' code, and why:

- No noise on the input. Theirs adds a tensor that is allocated and never filled: uninitialised memory.
- The discriminator's turn reconstructs anew instead of going through a graph whose weights have moved since.
- Scores in eval mode, all epochs and the last weights, no min-max over the test set (see `ganomaly`).

Skips let defects through: expect little on fine texture.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field
from torch import Tensor

from blemish.methods.contract import LoadWeights
from blemish.methods.networks.ganomaly_networks import CodeDiscriminator, SkipGenerator, initialise
from blemish.methods.parts.gan import AdversarialMethod, AdversarialSettings, adam
from blemish.methods.parts.gan_losses import feature_distance, taken_for_image, taken_for_made
from blemish.methods.parts.generative import mean_of_each
from blemish.methods.registry import register


class SkipGanomalySettings(AdversarialSettings):
    """Hyper-parameters of `SkipGanomaly`; the defaults are the authors' but for the epochs and the batch."""

    epochs: int = Field(30, ge=1, description="passes over the training images (authors: 15)")
    latent: int = Field(100, ge=1, description="length of the discriminator's code")
    w_adversarial: float = Field(1.0, ge=0, description="weight of passing for an image")
    w_context: float = Field(50.0, ge=0, description="weight of the reconstruction")
    w_code: float = Field(1.0, ge=0, description="weight of the distance of the discriminator's codes")
    code_fraction: float = Field(0.1, ge=0, le=1, description="fraction of the codes' distance in the score, eq. 6")


@register("skip-ganomaly", learns_from="normal", localises=True)
class SkipGanomaly(AdversarialMethod):
    """Skip-GANomaly: learns to reconstruct normal images by a U-Net, judged by the discriminator's code."""

    Settings: ClassVar[type[SkipGanomalySettings]] = SkipGanomalySettings

    def __init__(self, settings: SkipGanomalySettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        chosen = settings
        self.generator = SkipGenerator(self.channels, chosen.width, self.side_px).apply(initialise)
        self.discriminator = CodeDiscriminator(self.channels, chosen.width, self.side_px, chosen.latent)
        self.discriminator.apply(initialise)

    def configure_optimizers(self) -> Any:
        """Adam 2e-4 (0.5, 0.999) for each."""
        rate = self.settings.learning_rate
        return [adam(self.generator, rate), adam(self.discriminator, rate)]

    def contest(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The generator's turn, then the discriminator's: the order of the authors' code."""
        for_generator, for_discriminator = self.players()
        with self.toggled_optimizer(for_generator):
            x_hat = self.generator(x)
            code = self.discriminator(x)[1]
            logit_made, code_made = self.discriminator(x_hat)
            loss_g = generator_loss(x, x_hat, logit_made, code, code_made, self.settings)
            self.play(for_generator, loss_g)
        with self.toggled_optimizer(for_discriminator):
            logit, code = self.discriminator(x)
            logit_made, code_made = self.discriminator(self.generator(x).detach())
            loss_d = discriminator_loss(logit, logit_made, code, code_made)
            self.play(for_discriminator, loss_d)
        self.renew_if_it_has_won(loss_d)
        return {"generator": loss_g, "discriminator": loss_d}

    def made(self, x: Tensor) -> Tensor:
        """The reconstruction."""
        x_hat: Tensor = self.generator(x)
        return x_hat

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Eq. 6: 0.9 of the squared error plus 0.1 of the squared distance of codes; |x - x̂| as map."""
        x_hat = self.generator(x)
        error = mean_of_each((x - x_hat).square())
        apart = mean_of_each((self.discriminator(x)[1] - self.discriminator(x_hat)[1]).square())
        fraction = self.settings.code_fraction
        return (1 - fraction) * error + fraction * apart, (x - x_hat).abs().mean(dim=1)


def generator_loss(
    x: Tensor, x_hat: Tensor, logit_made: Tensor, code: Tensor, code_made: Tensor, settings: SkipGanomalySettings
) -> Tensor:
    """Eq. 4.

    Args:
        x: images (N, C, P, P) in [-1, 1].
        x_hat: their reconstructions.
        logit_made: of the reconstructions (N,).
        code: the discriminator's code of the images (N, Z).
        code_made: of the reconstructions.
        settings: the three weights.
    """
    return (
        settings.w_adversarial * taken_for_image(logit_made)
        + settings.w_context * (x - x_hat).float().abs().mean()
        + settings.w_code * feature_distance(code, code_made)
    )


def discriminator_loss(logit: Tensor, logit_made: Tensor, code: Tensor, code_made: Tensor) -> Tensor:
    """Cross-entropy on images and reconstructions, plus the distance of codes, as in the authors' code."""
    return taken_for_image(logit) + taken_for_made(logit_made) + feature_distance(code, code_made)
