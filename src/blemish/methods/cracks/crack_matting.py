"""Crack matting: crack inpainting that answers the faults which its authors list.

Ours, after Kim, Sohn, Kim 2020 (`blemish.methods.cracks.crack_inpainting`). As there, masks only serve to place cracks
on other surfaces. An image I with a crack is written as in image matting (Porter, Duff 1984),

    I = S - a · d,   so that the restored image is   O = I + a · d,

with S the normal surface, a in [0, 1] the fraction of a pixel that is crack, and d its darkening, per channel. The
network predicts a and d separately. The map is a: a faint hairline can be as certain a crack as a black gap, whereas
the published map, the brightening a · d, is faint because the crack is.

What differs from the paper:

- Compositing: `transplant` keeps a crack's own ratio of darkness and feathers its edge, where the published product
  gives each label a hard edge that betrays it; most cracks are placed as photographed, others fainter, at any scale and
  in any light; some composites have no crack and some two. Any image can be the background, its own cracks erased, so
  that nearly all surface is seen.
- Loss: the segmentation loss of `unet` on a against the placed label, whose edge is soft where it was resampled, plus
  the mean absolute error of O.
- Encoder: MobileNetV2 with ImageNet weights.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from blemish.methods.contract import LoadWeights
from blemish.methods.data.compositing import transplant
from blemish.methods.networks.encoders import encoder_unet
from blemish.methods.networks.pixels import FromBytes
from blemish.methods.parts.composite_method import CompositeMethod, CompositeSettings
from blemish.methods.parts.segmentation import EncoderSettings
from blemish.methods.parts.segmentation_losses import bce_dice_loss
from blemish.methods.registry import register


class CrackMattingSettings(CompositeSettings, EncoderSettings):
    """Hyper-parameters of `CrackMatting`."""

    encoder: str = Field(
        "mobilenet_v2", description='an encoder of segmentation-models-pytorch ("tu-NAME" for any of timm)'
    )
    crop_px: int = Field(192, ge=64, multiple_of=32, description="side of the composites")
    dice_weight: float = Field(0.5, ge=0, le=1, description="fraction of Dice in the loss of the label")
    restoration_weight: float = Field(2.0, ge=0, description="weight of the restored image's mean absolute error")


@register("crack-matting", learns_from="masks", localises=True, finds_cracks=True)
class CrackMatting(CompositeMethod):
    """Crack matting: crack inpainting that predicts separately how much of a pixel is crack and how dark that is."""

    Settings = CrackMattingSettings
    compose = staticmethod(transplant)
    # Some without a crack: an image of normal surface must stay as it is.
    crack_counts = (0.1, 0.65, 0.25)
    min_background = 1 / 4

    def __init__(self, settings: CrackMattingSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes)
        self.net, normalisation = encoder_unet(
            settings.encoder, settings.decoder_channels, 4, load_weights, pretrained=settings.pretrained
        )
        self.from_bytes = FromBytes(normalisation)

    def restore(self, image: Tensor) -> Tensor:
        """The image without its cracks: uint8 (N, H, W, 3) -> float (N, 3, H, W), 0 black to 1 white."""
        output = self(image)
        return restored(image, output[:, :1], output[:, 1:])

    def compute_loss(self, batch: Any) -> Tensor:
        """`matting_loss` of one batch of composites."""
        cracked, normal, label = batch
        output = self(cracked)
        settings = self.settings
        return matting_loss(
            output[:, :1],
            output[:, 1:],
            cracked,
            normal,
            label[:, None],
            dice_weight=settings.dice_weight,
            restoration_weight=settings.restoration_weight,
        )

    def predict(self, x: Tensor) -> Tensor:
        """The fraction of each pixel that is crack, (N, 1, H, W)."""
        return torch.sigmoid(self.net(x)[:, :1])


def restored(image: Tensor, logits: Tensor, darkening: Tensor) -> Tensor:
    """O = I + a · d.

    Args:
        image: I, uint8 (N, H, W, 3).
        logits: of a, (N, 1, H, W).
        darkening: d, (N, 3, H, W); 1 is from white to black.

    Returns:
        float (N, 3, H, W), 0 black to 1 white, not clipped.
    """
    pixels = image.to(torch.float32).permute(0, 3, 1, 2) / 255
    return pixels + logits.float().sigmoid() * darkening.float()


def matting_loss(
    logits: Tensor,
    darkening: Tensor,
    cracked: Tensor,
    normal: Tensor,
    label: Tensor,
    *,
    dice_weight: float,
    restoration_weight: float,
) -> Tensor:
    """``bce_dice_loss(a, label) + w · |O - S|``, a scalar.

    Args:
        logits: of a, (N, 1, H, W).
        darkening: d, (N, 3, H, W).
        cracked: I, uint8 (N, H, W, 3).
        normal: S, uint8 (N, H, W, 3).
        label: float (N, 1, H, W) in [0, 1], the fraction of each pixel that is crack.
        dice_weight: fraction of Dice in the loss of the label.
        restoration_weight: w.
    """
    target = normal.to(torch.float32).permute(0, 3, 1, 2) / 255
    difference = F.l1_loss(restored(cracked, logits, darkening), target)
    segmentation = bce_dice_loss(logits.float(), label, dice_weight=dice_weight, absent_classes=True)
    return segmentation + restoration_weight * difference
