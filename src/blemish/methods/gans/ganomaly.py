"""GANomaly: reconstruct, encode again, and measure the distance between the two latent codes.

Akçay, Atapour-Abarghouei, Breckon, "GANomaly: semi-supervised anomaly detection via adversarial training", ACCV 2018.
The generator is an encoder, a decoder and a second encoder; the discriminator's features are matched.

What differs from the authors' code, and why:

- Scores in eval mode. Theirs never calls eval(), so an image's score depends on the others of its test batch.
- A fixed number of epochs and the last weights. Theirs keeps the epoch with the best *test* AUC.
- No min-max scaling over the test set, which would make a score depend on other images. Ranks do not change.
- The discriminator is trained on a reconstruction of the same step, before the generator's step, as theirs is.
- The map, which the paper does not have, is |x - x̂|.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from torch import Tensor, nn

from blemish.methods.networks.dcgan import initialise
from blemish.methods.networks.ganomaly_networks import Decoder, Discriminator, Encoder
from blemish.methods.parts.gan_losses import bce_fake, bce_real, feature_distance
from blemish.methods.parts.gan_method import GanMethod, GanSettings
from blemish.methods.parts.generative_method import mean_per_image
from blemish.methods.registry import register


class GanomalySettings(GanSettings):
    """Hyper-parameters of `Ganomaly`; the defaults are the authors' but for the epochs and the batch."""

    epochs: int = Field(30, ge=1, description="passes over the training images (authors: 15)")
    latent: int = Field(100, ge=1, description="length of the code z")
    w_adversarial: float = Field(1.0, ge=0, description="weight of feature matching, eq. 4")
    w_context: float = Field(50.0, ge=0, description="weight of the reconstruction, eq. 4")
    w_code: float = Field(1.0, ge=0, description="weight of the distance of codes, eq. 4")


class Generator(nn.Module):
    """Encoder, decoder, encoder: (N, C, P, P) -> reconstruction, first code (N, Z), second code."""

    def __init__(self, channels: int, width: int, side_px: int, latent: int, dims: int = 2) -> None:
        super().__init__()
        self.encoder = Encoder(channels, width, side_px, latent, dims)
        self.decoder = Decoder(channels, width, side_px, latent, dims)
        self.second_encoder = Encoder(channels, width, side_px, latent, dims)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruct and encode again."""
        z = self.encoder(x)
        x_hat = self.decoder(z)
        return x_hat, z, self.second_encoder(x_hat)


@register("ganomaly", learns_from="normal", localises=True)
class Ganomaly(GanMethod):
    """GANomaly: distance between the latent codes of an image and of its reconstruction."""

    Settings: ClassVar[type[GanomalySettings]] = GanomalySettings
    on_series: ClassVar[bool] = True

    def build(self, settings: GanomalySettings) -> None:
        """Generator and discriminator."""
        shape = self.channels, settings.width, self.side_px
        self.generator = Generator(*shape, settings.latent, self.dims).apply(initialise)
        self.discriminator = Discriminator(*shape, self.dims).apply(initialise)

    def gan_step(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The discriminator's step, then the generator's."""
        for_generator, for_discriminator = self.optimizer_list()
        with self.toggled_optimizer(for_discriminator):
            fake = self.generator(x)[0].detach()
            loss_d = discriminator_loss(self.discriminator(x)[0], self.discriminator(fake)[0])
            self.optimize(for_discriminator, loss_d)
        with self.toggled_optimizer(for_generator):
            x_hat, z, z_hat = self.generator(x)
            f, f_hat = self.discriminator(x)[1], self.discriminator(x_hat)[1]
            loss_g = generator_loss(x, x_hat, z, z_hat, f, f_hat, self.settings)
            self.optimize(for_generator, loss_g)
        self.reset_saturated_discriminator(loss_d)
        return {"generator": loss_g, "discriminator": loss_d}

    def generated(self, x: Tensor) -> Tensor:
        """The reconstruction."""
        x_hat: Tensor = self.generator(x)[0]
        return x_hat

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean squared distance of the codes, eq. 5; |x - x̂| as map."""
        x_hat, z, z_hat = self.generator(x)
        return mean_per_image((z - z_hat).square()), (x - x_hat).abs().mean(dim=1)


def generator_loss(
    x: Tensor, x_hat: Tensor, z: Tensor, z_hat: Tensor, f: Tensor, f_hat: Tensor, settings: GanomalySettings
) -> Tensor:
    """Eq. 4.

    Args:
        x: images (N, C, P, P) in [-1, 1].
        x_hat: their reconstructions.
        z: first codes (N, Z).
        z_hat: second codes.
        f: discriminator features of the images (N, F).
        f_hat: of the reconstructions.
        settings: the three weights.
    """
    return (
        settings.w_adversarial * feature_distance(f, f_hat)
        + settings.w_context * (x - x_hat).float().abs().mean()
        + settings.w_code * (z - z_hat).float().square().mean()
    )


def discriminator_loss(logit: Tensor, logit_fake: Tensor) -> Tensor:
    """Half the cross-entropy on images plus half that on reconstructions; logits (N,)."""
    return 0.5 * (bce_real(logit) + bce_fake(logit_fake))
