"""Encoder and decoder of five convolutional blocks each, with a short code between them.

After García-de-la-Puente et al. 2023, who state five blocks and a code of 32; widths and kernels are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_BLOCKS = 5
_LAYERS = 3
_SLOPE = 0.2


def block_widths(width: int) -> tuple[int, ...]:
    """Channels after each of the five blocks: doubled each time, up to eight times ``width``."""
    return tuple(width * 2 ** min(block, 3) for block in range(_BLOCKS))


def encoder_blocks(channels: int, width: int, downsamplings: int) -> nn.Sequential:
    """(N, C, P, P) -> (N, K, P / 2^downsamplings, same).

    Args:
        channels: C.
        width: channels of the first block.
        downsamplings: how many of the blocks, from the first, halve the image.
    """
    layers: list[nn.Module] = []
    for block, wide in enumerate(block_widths(width)):
        layers += [
            nn.Conv2d(channels, wide, 3, stride=2 if block < downsamplings else 1, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(_SLOPE),
        ]
        channels = wide
    return nn.Sequential(*layers)


def first_block(encoder: nn.Sequential, x: Tensor) -> Tensor:
    """What the first of `encoder_blocks` gives."""
    block: Tensor = encoder[:_LAYERS](x)
    return block


def other_blocks(encoder: nn.Sequential, block: Tensor) -> Tensor:
    """What the others make of that."""
    blocks: Tensor = encoder[_LAYERS:](block)
    return blocks


def encoder_features(width: int, side_px: int, downsamplings: int) -> int:
    """Size of the encoder's output for one image of P = ``side_px``."""
    return block_widths(width)[-1] * (side_px >> downsamplings) ** 2


class Decoder(nn.Module):
    """Code (N, Z) -> image (N, C, P, P) in [-1, 1].

    Args:
        latent: Z.
        channels: C.
        width: as the encoder's.
        side_px: P.
        downsamplings: as the encoder's.
    """

    def __init__(self, latent: int, channels: int, width: int, side_px: int, downsamplings: int) -> None:
        super().__init__()
        widths = block_widths(width)
        self.shape = (widths[-1], side_px >> downsamplings, side_px >> downsamplings)
        self.start = nn.Linear(latent, widths[-1] * self.shape[1] * self.shape[2])
        layers: list[nn.Module] = []
        for block in reversed(range(_BLOCKS)):
            narrow = widths[max(block - 1, 0)]
            if block < downsamplings:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
            layers += [
                nn.Conv2d(widths[block], narrow, 3, padding=1, bias=False),
                nn.BatchNorm2d(narrow),
                nn.LeakyReLU(_SLOPE),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[0], channels, 3, padding=1))

    def forward(self, code: Tensor) -> Tensor:
        """Decode."""
        return torch.tanh(self.layers(self.start(code).unflatten(1, self.shape)))
