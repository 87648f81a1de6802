"""Autoencoder: reconstruct an image from a short code; what a network trained on normal images cannot, is an anomaly.

Hinton, Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006. The score is the mean
squared error of the image, the map that of each pixel. The kept epoch has the lowest error on held-out normal images.

What differs from the paper: five convolutional blocks, those of `vae-attention`, so that it can be compared with that
method and with `vae`.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from blemish.methods.parts.bottleneck import BottleneckMethod
from blemish.methods.registry import register


@register("autoencoder", learns_from="normal", localises=True)
class Autoencoder(BottleneckMethod):
    """Autoencoder: reconstruction error from a short code; a baseline."""

    def compute_loss(self, batch: Any) -> Tensor:
        """Mean squared error of a batch of images."""
        x = self.pixels(batch)
        loss: Tensor = (x - self(x)).float().square().mean()
        return loss
