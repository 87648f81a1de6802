"""The base of autoencoders with a short latent code: five blocks down, five up, plain or variational."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.networks.convolutional_autoencoder import Decoder, encoder_blocks, encoder_features
from blemish.methods.parts.generative_method import GenerativeMethod, GenerativeSettings, mean_per_image

# Beyond this, exp(log variance) has no meaning and may overflow.
_LOG_VARIANCE = 20.0
_TINY = 1e-6


class BottleneckSettings(GenerativeSettings):
    """What every autoencoder with a short code has."""

    epochs: int = Field(60, ge=1, description="passes over the training images, at most")
    patience: int = Field(10, ge=1, description="epochs without a better validation loss before stopping")
    width: int = Field(32, ge=4, description="channels of the first block; doubled three times (ours)")
    downsamplings: int = Field(4, ge=1, le=5, description="how many of the five blocks halve the image")
    latent: int = Field(32, ge=1, description="length of the code (García-de-la-Puente et al. 2023: 32)")
    code_rate: float = Field(
        1.0,
        gt=0,
        le=1,
        description="step size of the layers that give the code, as a fraction of the others': many inputs need less",
    )


class BottleneckMethod(GenerativeMethod):
    """An autoencoder that scores by its squared error."""

    Settings: ClassVar[type[BottleneckSettings]] = BottleneckSettings
    settings: Any

    def build(self, settings: BottleneckSettings) -> None:
        """Encoder, code and decoder."""
        size = settings.width, self.side_px, settings.downsamplings
        self.encoder = encoder_blocks(self.channels, settings.width, settings.downsamplings)
        self.code_mean = nn.Linear(encoder_features(*size), settings.latent)
        self.decoder = Decoder(settings.latent, self.channels, *size)

    def configure_optimizers(self) -> Any:
        """Adam with one step size, except for ``code_rate``."""
        rate = self.settings.learning_rate
        code = [weight for name, weight in self.named_parameters() if name.startswith("code_")]
        others = [weight for name, weight in self.named_parameters() if not name.startswith("code_")]
        return torch.optim.Adam([{"params": others}, {"params": code, "lr": rate * self.settings.code_rate}], lr=rate)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, P, P) in [-1, 1] -> its reconstruction, by the mean code."""
        x_hat: Tensor = self.decoder(self.code_mean(self.encoder(x).flatten(1)))
        return x_hat

    def reconstruct(self, x: Tensor) -> Tensor:
        """By the mean code."""
        x_hat: Tensor = self(x)
        return x_hat

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error of the image and of each pixel."""
        error = self.pixels.crop((x - self(x)).square()).mean(dim=1)
        return mean_per_image(error), error


class VariationalSettings(BottleneckSettings):
    """What every variational autoencoder has."""

    beta: float = Field(
        1.0, ge=0, description="β, weight of the divergence; García-de-la-Puente et al. 2023 give no value"
    )


class VariationalMethod(BottleneckMethod):
    """An autoencoder whose code has a mean and a variance in each dimension."""

    Settings: ClassVar[type[VariationalSettings]] = VariationalSettings

    def build(self, settings: BottleneckSettings) -> None:
        """As `BottleneckMethod`, with a second layer for the variance."""
        super().build(settings)
        self.code_log_variance = nn.Linear(self.code_mean.in_features, settings.latent)

    def loss_terms(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images (N, C, P, P) -> reconstruction error, divergence, and the encoder's last block (N, K, h, w)."""
        blocks = self.encoder(x)
        return *self.terms_of(x, blocks), blocks

    def terms_of(self, x: Tensor, blocks: Tensor) -> tuple[Tensor, Tensor]:
        """Images and their last block -> reconstruction error and divergence.

        The code is sampled while training; otherwise it is the mean.
        """
        mean = self.code_mean(blocks.flatten(1)).float()
        log_variance = self.code_log_variance(blocks.flatten(1)).float().clamp(-_LOG_VARIANCE, _LOG_VARIANCE)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.reconstruction_error(x, self.decoder(code)), divergence(mean, log_variance)

    def reconstruction_error(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """In the loss: the squared error."""
        return squared_error(x, x_hat)


def squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """Summed over each image (N, C, P, P), mean over images."""
    return (x - x_hat).float().square().flatten(1).sum(dim=1).mean()


def cross_entropy(x: Tensor, x_hat: Tensor) -> Tensor:
    """Binary cross-entropy of pixels as probabilities, [-1, 1] as 0 to 1; summed over each image, mean over images.

    Its smallest value is the images' own entropy, not 0.
    """
    target = (x.float() + 1) / 2
    made = ((x_hat.float() + 1) / 2).clamp(_TINY, 1 - _TINY)
    entropy = -(target * made.log() + (1 - target) * (1 - made).log())
    return entropy.flatten(1).sum(dim=1).mean()


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) ‖ N(0, I)) of codes (N, Z), mean over N: Kingma and Welling, appendix B."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
