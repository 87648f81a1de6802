"""The first layer of every graph: camera bytes to network numbers."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Normalisation(NamedTuple):
    """How pixels are scaled before the first convolution: ``(x / 255 - mean) / std``, per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class FromBytes(nn.Module):
    """uint8 (N, H, W, 3) RGB -> float (N, 3, H, W), normalised."""

    mean: Tensor
    std: Tensor

    def __init__(self, normalisation: Normalisation = IMAGENET) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(normalisation.mean) * 255.0)
        self.register_buffer("std", torch.tensor(normalisation.std) * 255.0)

    def forward(self, image: Tensor) -> Tensor:
        """Normalise a batch; the result is channels-last in memory, as the input is."""
        # Channels first, then numbers: with three of them last, ONNX Runtime takes several times as long to subtract.
        channels_first = image.permute(0, 3, 1, 2).to(torch.float32)
        return (channels_first - self.mean[:, None, None]) / self.std[:, None, None]


def top_mean(maps: Tensor, pixels: int) -> Tensor:
    """Mean of the ``pixels`` largest values of each map, (N, H, W) -> (N,): an image score no single speck decides."""
    return maps.flatten(1).topk(pixels, dim=1).values.mean(dim=1)
