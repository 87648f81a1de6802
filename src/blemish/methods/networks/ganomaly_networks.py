"""The networks of GANomaly and Skip-GANomaly: DCGAN encoders and decoders, and a U-Net with a 1 × 1 bottleneck.

Akçay et al., official code ``lib/networks.py``. No convolution has a bias where batch normalisation follows it.
GANomaly's take ``dims=1`` for windows (N, C, L) of a series, with 4 positions in place of 4×4.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from blemish.methods.networks.dimensions import layers_of

_SLOPE = 0.2
# The encoder downsamples to this side, as DCGAN does.
_LAST_SIDE_PX = 4


def pyramid(channels: int, width: int, side_px: int, dims: int = 2) -> nn.Sequential:
    """(N, C, P, P) -> (N, width · P / 8, 4, 4): 4×4 convolutions of stride 2, channels doubled each time."""
    of = layers_of(dims)
    layers: list[nn.Module] = [of.conv(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(_SLOPE)]
    for _ in range(downsamplings(side_px) - 1):
        layers += [
            of.conv(width, 2 * width, 4, 2, 1, bias=False),
            of.norm(2 * width),
            nn.LeakyReLU(_SLOPE),
        ]
        width *= 2
    return nn.Sequential(*layers)


def downsamplings(side_px: int) -> int:
    """Number of downsamplings from a side that is a power of two to 4."""
    return int(math.log2(side_px // _LAST_SIDE_PX))


def deepest_width(width: int, side_px: int) -> int:
    """Channels at 4×4."""
    return int(width * 2 ** (downsamplings(side_px) - 1))


class Encoder(nn.Module):
    """(N, C, P, P) -> code (N, Z)."""

    def __init__(self, channels: int, width: int, side_px: int, latent: int, dims: int = 2) -> None:
        super().__init__()
        self.body = pyramid(channels, width, side_px, dims)
        self.last = layers_of(dims).conv(deepest_width(width, side_px), latent, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        code: Tensor = self.last(self.body(x))
        return code.flatten(1)


class Decoder(nn.Module):
    """Code (N, Z) -> (N, C, P, P) in [-1, 1]: the encoder mirrored."""

    def __init__(self, channels: int, width: int, side_px: int, latent: int, dims: int = 2) -> None:
        super().__init__()
        self.of = of = layers_of(dims)
        wide = deepest_width(width, side_px)
        layers: list[nn.Module] = [of.transposed(latent, wide, 4, bias=False), of.norm(wide), nn.ReLU()]
        while wide > width:
            layers += [
                of.transposed(wide, wide // 2, 4, 2, 1, bias=False),
                of.norm(wide // 2),
                nn.ReLU(),
            ]
            wide //= 2
        self.layers = nn.Sequential(*layers, of.transposed(width, channels, 4, 2, 1, bias=False))

    def forward(self, code: Tensor) -> Tensor:
        """Decode."""
        return torch.tanh(self.layers(self.of.with_unit_size(code)))


class Discriminator(nn.Module):
    """GANomaly's: (N, C, P, P) -> logit (N,) of a real image, and the features before it (N, F)."""

    def __init__(self, channels: int, width: int, side_px: int, dims: int = 2) -> None:
        super().__init__()
        self.body = pyramid(channels, width, side_px, dims)
        self.last = layers_of(dims).conv(deepest_width(width, side_px), 1, 4, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logit and features."""
        features = self.body(x)
        return self.last(features).flatten(), features.flatten(1)


class CodeDiscriminator(nn.Module):
    """Skip-GANomaly's: (N, C, P, P) -> logit (N,) of a real image, and the latent code before it (N, Z)."""

    def __init__(self, channels: int, width: int, side_px: int, latent: int) -> None:
        super().__init__()
        self.encoder = Encoder(channels, width, side_px, latent)
        self.last = nn.Conv2d(latent, 1, 3, 1, 1, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logit and features."""
        code = self.encoder(x)
        return self.last(code[:, :, None, None]).flatten(), code


class SkipGenerator(nn.Module):
    """A U-Net that downsamples to one position: (N, C, P, P) -> the same in [-1, 1].

    4×4 convolutions down, 4×4 transposed ones up; skips between equal sizes; widths doubled up to eight times the
    first.
    """

    def __init__(self, channels: int, width: int, side_px: int) -> None:
        super().__init__()
        depth = int(math.log2(side_px))
        widths = [width * min(2**level, 8) for level in range(depth)]
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        for level, wide in enumerate(widths):
            before = channels if level == 0 else widths[level - 1]
            layers: list[nn.Module] = [] if level == 0 else [nn.LeakyReLU(_SLOPE)]
            layers.append(nn.Conv2d(before, wide, 4, 2, 1, bias=False))
            if 0 < level < depth - 1:
                layers.append(nn.BatchNorm2d(wide))
            self.down.append(nn.Sequential(*layers))
            # The innermost level has no skip connection.
            channels_in = wide if level == depth - 1 else 2 * wide
            back = channels if level == 0 else before
            layers = [nn.ReLU(), nn.ConvTranspose2d(channels_in, back, 4, 2, 1, bias=level == 0)]
            self.up.append(nn.Sequential(*layers, *([] if level == 0 else [nn.BatchNorm2d(back)])))

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct."""
        levels = []
        for down in self.down:
            x = down(x)
            levels.append(x)
        for level in reversed(range(len(levels))):
            x = self.up[level](x if level == len(levels) - 1 else torch.cat([levels[level], x], dim=1))
        return torch.tanh(x)
