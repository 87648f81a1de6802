"""The plain U-Net of the crack-inpainting paper: 5×5 kernels, filters 16-32-64-128-64-32-16.

Kim, Sohn, Kim, "A method for concrete crack detection using U-Net based image inpainting technique",
J. Korea Soc. Computer & Information, 2020, Table 2. The paper states levels,
kernel and filters; two convolutions a level, batch normalisation and bilinear upsampling are our reading of "U-Net".
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PlainUNet(nn.Module):
    """U-Net with skip connections at every level, or without any: then a plain convolutional encoder and decoder.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, linear (no activation).
        filters: filters of each level, from the finest to the coarsest; the decoder mirrors them.
        kernel: side of every convolution, odd.
        skips: whether the decoder gets the encoder's maps.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 1,
        filters: tuple[int, ...] = (16, 32, 64, 128),
        kernel: int = 5,
        skips: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(_double_convolution(a, b, kernel) for a, b in pairwise((in_channels, *filters)))
        self.decoder = nn.ModuleList(
            _double_convolution(deep + skip * skips, skip, kernel) for skip, deep in reversed(list(pairwise(filters)))
        )
        self.head = nn.Conv2d(filters[0], out_channels, 1)
        self.skips = skips
        self.multiple_of = 2 ** (len(filters) - 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out, H, W); H and W must be multiples of ``multiple_of``."""
        seen: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            seen.append(x)
        x = seen.pop()
        for block in self.decoder:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            skip = seen.pop()
            x = block(torch.cat([x, skip], dim=1) if self.skips else x)
        logits: Tensor = self.head(x)
        return logits


def _double_convolution(in_channels: int, out_channels: int, kernel: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
