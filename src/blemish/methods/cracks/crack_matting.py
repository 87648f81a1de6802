"""Crack matting: crack inpainting with the paper's own list of faults answered.

After Kim, Sohn, Kim 2020 (`blemish.methods.cracks.crack_inpainting`); the changes are ours. As there, masks are
used only to lay cracks onto other surfaces. An image I with a crack is written as in image matting (Porter, Duff 1984),

    I = S - a · d,   so that the restored image is   O = I + a · d,

with S the normal surface, a in [0, 1] the fraction of a pixel that is crack, and d its darkening, per channel. The
network says a and d apart. The map is a: a faint hairline may be as certain a crack as a black gap, where the published
map, the brightening a · d, is faint because the crack is.

- Compositing: `transplant` keeps a crack's own darkness ratio and feathers its edge, where the published product gives
  each label a hard edge to be found by; most cracks are laid as photographed, others fainter, at any scale and in any
  light; some composites have no crack and some two. Any image can lie beneath, its own cracks erased, so that nearly
  all surface is seen.
- Loss: the segmentation loss of `unet` on a against the laid label, whose edge is soft where it was resampled, plus the
  mean absolute error of O.
- Encoder: MobileNetV2 with ImageNet weights.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.methods.contract import GradientMethod, LoadWeights
from blemish.methods.cracks.crack_inpainting import CompositeSettings
from blemish.methods.data.composites import Composites
from blemish.methods.data.compositing import transplant
from blemish.methods.networks.encoder_unet import encoder_unet
from blemish.methods.networks.pixels import IMAGENET, FromBytes
from blemish.methods.parts.segmentation import OneMap
from blemish.methods.registry import register
from blemish.methods.supervised.unet import segmentation_loss

_ENCODER_STRIDE = 32
# No crack, one, two: an image of normal surface is to stay as it is.
_CRACK_COUNTS = (0.1, 0.65, 0.25)


class CrackMattingSettings(CompositeSettings):
    """Hyper-parameters of `CrackMatting`."""

    encoder: str = Field(
        "mobilenet_v2", description='an encoder of segmentation-models-pytorch ("tu-NAME" for any of timm)'
    )
    pretrained: bool = Field(True, description="start the encoder from ImageNet weights")
    crop_px: int = Field(192, ge=64, multiple_of=32, description="side of the composites")
    dice_weight: float = Field(0.5, ge=0, le=1, description="fraction of Dice in the loss of the label")
    restoration_weight: float = Field(2.0, ge=0, description="weight of the restored image's mean absolute error")
    turns: bool = Field(
        False, description="average the maps of the image turned and mirrored in all eight ways: eightfold time"
    )
    decoder_channels: tuple[int, ...] = Field(
        (64, 32, 16, 16),
        min_length=3,
        max_length=5,
        description="channels of the expanding half, coarse to fine, one for each halving",
    )


@register("crack-matting", learns_from="masks", localises=True)
class CrackMatting(GradientMethod):
    """Crack inpainting, improved: says apart how much of a pixel is crack and how dark that is."""

    Settings = CrackMattingSettings

    def __init__(self, settings: CrackMattingSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        self.settings = settings
        self.net = encoder_unet(settings.encoder, settings.decoder_channels, 4)
        normalisation = load_weights(settings.encoder, self.net.encoder) if settings.pretrained else IMAGENET
        self.from_bytes = FromBytes(normalisation)

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> Composites:
        """No, one or two cracks transplanted onto another image.

        Raises:
            DataError: labels that cannot be right, or no image with a crack-free square of a quarter the composite's
                side.
        """
        settings = self.settings
        compose = partial(
            transplant, side_px=settings.crop_px, weakest=settings.weakest, largest_zoom=settings.largest_zoom
        )
        return Composites(
            samples,
            compose=compose,
            ground_px=settings.crop_px // 4,
            crack_counts=_CRACK_COUNTS,
            training=training,
            seed=seed,
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (N, H, W, 3) -> logits of the crack's share (N, H, W) and darkening (N, 3, H, W)."""
        out: Tensor = self.net(self.from_bytes(image))
        return out[:, 0], out[:, 1:]

    def restore(self, image: Tensor) -> Tensor:
        """The image without its cracks: uint8 (N, H, W, 3) -> float (N, 3, H, W), 0 black to 1 white."""
        logits, darkening = self(image)
        return restored(image, logits, darkening)

    def compute_loss(self, batch: Any) -> Tensor:
        """`matting_loss` of one batch of composites."""
        cracked, normal, label = batch
        logits, darkening = self(cracked)
        settings = self.settings
        return matting_loss(
            logits,
            darkening,
            cracked,
            normal,
            label,
            dice_weight=settings.dice_weight,
            restoration_weight=settings.restoration_weight,
        )

    def input_spec(self) -> InputSpec:
        """Images at their own resolution, in overlapping tiles where they are large."""
        return InputSpec.tiled(self.settings.tile_px, _ENCODER_STRIDE)

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,) and the crack's fraction of each pixel (N, H, W)."""
        return OneMap(self.from_bytes, self.net, turns=self.settings.turns).eval()


def restored(image: Tensor, logits: Tensor, darkening: Tensor) -> Tensor:
    """O = I + a · d.

    Args:
        image: I, uint8 (N, H, W, 3).
        logits: of a, (N, H, W).
        darkening: d, (N, 3, H, W); 1 is from white to black.

    Returns:
        float (N, 3, H, W), 0 black to 1 white, not clipped.
    """
    seen = image.to(torch.float32).permute(0, 3, 1, 2) / 255
    return seen + logits.float().sigmoid()[:, None] * darkening.float()


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
    """``segmentation_loss(a, label) + w · |O - S|``, a scalar.

    Args:
        logits: of a, (N, H, W).
        darkening: d, (N, 3, H, W).
        cracked: I, uint8 (N, H, W, 3).
        normal: S, uint8 (N, H, W, 3).
        label: float (N, H, W) in [0, 1], the fraction of each pixel that is crack.
        dice_weight: fraction of Dice in the segmentation loss.
        restoration_weight: w.
    """
    target = normal.to(torch.float32).permute(0, 3, 1, 2) / 255
    difference = F.l1_loss(restored(cracked, logits, darkening), target)
    return segmentation_loss(logits, label, dice_weight=dice_weight) + restoration_weight * difference
