"""The first layer of every graph: camera bytes to network input."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Rec. 601 luma, as in nearly every grey conversion.
_LUMA = (0.299, 0.587, 0.114)


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
        # Transpose first, then subtract: with channels last, ONNX Runtime takes several times as long to subtract.
        channels_first = image.permute(0, 3, 1, 2).to(torch.float32)
        return (channels_first - self.mean[:, None, None]) / self.std[:, None, None]


class Grey(nn.Module):
    """uint8 (N, H, W, 3) RGB -> float (N, 1, H, W), luma from 0 to 1."""

    luma: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("luma", torch.tensor(_LUMA) / 255, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Convert a batch to grey."""
        return (image.to(torch.float32) * self.luma).sum(dim=3).unsqueeze(1)


class SignedPixels(nn.Module):
    """uint8 (N, S, S, 3) RGB -> float (N, C, P, P) in [-1, 1], for generative networks.

    Args:
        size_px: S. Where it is no power of two, the lower and right edge are padded by reflection to P, the next one.
        colour: three channels; otherwise one, the luma.
    """

    luma: Tensor

    def __init__(self, size_px: int, *, colour: bool) -> None:
        super().__init__()
        self.colour = colour
        self.size_px = size_px
        self.pad_px = padded_side(size_px) - size_px
        self.register_buffer("luma", torch.tensor(_LUMA), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Scale a batch."""
        x = image.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1
        if not self.colour:
            x = (x * self.luma[:, None, None]).sum(dim=1, keepdim=True)
        if self.pad_px:
            x = F.pad(x, (0, self.pad_px, 0, self.pad_px), mode="reflect")
        return x

    def crop(self, pixels: Tensor) -> Tensor:
        """(..., P, P) -> (..., S, S), without the padding."""
        return pixels[..., : self.size_px, : self.size_px]


def padded_side(size: int) -> int:
    """The smallest power of two that is not below ``size``."""
    return 1 << (size - 1).bit_length()


def top_mean(maps: Tensor, pixels: int) -> Tensor:
    """Mean of the ``pixels`` largest values of each map, (N, H, W) -> (N,)."""
    return maps.flatten(1).topk(pixels, dim=1).values.mean(dim=1)
