"""A network that sees photos enlarged: finer edges on small ones."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F


class Enlarged(nn.Module):
    """Photos are enlarged before a segmentation network, and its logits averaged back to their size.

    Encoders made for photos of 224 px and more halve the resolution at once; where a defect is a few pixels wide, its
    edge is then a guess.

    Args:
        network: normalised (N, 3, H, W) -> logits (N, C, H, W), alone or before others that belong to the whole photo.
        factor: how many times as large the network sees a photo.
    """

    def __init__(self, network: nn.Module, factor: int) -> None:
        super().__init__()
        self.network = network
        self.factor = factor

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """As the network within, at the photo's own size."""
        large = F.interpolate(image, scale_factor=float(self.factor), mode="bilinear", align_corners=False)
        answer = self.network(large)
        if isinstance(answer, tuple):
            logits, of_photo = answer
            return F.avg_pool2d(logits, self.factor), of_photo
        return F.avg_pool2d(cast(Tensor, answer), self.factor)
