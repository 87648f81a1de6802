"""AnoGAN: make normal images, then search for the one that is most like the image in question.

Schlegl et al., "Unsupervised anomaly detection with generative adversarial networks to guide marker discovery", IPMI
2017. There is no official code; networks and schedule of the search follow the one in EGBAD's repository. The score is
(1 - λ) · |x - G(z)| + λ · |f(x) - f(G(z))| with the z that makes it smallest, λ = 0.1.

The search takes a gradient for every image, which no graph can: this method gives no detector file and runs under torch
(`blemish.training.train_under_torch`).

What differs from that code, and why:

- Many images and several starts are searched at once, each with its own Adam, and stop by themselves (`latent_search`).
- The starts are drawn once and are the same for every image, so a score can be repeated; the best start counts.
- The averaged discriminator is really used (theirs reads it through the generator's average, so it is not).
- Both distances are means and not sums, so that a score does not grow with the image's size.
"""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.errors import DetectorError
from blemish.methods.contract import LoadWeights
from blemish.methods.networks.dcgan import Discriminator, Generator
from blemish.methods.networks.ganomaly_networks import initialise
from blemish.methods.parts.averaging import follow
from blemish.methods.parts.gan import AdversarialMethod, AdversarialSettings, adam
from blemish.methods.parts.gan_losses import taken_for_image, taken_for_made
from blemish.methods.parts.generative import mean_of_each
from blemish.methods.parts.latent_search import Found, search
from blemish.methods.registry import register

_SEED_OF_STARTS = 0


class AnoganSettings(AdversarialSettings):
    """Hyper-parameters of `Anogan`; the defaults are the ``quick`` profile."""

    epochs: int = Field(60, ge=1, description="passes over the training images")
    learning_rate: float = Field(2e-4, gt=0, description="step size of Adam in the contest (EGBAD's code: 1e-5)")
    latent: int = Field(200, ge=1, description="length of z ~ N(0, I)")
    averaging: float = Field(0.999, ge=0, lt=1, description="fraction of the old average of weights in each step")
    feature_fraction: float = Field(0.1, ge=0, le=1, description="λ, fraction of the features' distance")
    search_steps: int = Field(200, ge=1, description="steps of the search, at most (authors: 500)")
    search_rate: float = Field(0.05, gt=0, description="step size of Adam in the search (EGBAD's code: 0.01)")
    search_starts: int = Field(2, ge=1, description="codes that each image's search starts from (authors: 1)")
    search_patience: int = Field(30, ge=1, description="steps without progress after which an image is done")


@register("anogan", learns_from="normal", localises=True)
class Anogan(AdversarialMethod):
    """AnoGAN: learns to make normal images, and searches for each image among them; slow, and runs under torch only."""

    Settings: ClassVar[type[AnoganSettings]] = AnoganSettings
    exportable: ClassVar[bool] = False
    starts: Tensor

    def __init__(self, settings: AnoganSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        chosen = settings
        self.generator = Generator(chosen.latent, self.channels, chosen.width, self.side_px).apply(initialise)
        self.discriminator = Discriminator(self.channels, chosen.width, self.side_px).apply(initialise)
        self.slow_generator = copy.deepcopy(self.generator).requires_grad_(False)
        self.slow_discriminator = copy.deepcopy(self.discriminator).requires_grad_(False)
        random = torch.Generator().manual_seed(_SEED_OF_STARTS)
        self.register_buffer("starts", torch.randn(chosen.search_starts, chosen.latent, generator=random))
        self._step = 0

    def configure_optimizers(self) -> Any:
        """Adam (0.5, 0.999) for each."""
        rate = self.settings.learning_rate
        return [adam(self.generator, rate), adam(self.discriminator, rate)]

    def reconstructs(self) -> bool:
        """Never while it learns: that would take a search."""
        return False

    def contest(self, x: Tensor, batch_idx: int) -> dict[str, Tensor]:
        """The discriminator's turn, then the generator's."""
        for_generator, for_discriminator = self.players()
        with self.toggled_optimizer(for_discriminator):
            made = self.generator(self._noise(x)).detach()
            loss_d = taken_for_image(self.discriminator(x)[0]) + taken_for_made(self.discriminator(made)[0])
            self.play(for_discriminator, loss_d)
        with self.toggled_optimizer(for_generator):
            loss_g = taken_for_image(self.discriminator(self.generator(self._noise(x)))[0])
            self.play(for_generator, loss_g)
        self.renew_if_it_has_won(loss_d)
        self._step += 1
        follow(self.slow_generator, self.generator, self.settings.averaging, self._step)
        follow(self.slow_discriminator, self.discriminator, self.settings.averaging, self._step)
        return {"generator": loss_g, "discriminator": loss_d}

    def made(self, x: Tensor) -> Tensor:
        """Free inventions, by averaged weights."""
        picture: Tensor = self.slow_generator(self._noise(x))
        return picture

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The smallest distance that the search finds; |x - G(z)| as map. In eval mode only."""
        found, closest = self._search(x)
        return found.distance, (x - closest).abs().mean(dim=1)

    def closest(self, x: Tensor) -> Tensor:
        """The picture that the search finds for each of (N, C, P, P): the same shape. In eval mode only."""
        return self._search(x)[1]

    def _search(self, x: Tensor) -> tuple[Found, Tensor]:
        chosen = self.settings
        with torch.no_grad():
            features = self.slow_discriminator(x)[1]

        def distance(z: Tensor, picture: Tensor) -> Tensor:
            made = self.slow_generator(z)
            f_made = self.slow_discriminator(made)[1]
            return anogan_distance(x[picture], made, features[picture], f_made, chosen.feature_fraction)

        found = search(
            distance,
            len(x),
            self.starts,
            steps=chosen.search_steps,
            learning_rate=chosen.search_rate,
            patience=chosen.search_patience,
        )
        with torch.no_grad():
            return found, self.slow_generator(found.code)

    def graph(self) -> nn.Module:
        """There is none. Raises DetectorError."""
        raise DetectorError("AnoGAN searches by gradient for every image, which no graph can; it runs under torch.")

    def _noise(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), self.settings.latent, device=x.device)


def anogan_distance(x: Tensor, made: Tensor, f: Tensor, f_made: Tensor, fraction: float) -> Tensor:
    """Eq. 6, of each picture, with means for sums: (N,).

    Args:
        x: images (N, C, P, P) in [-1, 1].
        made: pictures from codes.
        f: features of the images (N, F).
        f_made: of the pictures.
        share: λ.
    """
    return (1 - fraction) * mean_of_each((x - made).abs()) + fraction * mean_of_each((f - f_made).abs())
