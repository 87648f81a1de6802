"""Variational autoencoder: a code that is drawn from a Gaussian, so that only what is usual has a place in it.

Kingma, Welling, "Auto-encoding variational Bayes", ICLR 2014; β from Higgins et al., "beta-VAE", ICLR 2017. The loss is
the squared error summed over an image plus β times the divergence of the code from N(0, I), both as means over images.
Scores take the mean code: drawing one would make an image's score change from one time to the next.

The baseline of S4: `vae-attention` without its constraint.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.autoencoders.autoencoder import AutoencoderSettings, CodeMethod
from blemish.methods.contract import LoadWeights
from blemish.methods.registry import register

# Beyond this, exp(log variance) means nothing and may overflow.
_LOG_VARIANCE = 20.0


class VaeSettings(AutoencoderSettings):
    """Hyper-parameters of `Vae`; the defaults are the ``quick`` profile."""

    beta: float = Field(1.0, ge=0, description="weight of the divergence; S4 names it and gives no value")


class VariationalMethod(CodeMethod):
    """An encoder with a mean and a variance for each number of the code."""

    def __init__(self, settings: VaeSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self.code_log_variance = nn.Linear(self.code_mean.in_features, settings.latent)

    def parts_of_loss(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (N, C, P, P) -> squared error, divergence, and the encoder's last block (N, K, h, w).

        A code is drawn while training; otherwise it is the mean.
        """
        blocks = self.encoder(x)
        mean = self.code_mean(blocks.flatten(1)).float()
        log_variance = self.code_log_variance(blocks.flatten(1)).float().clamp(-_LOG_VARIANCE, _LOG_VARIANCE)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return squared_error(x, self.decoder(code)), divergence(mean, log_variance), blocks


@register("vae", learns_from="normal", localises=True)
class Vae(VariationalMethod):
    """Variational autoencoder: learns a smooth code of normal images; what it cannot give back is unusual."""

    Settings: ClassVar[type[VaeSettings]] = VaeSettings

    def compute_loss(self, batch: Any) -> Tensor:
        """Squared error + β · divergence."""
        error, apart, _ = self.parts_of_loss(self.pixels(batch))
        beta: float = self.settings.beta
        return error + beta * apart


def squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """Summed over each picture (N, C, P, P), mean over pictures."""
    return (x - x_hat).float().square().flatten(1).sum(dim=1).mean()


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) ‖ N(0, I)) of codes (N, Z), mean over N: Kingma and Welling, appendix B."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
