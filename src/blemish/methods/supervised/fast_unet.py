"""A U-Net for whole images: the method of the bundled crack detector.

Ours. The network does less arithmetic per pixel than `blemish.methods.supervised.unet` and has a larger receptive field
(to 1/32 of the size), for images of twelve megapixels on two cores. Two more things differ, both for images without
cracks:

- The loss has a term for images without any defect: the mean over their most defect-like pixels, so that the few joints
  and twigs that still look like cracks count among millions of pixels that do not (online hard example mining,
  Shrivastava, Gupta, Girshick, CVPR 2016).
- The image score is the highest mean along a straight line of 36 px: a crack is a line, and most of what is mistaken
  for one (a pore, a grain, the corner of a shadow) is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.datasets import Sample
from blemish.methods.contract import LoadWeights
from blemish.methods.data.masked_images import MaskedImages
from blemish.methods.networks.fast_unet import FastUNet
from blemish.methods.networks.pixels import IMAGENET, FromBytes
from blemish.methods.parts.ignored import without_ignored
from blemish.methods.parts.segmentation import CropPx, SegmentationMethod, SegmentationSettings
from blemish.methods.parts.segmentation_losses import bce_dice_loss
from blemish.methods.registry import register

_HARDEST_PIXELS = 64
# At a quarter of the size: lines of 9 are 36 px long.
_LINE_SCALE, _LINE_LENGTH = 4, 9
_LINE_DIRECTIONS = 8


class FastUNetSettings(SegmentationSettings):
    """Hyper-parameters of `FastUNetMethod`; the defaults are the ``quick`` profile."""

    epochs: int = Field(8, ge=1, description="passes over the training images, at most")
    pretrained: bool = Field(True, description="start the encoder, a MobileNetV2, from ImageNet weights")
    crop_px: CropPx = Field(256, description="side of the training crops, or their height and width")
    max_zoom: float = Field(1.28, ge=1, description="training crops are magnified up to this many times")
    tile_px: int = Field(
        1024, ge=128, multiple_of=32, description="side of the tiles that larger images are inspected in"
    )
    dice_weight: float = Field(0.5, ge=0, le=1, description="fraction of Dice in the segmentation loss")
    normal_weight: float = Field(0.002, ge=0, description="weight of the hardest pixels of images without a defect")
    decoder_channels: tuple[int, int, int, int] = Field(
        (48, 48, 24, 16), description="channels of the decoder at 1/16, 1/8, 1/4 and 1/2 of the size"
    )


@register("fast-unet", learns_from="masks", localises=True)
class FastUNetMethod(SegmentationMethod):
    """Fast U-Net: supervised segmentation of large images at half the cost of unet."""

    Settings = FastUNetSettings

    def __init__(self, settings: FastUNetSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes)
        self.net = FastUNet(settings.decoder_channels)
        normalisation = load_weights("mobilenet_v2", self.net.encoder) if settings.pretrained else IMAGENET
        self.from_bytes = FromBytes(normalisation)
        self.lines = MostLineLike()

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> MaskedImages:
        """Crops of images and masks."""
        settings: FastUNetSettings = self.settings
        return MaskedImages(
            samples,
            crop_px=settings.crop_px,
            augment=training and settings.augment,
            redraw=training,
            seed=seed,
            max_zoom=settings.max_zoom,
        )

    def compute_loss(self, batch: Any) -> Tensor:
        """Cross-entropy and Dice, plus `normal_loss`, of one batch of (image, mask)."""
        image, mask = batch
        settings: FastUNetSettings = self.settings
        logits, mask = without_ignored(self(image).float(), mask)
        segmentation = bce_dice_loss(logits, mask, dice_weight=settings.dice_weight, absent_classes=True)
        return segmentation + settings.normal_weight * normal_loss(logits, mask)

    def image_score(self, maps: Tensor) -> Tensor:
        """`MostLineLike`."""
        score: Tensor = self.lines(maps)
        return score


def normal_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy of the 64 most defect-like pixels of each image without a defect, averaged; 0 without such images.

    Args:
        logits: float (N, 1, H, W).
        mask: float (N, 1, H, W), the fraction of each pixel that is defective.
    """
    normal = (mask.flatten(1).amax(dim=1) == 0).to(torch.float32)
    hardest = logits.float().flatten(1).topk(_HARDEST_PIXELS, dim=1).values
    per_image = F.softplus(hardest).mean(dim=1)
    return (per_image * normal).sum() / normal.sum().clamp(min=1)


class MostLineLike(nn.Module):
    """The highest mean of a map along any straight line of 36 px in eight directions.

    The map is first max-pooled over 4×4 px, so that a crack need not follow a line to the pixel.
    """

    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", torch.from_numpy(_line_kernels()), persistent=False)

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
