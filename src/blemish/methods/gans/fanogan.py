"""f-AnoGAN: a generator of normal images, and an encoder that maps an image to its latent code in one pass.

Schlegl et al., "f-AnoGAN: fast unsupervised anomaly detection with generative adversarial networks", Medical Image
Analysis 2019. First a Wasserstein GAN with gradient penalty is trained; then, with both networks frozen, an encoder is
trained by the "izi_f" loss to reconstruct images through the generator, in pixels and in the critic's features. The
score is that loss. The paper's two other ways of training the encoder are ``encoder_loss="izi"``, pixels alone, and
``"ziz"``, which needs no images: noise through generator and encoder must come back. The score is the same for all.

What differs from the authors' code: their 7 epochs over a million patches and 50,000 encoder steps are epochs here, the
last ``encoder_epochs`` for the encoder; any power of two as size; colour. Popular re-implementations use batch
normalisation in the critic, which invalidates the gradient penalty of single images: not here.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from blemish.methods.networks.residual_gan import Critic, ResidualEncoder, ResidualGenerator
from blemish.methods.parts.gan_losses import gradient_penalty
from blemish.methods.parts.gan_method import GanMethod, GanSettings
from blemish.methods.parts.generative_method import mean_per_image
from blemish.methods.registry import register


class FanoganSettings(GanSettings):
    """Hyper-parameters of `Fanogan`; the defaults are the authors' but for epochs, batch and width."""

    epochs: int = Field(60, ge=2, description="passes over the training images, including the encoder's")
    encoder_epochs: int = Field(20, ge=1, description="of these, the last ones, which train the encoder")
    learning_rate: float = Field(1e-4, gt=0, description="step size of Adam for generator and critic")
    encoder_learning_rate: float = Field(5e-5, gt=0, description="step size of RMSProp for the encoder")
    width: int = Field(32, ge=4, description="channels at full size (authors: 64)")
    latent: int = Field(128, ge=1, description="length of z ~ N(0, I)")
    critic_steps: int = Field(5, ge=1, description="critic steps per generator step")
    gradient_penalty: float = Field(10.0, ge=0, description="λ, weight of the gradient penalty")
    encoder_loss: Literal["izi_f", "izi", "ziz"] = Field(
        "izi_f", description="what the encoder reconstructs: images and their features, images alone, or noise"
    )
    kappa: float = Field(1.0, ge=0, description="κ, weight of the feature distance in loss and score")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.encoder_epochs >= self.epochs:
            raise ValueError("encoder_epochs must be less than epochs")
        return self


@register("fanogan", learns_from="normal", localises=True)
class Fanogan(GanMethod):
    """f-AnoGAN: reconstruction error of a Wasserstein GAN of normal images with an encoder."""

    Settings: ClassVar[type[FanoganSettings]] = FanoganSettings
    on_series: ClassVar[bool] = True
    betas: ClassVar[tuple[float, float]] = (0.0, 0.9)

    def build(self, settings: FanoganSettings) -> None:
        """Generator, critic and encoder."""
        self.generator = ResidualGenerator(settings.latent, self.channels, settings.width, self.side_px, self.dims)
        self.discriminator = Critic(self.channels, settings.width, self.side_px, self.dims)
        self.encoder = ResidualEncoder(settings.latent, self.channels, settings.width, self.side_px, self.dims)
        self._critic_steps_done = 0

    def configure_optimizers(self) -> Any:
        """Adam for generator and critic, RMSProp for the encoder."""
        rmsprop = torch.optim.RMSprop(self.encoder.parameters(), lr=self.settings.encoder_learning_rate, alpha=0.9)
        return [*super().configure_optimizers(), rmsprop]

    def reconstructs(self) -> bool:
        """Only while the encoder is trained."""
        return bool(self.current_epoch >= self.settings.epochs - self.settings.encoder_epochs)

    def gan_step(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The critic's step, and the generator's after every ``critic_steps`` of them; at last the encoder's alone."""
        for_generator, for_critic, for_encoder = self.optimizer_list()
        if self.reconstructs():
            self.generator.eval()
            self.discriminator.eval()
            with self.toggled_optimizer(for_encoder):
                loss_e = self._encoder_loss(x)
                self.optimize(for_encoder, loss_e)
            return {"encoder": loss_e}
        losses = {}
        with self.toggled_optimizer(for_critic):
            fake = self.generator(self._noise(x)).detach()
            fraction = torch.rand(len(x), device=x.device)
            penalty = gradient_penalty(lambda mixed: self.discriminator(mixed)[0], x, fake, fraction)
            loss_c = critic_loss(self.discriminator(x)[0], self.discriminator(fake)[0])
            loss_c = loss_c + self.settings.gradient_penalty * penalty
            self.optimize(for_critic, loss_c)
        losses["discriminator"] = loss_c
        self._critic_steps_done += 1
        if self._critic_steps_done % self.settings.critic_steps == 0:
            with self.toggled_optimizer(for_generator):
                loss_g = -self.discriminator(self.generator(self._noise(x)))[0].float().mean()
                self.optimize(for_generator, loss_g)
            losses["generator"] = loss_g
        return losses

    def generated(self, x: Tensor) -> Tensor:
        """The reconstruction while the encoder is trained, free samples before."""
        fake: Tensor = self.generator(self.encoder(x) if self.reconstructs() else self._noise(x))
        return fake

    def reconstruct(self, x: Tensor) -> Tensor:
        """Encode and generate."""
        x_hat: Tensor = self.generator(self.encoder(x))
        return x_hat

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error + κ · squared feature distance; |x - x̂| as map."""
        score, x_hat = self._distance(x)
        return score, (x - x_hat).abs().mean(dim=1)

    def _encoder_loss(self, x: Tensor) -> Tensor:
        if self.settings.encoder_loss == "ziz":
            z = self._noise(x)
            return ziz(z, self.encoder(self.generator(z)))
        if self.settings.encoder_loss == "izi":
            return izi(x, self.generator(self.encoder(x))).mean()
        return self._distance(x)[0].mean()

    def _distance(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of each image from its reconstruction (N,), and the reconstruction."""
        x_hat = self.generator(self.encoder(x))
        f, f_hat = self.discriminator(x)[1], self.discriminator(x_hat)[1]
        return izi_f(x, x_hat, f, f_hat, self.settings.kappa), x_hat

    def _noise(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), self.settings.latent, device=x.device)


def critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The negative estimate of the Wasserstein distance, from the critic's values (N,) of real and fake images."""
    return fake.float().mean() - real.float().mean()


def ziz(z: Tensor, z_hat: Tensor) -> Tensor:
    """Eq. 2: mean squared difference of noise and its reconstruction, both (N, Z); a scalar."""
    return (z - z_hat).float().square().mean()


def izi(x: Tensor, x_hat: Tensor) -> Tensor:
    """Eq. 3 for each image: mean squared error of pixels, (N,)."""
    return mean_per_image((x - x_hat).float().square())


def izi_f(x: Tensor, x_hat: Tensor, f: Tensor, f_hat: Tensor, kappa: float) -> Tensor:
    """Eqs. 4 and 5 for each image: mean squared error of pixels plus κ times that of features, (N,).

    Args:
        x: images (N, C, P, P) in [-1, 1].
        x_hat: their reconstructions.
        f: the critic's features of the images (N, F).
        f_hat: of the reconstructions.
        kappa: κ.
    """
    return izi(x, x_hat) + kappa * mean_per_image((f - f_hat).float().square())
