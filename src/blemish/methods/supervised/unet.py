"""U-Net trained on labelled defects: the supervised baseline of Kim, Sohn, Kim 2020, and the same on any encoder.

Ronneberger, Fischer, Brox, "U-Net", MICCAI 2015. With ``encoder="plain"`` it is the network that Kim, Sohn, Kim
("A method for concrete crack detection using U-Net based image inpainting technique", J. Korea Soc. Computer &
Information, 2020) compare their crack inpainting with in Table 5 (5×5 kernels, 16-32-64-128-64-32-16).

What differs from the paper: by default the encoder is a MobileNetV2 pretrained on ImageNet, and the loss adds Dice to
cross-entropy since cracks cover a few percent of an image. The paper states neither the baseline's loss nor its
augmentation.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from torch import Tensor, nn

from blemish.methods.contract import Candidate, LoadWeights
from blemish.methods.networks.encoders import encoder_unet
from blemish.methods.networks.pixels import IMAGENET, FromBytes
from blemish.methods.networks.plain_unet import PlainUNet
from blemish.methods.parts.ignored import without_ignored
from blemish.methods.parts.segmentation import EncoderSettings, SegmentationMethod, SegmentationSettings
from blemish.methods.parts.segmentation_losses import bce_dice_loss
from blemish.methods.registry import register


class UNetSettings(SegmentationSettings, EncoderSettings):
    """Hyper-parameters of `UNet`; the defaults are the ``quick`` profile."""

    epochs: int = Field(20, ge=1, description="passes over the training images, at most")
    encoder: str = Field(
        "mobilenet_v2",
        description='"plain" for the 5×5 network of the paper, which has no pretrained weights, or an encoder of '
        'segmentation-models-pytorch ("tu-NAME" for any of timm)',
    )
    dice_weight: float = Field(0.5, ge=0, le=1, description="fraction of Dice in the loss, the rest is cross-entropy")


@register("unet", learns_from="masks", localises=True, candidates=[Candidate(cost_rank=60, min_masks=20)])
class UNet(SegmentationMethod):
    """U-Net: supervised segmentation, trained on images with masks of their defects."""

    Settings = UNetSettings

    def __init__(self, settings: UNetSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes)
        normalisation = IMAGENET
        self.net: nn.Module
        if settings.encoder == "plain":
            self.net = PlainUNet(in_channels=3)
        else:
            self.net, normalisation = encoder_unet(
                settings.encoder, settings.decoder_channels, 1, load_weights, pretrained=settings.pretrained
            )
        self.from_bytes = FromBytes(normalisation)

    def compute_loss(self, batch: Any) -> Tensor:
        """Cross-entropy and Dice of one batch of (image, mask)."""
        image, mask = batch
        dice_weight: float = self.settings.dice_weight
        logits, mask = without_ignored(self(image).float(), mask)
        return bce_dice_loss(logits, mask, dice_weight=dice_weight, absent_classes=True)
