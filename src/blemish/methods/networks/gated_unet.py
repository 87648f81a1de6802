"""A U-Net with a gate: a classifier of the whole image on the same encoder.

The better entries of Severstal's challenge put a classifier before the segmentation, against false alarms on normal
images. Here both share one encoder, so that the gate costs next to nothing and is part of the same graph.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F


class GatedUNet(nn.Module):
    """An encoder U-Net with one linear layer on the maxima of its deepest features.

    Args:
        network: of `blemish.methods.networks.encoders.encoder_unet`.
        classes: number of classes that the gate classifies.
    """

    def __init__(self, network: Any, classes: int) -> None:
        super().__init__()
        self.network = network
        self.gate = nn.Linear(network.encoder.out_channels[-1], classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised (N, 3, H, W) -> logits of the pixels (N, C, H, W) and of the image's classes (N, K)."""
        features = self.network.encoder(x)
        logits = self.network.segmentation_head(self.network.decoder(features))
        # The maximum: a small defect would vanish in a mean.
        return logits, self.gate(features[-1].amax(dim=(2, 3)))


def gate_loss(gate: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of the gate's logits (N, K) with whether a class has a pixel in ``target``, (N, K, H, W)."""
    return F.binary_cross_entropy_with_logits(gate, (target.amax(dim=(2, 3)) >= 0.5).to(gate.dtype))
