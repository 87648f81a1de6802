"""Variational autoencoder: reconstruct an image from a code with a Gaussian prior.

Kingma, Welling, "Auto-encoding variational Bayes", ICLR 2014; β from Higgins et al., "beta-VAE", ICLR 2017. The loss is
the squared error summed over an image plus β times the divergence of the code from N(0, I), both as means over images.
It is also the baseline of García-de-la-Puente et al. 2023: `vae-attention` without its constraint.

What differs from the papers: scores use the mean code, since a sampled one would change an image's score from one run
to the next.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from blemish.methods.parts.bottleneck import VariationalMethod
from blemish.methods.registry import register


@register("vae", learns_from="normal", localises=True)
class Vae(VariationalMethod):
    """Variational autoencoder: reconstruction error from a code with a Gaussian prior; a baseline."""

    def compute_loss(self, batch: Any) -> Tensor:
        """Squared error + β · divergence."""
        error, kl, _ = self.loss_terms(self.pixels(batch))
        beta: float = self.settings.beta
        return error + beta * kl
