"""AnoGAN: generate normal images, then search the latent space for the one closest to the inspected image.

Schlegl et al., "Unsupervised anomaly detection with generative adversarial networks to guide marker discovery", IPMI
2017. There is no official code; networks and the schedule of the search follow the code of EGBAD. The score is
(1 - λ) · Σ|x - G(z)| + λ · Σ|f(x) - f(G(z))| with the z that makes it smallest, λ = 0.1.

The search computes gradients for every image, which no exported graph can: this method gives no detector file and runs
under torch (`blemish.training.train_under_torch`).

What differs from that code, and why:

- Many images and several starts are searched at once, each with its own Adam, and each stops when it has converged.
- The starts are drawn once and are the same for every image, so that a score is reproducible; the best start counts.
- The averaged discriminator is used; theirs reads it through the generator's average, so that it is not.
- The paper's sums, which are the default, are divided by the number of pixels, so that a score does not grow with the
  image's size; ranks and the search stay the same. ``distances="mean"`` takes the mean of each instead: there are fewer
  features than pixels, 12 to 24 times at 64 px in colour, and features then weigh that much more than λ says.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.errors import DetectorError
from blemish.methods.networks.dcgan import Discriminator, Generator, initialise
from blemish.methods.parts.gan_losses import bce_fake, bce_real
from blemish.methods.parts.gan_method import GanMethod, GanSettings
from blemish.methods.parts.generative_method import mean_per_image
from blemish.methods.parts.latent_search import Found, search
from blemish.methods.parts.weight_averaging import averaged
from blemish.methods.registry import register

_SEED_OF_STARTS = 0


class AnoganSettings(GanSettings):
    """Hyper-parameters of `Anogan`; the defaults are the ``quick`` profile."""

    epochs: int = Field(60, ge=1, description="passes over the training images")
    learning_rate: float = Field(
        2e-4, gt=0, description="step size of Adam for generator and discriminator (EGBAD's code: 1e-5)"
    )
    latent: int = Field(200, ge=1, description="length of z ~ N(0, I)")
    ema_decay: float = Field(0.999, ge=0, lt=1, description="decay of the moving average of weights")
    feature_weight: float = Field(0.1, ge=0, le=1, description="λ, weight of the feature distance in the score")
    distances: Literal["sum", "mean"] = Field(
        "sum", description="λ weighs sums over pixels and features (paper), or the means of both"
    )
    search_steps: int = Field(200, ge=1, description="steps of the search, at most (paper: 500)")
    search_rate: float = Field(0.05, gt=0, description="step size of Adam in the search (EGBAD's code: 0.01)")
    search_starts: int = Field(2, ge=1, description="initial codes of each image's search (paper: 1)")
    search_patience: int = Field(30, ge=1, description="steps without progress after which an image's search ends")


@register("anogan", learns_from="normal", localises=True)
class Anogan(GanMethod):
    """AnoGAN: distance to the closest image that a GAN of normal images can generate; slow, and under torch only."""

    Settings: ClassVar[type[AnoganSettings]] = AnoganSettings
    exportable: ClassVar[bool] = False
    starts: Tensor

    def build(self, settings: AnoganSettings) -> None:
        """Generator, discriminator, their averages, and the starts of the search."""
        self.generator = Generator(settings.latent, self.channels, settings.width, self.side_px).apply(initialise)
        self.discriminator = Discriminator(self.channels, settings.width, self.side_px).apply(initialise)
        self.averaged_generator = averaged(self.generator, settings.ema_decay)
        self.averaged_discriminator = averaged(self.discriminator, settings.ema_decay)
        random = torch.Generator().manual_seed(_SEED_OF_STARTS)
        self.register_buffer("starts", torch.randn(settings.search_starts, settings.latent, generator=random))

    def reconstructs(self) -> bool:
        """Never in training: that would take a search."""
        return False

    def gan_step(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The discriminator's step, then the generator's."""
        for_generator, for_discriminator = self.optimizer_list()
        with self.toggled_optimizer(for_discriminator):
            fake = self.generator(self._noise(x)).detach()
            loss_d = bce_real(self.discriminator(x)[0]) + bce_fake(self.discriminator(fake)[0])
            self.optimize(for_discriminator, loss_d)
        with self.toggled_optimizer(for_generator):
            loss_g = bce_real(self.discriminator(self.generator(self._noise(x)))[0])
            self.optimize(for_generator, loss_g)
        self.reset_saturated_discriminator(loss_d)
        self.averaged_generator.update_parameters(self.generator)
        self.averaged_discriminator.update_parameters(self.discriminator)
        return {"generator": loss_g, "discriminator": loss_d}

    def generated(self, x: Tensor) -> Tensor:
        """Free samples, by averaged weights."""
        fake: Tensor = self.averaged_generator(self._noise(x))
        return fake

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The smallest distance that the search finds; |x - G(z)| as map. In eval mode only."""
        found, closest = self._search(x)
        return found.distance, (x - closest).abs().mean(dim=1)

    def reconstruct(self, x: Tensor) -> Tensor:
        """The generated image that the search finds for each of (N, C, P, P): the same shape. In eval mode only."""
        return self._search(x)[1]

    def _search(self, x: Tensor) -> tuple[Found, Tensor]:
        chosen = self.settings
        with torch.no_grad():
            features = self.averaged_discriminator(x)[1]

        def distance(z: Tensor, index: Tensor) -> Tensor:
            fake = self.averaged_generator(z)
            f_fake = self.averaged_discriminator(fake)[1]
            return anogan_distance(x[index], fake, features[index], f_fake, chosen)

        found = search(
            distance,
            len(x),
            self.starts,
            steps=chosen.search_steps,
            learning_rate=chosen.search_rate,
            patience=chosen.search_patience,
        )
        with torch.no_grad():
            return found, self.averaged_generator(found.code)

    def graph(self) -> nn.Module:
        """Raises DetectorError: there is none."""
        raise DetectorError(
            "AnoGAN searches by gradient for every image, which no exported graph can; it runs under torch."
        )

    def _noise(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), self.settings.latent, device=x.device)


def anogan_distance(x: Tensor, fake: Tensor, f: Tensor, f_fake: Tensor, settings: AnoganSettings) -> Tensor:
    """Eq. 6 for each image, (N,): divided by the number of pixels, or with means for sums.

    Args:
        x: images (N, C, P, P) in [-1, 1].
        fake: generated images.
        f: features of the images (N, F).
        f_fake: of the generated images.
        settings: λ, and whether it weighs sums or means.
    """
    pixels, features = mean_per_image((x - fake).abs()), mean_per_image((f - f_fake).abs())
    if settings.distances == "sum":
        features = features * (f[0].numel() / x[0].numel())
    return (1 - settings.feature_weight) * pixels + settings.feature_weight * features
