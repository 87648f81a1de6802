"""The small DCGAN of Zenati et al. ("Efficient GAN-based anomaly detection", 2018), which EGBAD and AnoGAN share.

Theirs is for 28 px, downsampled twice to 7; here any power of two is downsampled to 8.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_SLOPE = 0.1
_LAST_SIDE_PX = 8


def initialise(module: nn.Module) -> None:
    """DCGAN's initial weights of one layer: convolutions N(0, 0.02), batch normalisation N(1, 0.02) and 0."""
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _downsamplings(side_px: int) -> int:
    return int(math.log2(side_px // _LAST_SIDE_PX))


class Generator(nn.Module):
    """z (N, Z) -> image (N, C, P, P) in [-1, 1]: two dense layers, then as many transposed convolutions as needed."""

    def __init__(self, latent: int, channels: int, width: int, side_px: int) -> None:
        super().__init__()
        ups = _downsamplings(side_px)
        wide = width * 2 ** (ups - 1)
        self.shape = (wide, _LAST_SIDE_PX, _LAST_SIDE_PX)
        flat = wide * _LAST_SIDE_PX**2
        self.dense = nn.Sequential(
            nn.Linear(latent, 16 * width),
            nn.BatchNorm1d(16 * width),
            nn.ReLU(),
            nn.Linear(16 * width, flat),
            nn.BatchNorm1d(flat),
            nn.ReLU(),
        )
        layers: list[nn.Module] = []
        for _ in range(ups - 1):
            layers += [nn.ConvTranspose2d(wide, wide // 2, 4, 2, 1), nn.BatchNorm2d(wide // 2), nn.ReLU()]
            wide //= 2
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(wide, channels, 4, 2, 1))

    def forward(self, z: Tensor) -> Tensor:
        """Generate."""
        return torch.tanh(self.layers(self.dense(z).unflatten(1, self.shape)))


class ImageBranch(nn.Sequential):
    """(N, C, P, P) -> (N, F): 4×4 convolutions of stride 2, without normalisation in the first.

    Args:
        channels: C.
        width: channels of the first two convolutions; doubled from there.
        side_px: P.
        dropout: after each convolution.
    """

    def __init__(self, channels: int, width: int, side_px: int, dropout: float = 0.0) -> None:
        layers: list[nn.Module] = []
        for level in range(_downsamplings(side_px)):
            wide = width * 2 ** max(level - 1, 0)
            layers.append(nn.Conv2d(channels, wide, 4, 2, 1))
            if level:
                layers.append(nn.BatchNorm2d(wide))
            layers += [nn.LeakyReLU(_SLOPE), nn.Dropout(dropout)]
            channels = wide
        super().__init__(*layers, nn.Flatten())
        self.features = channels * _LAST_SIDE_PX**2


class Discriminator(nn.Module):
    """AnoGAN's: (N, C, P, P) -> logit (N,) and the last hidden layer (N, F)."""

    def __init__(self, channels: int, width: int, side_px: int) -> None:
        super().__init__()
        self.branch = ImageBranch(channels, width, side_px)
        hidden = 16 * width
        self.hidden = nn.Sequential(
            nn.Linear(self.branch.features, hidden), nn.BatchNorm1d(hidden), nn.LeakyReLU(_SLOPE)
        )
        self.last = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logit and features."""
        features = self.hidden(self.branch(x))
        return self.last(features).flatten(), features


class PairDiscriminator(nn.Module):
    """EGBAD's: image (N, C, P, P) and z (N, Z) -> logit (N,) of a real image and its code, last hidden layer (N, F)."""

    def __init__(self, latent: int, channels: int, width: int, side_px: int, dropout: float) -> None:
        super().__init__()
        self.branch = ImageBranch(channels, width, side_px, dropout)
        self.code = nn.Sequential(nn.Linear(latent, 8 * width), nn.LeakyReLU(_SLOPE), nn.Dropout(dropout))
        hidden = 16 * width
        self.hidden = nn.Sequential(
            nn.Linear(self.branch.features + 8 * width, hidden), nn.LeakyReLU(_SLOPE), nn.Dropout(dropout)
        )
        self.last = nn.Linear(hidden, 1)

    def forward(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Logit and features."""
        features = self.hidden(torch.cat([self.branch(x), self.code(z)], dim=1))
        return self.last(features).flatten(), features


class Encoder(nn.Module):
    """EGBAD's: (N, C, P, P) -> z (N, Z), linear at the end; 3×3 convolutions.

    The first is at full size, with neither normalisation nor activation, as in the official ``mnist_utilities.py``.
    """

    def __init__(self, latent: int, channels: int, width: int, side_px: int) -> None:
        super().__init__()
        wide = width // 2
        layers: list[nn.Module] = [nn.Conv2d(channels, wide, 3, 1, 1)]
        for _ in range(_downsamplings(side_px)):
            layers += [nn.Conv2d(wide, 2 * wide, 3, 2, 1), nn.BatchNorm2d(2 * wide), nn.LeakyReLU(_SLOPE)]
            wide *= 2
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.last = nn.Linear(wide * _LAST_SIDE_PX**2, latent)

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        code: Tensor = self.last(self.body(x))
        return code
