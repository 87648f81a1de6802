"""Residual networks for Wasserstein training with gradient penalty: generator, critic and encoder of f-AnoGAN.

Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, as in the official ``wgangp_64x64.py``.
With ``dims=1`` for windows (N, C, L) of a series.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.dimensions import Layers, layers_of

_SMALLEST_PX = 4

Norm = Callable[[int], nn.Module]


def layer_norm(channels: int) -> nn.Module:
    """Over channels and positions of one image, with scale and offset per channel: images stay independent."""
    return nn.GroupNorm(1, channels)


def stage_widths(width: int, side_px: int) -> list[int]:
    """Channels from full size down to 4 px: 64, 128, 256, 512, 512 for 64 px."""
    return [width * min(2**stage, 8) for stage in range(int(math.log2(side_px // _SMALLEST_PX)) + 1)]


def _conv(
    of: Layers, channels_in: int, channels_out: int, kernel: int, *, gain: float, bias: bool = True
) -> nn.Conv1d | nn.Conv2d:
    """A convolution whose initial weights are uniform with variance ``gain / (fan in + fan out)``."""
    layer = of.conv(channels_in, channels_out, kernel, padding=kernel // 2, bias=bias)
    limit = math.sqrt(3 * gain / ((channels_in + channels_out) * kernel**of.dims))
    nn.init.uniform_(layer.weight, -limit, limit)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _linear(features_in: int, features_out: int) -> nn.Linear:
    layer = nn.Linear(features_in, features_out)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


# Variance of He et al. inside blocks, of Glorot and Bengio elsewhere.
_HE, _GLOROT = 4.0, 2.0


class Up(nn.Module):
    """(N, i, h, w) -> (N, o, 2h, 2w)."""

    def __init__(self, channels_in: int, channels_out: int, dims: int = 2) -> None:
        super().__init__()
        of = layers_of(dims)
        self.norm1, self.norm2 = of.norm(channels_in), of.norm(channels_out)
        self.conv1 = _conv(of, channels_in, channels_out, 3, gain=_HE, bias=False)
        self.conv2 = _conv(of, channels_out, channels_out, 3, gain=_HE)
        self.shortcut = _conv(of, channels_in, channels_out, 1, gain=_GLOROT)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample."""
        y = self.conv1(_upsampled(F.relu(self.norm1(x))))
        y = self.conv2(F.relu(self.norm2(y)))
        out: Tensor = self.shortcut(_upsampled(x)) + y
        return out


class Down(nn.Module):
    """(N, i, h, w) -> (N, o, h/2, w/2)."""

    def __init__(self, channels_in: int, channels_out: int, norm: Norm, dims: int = 2) -> None:
        super().__init__()
        self.of = of = layers_of(dims)
        self.norm1, self.norm2 = norm(channels_in), norm(channels_in)
        self.conv1 = _conv(of, channels_in, channels_in, 3, gain=_HE, bias=False)
        self.conv2 = _conv(of, channels_in, channels_out, 3, gain=_HE)
        self.shortcut = _conv(of, channels_in, channels_out, 1, gain=_GLOROT)

    def forward(self, x: Tensor) -> Tensor:
        """Downsample."""
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.of.pool(self.conv2(F.relu(self.norm2(y))), 2)
        out: Tensor = self.shortcut(self.of.pool(x, 2)) + y
        return out


class ResidualGenerator(nn.Module):
    """z (N, Z) -> image (N, C, P, P) in [-1, 1]."""

    def __init__(self, latent: int, channels: int, width: int, side_px: int, dims: int = 2) -> None:
        super().__init__()
        of = layers_of(dims)
        widths = stage_widths(width, side_px)[::-1]
        self.shape = (widths[0], *[_SMALLEST_PX] * dims)
        self.start = _linear(latent, widths[0] * _SMALLEST_PX**dims)
        self.blocks = nn.Sequential(*(Up(*pair, dims) for pair in pairwise(widths)))
        self.norm = of.norm(widths[-1])
        self.last = _conv(of, widths[-1], channels, 3, gain=_GLOROT)

    def forward(self, z: Tensor) -> Tensor:
        """Generate."""
        y = self.blocks(self.start(z).unflatten(1, self.shape))
        return torch.tanh(self.last(F.relu(self.norm(y))))


class ResidualFeatures(nn.Module):
    """(N, C, P, P) -> (N, F): the critic's and the encoder's body. No normalisation at the end."""

    def __init__(self, channels: int, width: int, side_px: int, norm: Norm, dims: int = 2) -> None:
        super().__init__()
        widths = stage_widths(width, side_px)
        self.first = _conv(layers_of(dims), channels, widths[0], 3, gain=_GLOROT)
        self.blocks = nn.Sequential(*(Down(*pair, norm, dims) for pair in pairwise(widths)))
        self.features = widths[-1] * _SMALLEST_PX**dims

    def forward(self, x: Tensor) -> Tensor:
        """Features, flattened."""
        features: Tensor = self.blocks(self.first(x))
        return features.flatten(1)


class Critic(nn.Module):
    """(N, C, P, P) -> critic value (N,), higher is more real, and features (N, F)."""

    def __init__(self, channels: int, width: int, side_px: int, dims: int = 2) -> None:
        super().__init__()
        self.body = ResidualFeatures(channels, width, side_px, layer_norm, dims)
        self.last = _linear(self.body.features, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Critic value and features."""
        features = self.body(x)
        return self.last(features).flatten(), features


class ResidualEncoder(nn.Module):
    """(N, C, P, P) -> z (N, Z) in [-1, 1]."""

    def __init__(self, latent: int, channels: int, width: int, side_px: int, dims: int = 2) -> None:
        super().__init__()
        self.body = ResidualFeatures(channels, width, side_px, layers_of(dims).norm, dims)
        self.last = _linear(self.body.features, latent)

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        return torch.tanh(self.last(self.body(x)))


def _upsampled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
