"""A U-Net that decodes to half the image's size and gives full resolution by a pixel shuffle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FastUNet(nn.Module):
    """MobileNetV2 to 1/32 of the size, a thin decoder to 1/2, then four channels per pixel shuffled into four pixels.

    The usual last decoder step works at full size without a skip connection, for a third of all arithmetic; Shi et al.,
    "Real-time single image super-resolution using an efficient sub-pixel convolutional neural network", CVPR 2016, give
    the same resolution without it. MobileNetV2's last layer, 1,280 channels for a classifier, is left out.

    Args:
        decoder_channels: four numbers of channels, from 1/16 to 1/2.
        channels_out: of the output.
    """

    def __init__(self, decoder_channels: Sequence[int], channels_out: int = 1) -> None:
        super().__init__()
        # Imported here: it takes seconds, and a list of methods does not need it.
        from segmentation_models_pytorch.encoders import get_encoder

        self.encoder = get_encoder("mobilenet_v2", depth=5, weights=None)
        self.encoder.features = self.encoder.features[:18]
        channels = [*self.encoder.out_channels[1:-1], 320]
        below = channels[-1]
        steps: list[nn.Module] = []
        for skip, width in zip(channels[-2::-1], decoder_channels, strict=True):
            steps.append(_Step(below, skip, width))
            below = width
        self.steps = nn.ModuleList(steps)
        self.head = nn.Conv2d(below, 4 * channels_out, 3, padding=1)
        self.upscale = 2

    def forward(self, image: Tensor) -> Tensor:
        """Normalised (N, 3, H, W), sides multiples of 32 -> logits (N, channels_out, H, W)."""
        maps: list[Tensor] = []
        for number, layer in enumerate(self.encoder.features):
            image = layer(image)
            if number in _LAST_OF_SCALE:
                maps.append(image)
        deep = maps.pop()
        for step in self.steps:
            deep = step(deep, maps.pop())
        return F.pixel_shuffle(cast(Tensor, self.head(deep)), self.upscale)

    def reparameterize(self) -> None:
        """Regroup the last convolution for export: the same function, in half the time of ONNX Runtime for this layer.

        Four output channels fill half of the eight that its kernels work on. A convolution of 4×4 px and stride 2 gives
        the sixteen output pixels of 2×2 positions at once, with the same products and zeros.
        """
        if self.upscale == 2:
            self.head, self.upscale = _two_by_two(self.head), 4


# Of MobileNetV2's 18 layers, the last at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size.
_LAST_OF_SCALE = (1, 3, 6, 13, 17)


class _Step(nn.Module):
    """Upsample by two, add the skip connection, convolve.

    The addition of two 1×1 convolutions is one over both sets of channels, but does the deeper half's arithmetic before
    upsampling; with a 3×3 one instead the network takes 1.3 times as long (benchmarks/README.md).
    """

    def __init__(self, deep: int, skip: int, channels_out: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(deep, channels_out, 1, bias=False)
        self.skip = nn.Conv2d(skip, channels_out, 1, bias=False)
        self.body = nn.Sequential(
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        upsampled = F.interpolate(self.deep(deep), scale_factor=2.0, mode="nearest")
        return cast(Tensor, self.body(upsampled + self.skip(skip)))


def _two_by_two(head: nn.Conv2d) -> nn.Conv2d:
    """A 3×3 convolution for a shuffle by 2 -> one of 4×4 and stride 2 for a shuffle by 4, of the same result."""
    channels = head.out_channels // 4
    given = head.weight.detach().reshape(channels, 2, 2, head.in_channels, 3, 3)
    # Row of the position, of the pixel in it, column of the position, of the pixel in it: the order of the shuffle.
    weight = torch.zeros(channels, 2, 2, 2, 2, head.in_channels, 4, 4)
    for row in range(2):
        for column in range(2):
            weight[:, row, :, column, :, :, row : row + 3, column : column + 3] = given
    regrouped = nn.Conv2d(head.in_channels, 16 * channels, 4, stride=2, padding=1)
    bias = cast(Tensor, head.bias).detach().reshape(channels, 1, 2, 1, 2)
    with torch.no_grad():
        regrouped.weight.copy_(weight.reshape(regrouped.weight.shape))
        cast(Tensor, regrouped.bias).copy_(bias.expand(channels, 2, 2, 2, 2).reshape(-1))
    return regrouped
