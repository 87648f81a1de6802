"""A U-Net for whole images: what the bundled crack detector is trained as.

The network does less arithmetic per pixel than `blemish.methods.supervised.unet` and sees further (to 1/32 of the
size), for images of twelve megapixels on two cores. Two more things differ, both for images that show no crack:

- The loss has a part for images without any defect: the mean over their most defect-like pixels, so that the few joints
  and twigs that still look like cracks count among millions of pixels that do not (online hard example mining,
  Shrivastava, Gupta, Girshick, CVPR 2016).
- An image scores by its most crack-like straight piece of 36 px: a crack is a line, and most of what is mistaken for
  one (a pore, a grain, the corner of a shadow) is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.methods.contract import GradientMethod, GradientSettings, LoadWeights
from blemish.methods.data.masked_images import MaskedImages
from blemish.methods.networks.fast_unet import FastUNet
from blemish.methods.networks.pixels import IMAGENET, FromBytes
from blemish.methods.parts.ignored import without_ignored
from blemish.methods.registry import register
from blemish.methods.supervised.unet import segmentation_loss

_ENCODER_STRIDE = 32
_HARDEST_PIXELS = 64
# At a quarter of the size: lines of 9 are 36 px long.
_LINE_SCALE, _LINE_LENGTH = 4, 9
_LINE_DIRECTIONS = 8


class FastUNetSettings(GradientSettings):
    """Hyper-parameters of `FastUNetMethod`; the defaults are the ``quick`` profile."""

    epochs: int = Field(8, ge=1, description="passes over the training images, at most")
    batch_size: int = Field(4, ge=1, description="images in one step")
    pretrained: bool = Field(True, description="start the encoder, a MobileNetV2, from ImageNet weights")
    crop_px: int = Field(256, ge=64, multiple_of=32, description="side of the training crops")
    max_zoom: float = Field(1.28, ge=1, description="training crops show things up to this many times as large")
    tile_px: int = Field(
        1024, ge=128, multiple_of=32, description="side of the tiles that larger images are inspected in"
    )
    dice_weight: float = Field(0.5, ge=0, le=1, description="fraction of Dice in the segmentation loss")
    normal_weight: float = Field(0.002, ge=0, description="weight of the hardest pixels of images without a defect")
    decoder_channels: tuple[int, int, int, int] = Field(
        (48, 48, 24, 16), description="channels of the expanding half at 1/16, 1/8, 1/4 and 1/2 of the size"
    )


@register("fast-unet", learns_from="masks", localises=True)
class FastUNetMethod(GradientMethod):
    """Supervised segmentation of large images: outlines defects at half the cost of unet."""

    Settings = FastUNetSettings

    def __init__(self, settings: FastUNetSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        self.settings = settings
        self.net = FastUNet(settings.decoder_channels)
        normalisation = load_weights("mobilenet_v2", self.net.encoder) if settings.pretrained else IMAGENET
        self.from_bytes = FromBytes(normalisation)

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> MaskedImages:
        """Crops of images and masks."""
        settings: FastUNetSettings = self.settings
        crop_px, max_zoom = settings.crop_px, settings.max_zoom
        return MaskedImages(samples, crop_px=crop_px, augment=training, seed=seed, max_zoom=max_zoom)

    def forward(self, image: Tensor) -> Tensor:
        """uint8 (N, H, W, 3) -> logits (N, H, W)."""
        logits: Tensor = self.net(self.from_bytes(image))
        return logits[:, 0]

    def compute_loss(self, batch: Any) -> Tensor:
        """`segmentation_loss` plus `normal_loss` of one batch of (image, mask)."""
        image, mask = batch
        logits, mask = without_ignored(self(image), mask)
        loss = segmentation_loss(logits, mask, dice_weight=self.settings.dice_weight)
        normal_weight: float = self.settings.normal_weight
        return loss + normal_weight * normal_loss(logits, mask)

    def input_spec(self) -> InputSpec:
        """Images at their own resolution, in overlapping tiles where they are large."""
        return InputSpec.tiled(self.settings.tile_px, _ENCODER_STRIDE)

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,) and crack probability (N, H, W)."""
        return _Scoring(self).eval()


def normal_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy of the 64 most defect-like pixels of each image without a defect, averaged; 0 without such images.

    Args:
        logits: float (N, H, W).
        mask: float (N, H, W), the fraction of each pixel that is defective.
    """
    normal = (mask.flatten(1).amax(dim=1) == 0).to(torch.float32)
    hardest = logits.float().flatten(1).topk(_HARDEST_PIXELS, dim=1).values
    per_image = F.softplus(hardest).mean(dim=1)
    return (per_image * normal).sum() / normal.sum().clamp(min=1)


class _Scoring(nn.Module):
    def __init__(self, method: FastUNetMethod) -> None:
        super().__init__()
        self.from_bytes, self.net = method.from_bytes, method.net.prepared_to_run()
        self.lines = MostLineLike()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        probability = torch.sigmoid(self.net(self.from_bytes(image)))
        return self.lines(probability), probability[:, 0]


class MostLineLike(nn.Module):
    """The highest mean of a map along any straight line of 36 px in eight directions.

    The map is first quartered by its maximum over 4×4 px, so that a line need not be met to the pixel.
    """

    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", torch.from_numpy(_line_kernels()))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, 1, H, W), H and W at least 64 -> (N,), within the range of the map."""
        small = F.max_pool2d(maps, _LINE_SCALE)
        return F.conv2d(small, self.kernels, padding=_LINE_LENGTH // 2).flatten(1).amax(dim=1)


def _line_kernels() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Straight lines through the middle of a square, each summing to one, float32 (8, 1, 9, 9)."""
    kernels = np.zeros((_LINE_DIRECTIONS, 1, _LINE_LENGTH, _LINE_LENGTH), dtype=np.float32)
    middle = _LINE_LENGTH // 2
    along = np.arange(-middle, middle + 1)
    for number in range(_LINE_DIRECTIONS):
        angle = np.pi * number / _LINE_DIRECTIONS
        # Steps of one along the longer axis: as many pixels in every direction.
        longest = max(abs(np.cos(angle)), abs(np.sin(angle)))
        x = np.round(along * np.cos(angle) / longest).astype(int) + middle
        y = np.round(along * np.sin(angle) / longest).astype(int) + middle
        kernels[number, 0, y, x] = 1.0 / _LINE_LENGTH
    return kernels
