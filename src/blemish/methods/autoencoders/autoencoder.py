"""Autoencoder: squeeze a normal image through a short code; what cannot be given back is unusual.

The groundwork of S4 and S5 (Hinton, Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science
2006), with the five blocks of `vae-attention` so that the three differ in nothing but what their names say. The score
is the mean squared error of the image, the map that of each pixel.

Kept is the epoch with the lowest error on normal images set aside; no defective image is ever seen.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.contract import LoadWeights
from blemish.methods.networks.convolutional_autoencoder import Expanding, contracted_size, contracting
from blemish.methods.parts.generative import GenerativeMethod, GenerativeSettings, mean_of_each
from blemish.methods.registry import register


class AutoencoderSettings(GenerativeSettings):
    """Hyper-parameters of `Autoencoder`; the defaults are the ``quick`` profile."""

    epochs: int = Field(60, ge=1, description="passes over the training images, at most")
    patience: int = Field(10, ge=1, description="epochs without a better validation loss before stopping")
    width: int = Field(32, ge=4, description="channels of the first block; doubled three times (ours)")
    downsamplings: int = Field(4, ge=1, le=5, description="how many of the five blocks halve the picture")
    latent: int = Field(32, ge=1, description="length of the code (S4: 32)")
    code_rate: float = Field(
        1.0,
        gt=0,
        le=1,
        description="fraction of the step size for the layers that give the code: many inputs need small steps",
    )


class CodeMethod(GenerativeMethod):
    """What the autoencoder and both variational ones share: five blocks down, five up, plain Adam."""

    settings: Any

    def __init__(self, settings: AutoencoderSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        chosen = settings
        self.encoder = contracting(self.channels, chosen.width, chosen.downsamplings)
        self.code_mean = nn.Linear(contracted_size(chosen.width, self.side_px, chosen.downsamplings), chosen.latent)
        self.decoder = Expanding(chosen.latent, self.channels, chosen.width, self.side_px, chosen.downsamplings)

    def configure_optimizers(self) -> Any:
        """Adam with one step size, as in S4, but for ``code_rate``."""
        rate = self.settings.learning_rate
        code = [weight for name, weight in self.named_parameters() if name.startswith("code_")]
        others = [weight for name, weight in self.named_parameters() if not name.startswith("code_")]
        return torch.optim.Adam([{"params": others}, {"params": code, "lr": rate * self.settings.code_rate}], lr=rate)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, P, P) in [-1, 1] -> its reconstruction, through the mean code."""
        given_back: Tensor = self.decoder(self.code_mean(self.encoder(x).flatten(1)))
        return given_back

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error of the image and of each pixel."""
        error = self.pixels.crop((x - self(x)).square()).mean(dim=1)
        return mean_of_each(error), error


@register("autoencoder", learns_from="normal", localises=True)
class Autoencoder(CodeMethod):
    """Plain autoencoder: learns to give normal images back from a short code; groundwork to compare with."""

    Settings: ClassVar[type[AutoencoderSettings]] = AutoencoderSettings

    def compute_loss(self, batch: Any) -> Tensor:
        """Mean squared error of a batch of images."""
        x = self.pixels(batch)
        loss: Tensor = (x - self(x)).float().square().mean()
        return loss
