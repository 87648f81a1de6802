"""U-Net on labelled cracks: the supervised baseline of S1, and the same with a pretrained encoder.

Ronneberger, Fischer, Brox, "U-Net", MICCAI 2015. With ``encoder="plain"`` it is the network that Kim, Sohn, Kim 2020
compare their crack inpainting with (5×5 kernels, 16-32-64-128-64-32-16). By default the contracting half is a
MobileNetV2 pretrained on ImageNet, and the loss adds Dice to cross-entropy since cracks cover a few percent of an
image.

What differs from the paper: it says neither the baseline's loss nor its augmentation; the choices here are ours.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.methods.contract import Candidate, GradientMethod, GradientSettings, LoadWeights
from blemish.methods.data.masked_images import MaskedImages
from blemish.methods.networks.encoder_unet import encoder_unet
from blemish.methods.networks.pixels import IMAGENET, FromBytes
from blemish.methods.networks.plain_unet import PlainUNet
from blemish.methods.parts.ignored import without_ignored
from blemish.methods.parts.segmentation import OneMap
from blemish.methods.registry import register

# Encoders halve the size up to five times, so images and tiles are padded to a multiple of 32.
_ENCODER_STRIDE = 32


class UNetSettings(GradientSettings):
    """Hyper-parameters of `UNet`; the defaults are the ``quick`` profile."""

    epochs: int = Field(20, ge=1, description="passes over the training images, at most")
    batch_size: int = Field(4, ge=1, description="images in one step")
    encoder: str = Field(
        "mobilenet_v2",
        description='"plain" for the 5×5 network of the paper, or an encoder of segmentation-models-pytorch '
        '("tu-NAME" for any of timm)',
    )
    pretrained: bool = Field(True, description="start the encoder from ImageNet weights; the plain network has none")
    crop_px: int = Field(192, ge=64, multiple_of=32, description="side of the training crops")
    tile_px: int = Field(
        1024, ge=64, multiple_of=32, description="side of the tiles that larger images are inspected in"
    )
    dice_weight: float = Field(0.5, ge=0, le=1, description="fraction of Dice in the loss, the rest is cross-entropy")
    turns: bool = Field(
        False, description="average the maps of the image turned and mirrored in all eight ways: eightfold time"
    )
    decoder_channels: tuple[int, ...] = Field(
        (64, 32, 16, 16),
        min_length=3,
        max_length=5,
        description="channels of the expanding half, coarse to fine, one for each halving (not for the plain network)",
    )


@register("unet", learns_from="masks", localises=True, candidates=[Candidate(cost_rank=60, min_masks=20)])
class UNet(GradientMethod):
    """Supervised segmentation: learns to outline defects from images with masks."""

    Settings = UNetSettings

    def __init__(self, settings: UNetSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        self.settings = settings
        normalisation = IMAGENET
        self.net: nn.Module
        if settings.encoder == "plain":
            self.net = PlainUNet(in_channels=3)
        else:
            network = encoder_unet(settings.encoder, settings.decoder_channels, 1)
            if settings.pretrained:
                normalisation = load_weights(settings.encoder, network.encoder)
            self.net = network
        self.from_bytes = FromBytes(normalisation)

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> MaskedImages:
        """Crops of images and masks."""
        return MaskedImages(samples, crop_px=self.settings.crop_px, augment=training, seed=seed)

    def forward(self, image: Tensor) -> Tensor:
        """uint8 (N, H, W, 3) -> logits (N, H, W)."""
        logits: Tensor = self.net(self.from_bytes(image))
        return logits[:, 0]

    def compute_loss(self, batch: Any) -> Tensor:
        """`segmentation_loss` of one batch of (image, mask)."""
        image, mask = batch
        logits, mask = without_ignored(self(image), mask)
        return segmentation_loss(logits, mask, dice_weight=self.settings.dice_weight)

    def input_spec(self) -> InputSpec:
        """Images at their own resolution, in overlapping tiles where they are large."""
        return InputSpec.tiled(self.settings.tile_px, _ENCODER_STRIDE)

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,) and crack probability (N, H, W)."""
        return OneMap(self.from_bytes, self.net, turns=self.settings.turns).eval()


def segmentation_loss(logits: Tensor, mask: Tensor, *, dice_weight: float) -> Tensor:
    """``(1 - w) · cross-entropy + w · (1 - Dice)``.

    Dice is taken over the whole batch and softened by one pixel, so that a batch without defects still pushes the
    prediction down (per image it would be 0 / 0 there).

    Args:
        logits: float (N, H, W).
        mask: float (N, H, W) in [0, 1], the fraction of each pixel that is defective.
        dice_weight: w in [0, 1].
    """
    logits = logits.float()
    entropy = F.binary_cross_entropy_with_logits(logits, mask)
    probability = logits.sigmoid()
    dice = (2 * (probability * mask).sum() + 1) / (probability.sum() + mask.sum() + 1)
    return (1 - dice_weight) * entropy + dice_weight * (1 - dice)
