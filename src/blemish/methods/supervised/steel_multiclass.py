"""Segmentation into several classes of defects: a multi-class U-Net for hot-rolled steel, and its two baselines.

Severstal's steel strip has four classes of defects. The source, a paper of the 2nd Korea Artificial Intelligence
Conference, trains a U-Net on one-hot targets of background and classes with a softmax and cross-entropy (Adam, 1e-4,
batches of 16, 40 epochs, images of 256 × 1600), and claims that this beats training on the union of the classes when
both are scored on the union. Its baselines are settings here: ``targets=union`` for the binary U-Net, and
``network=cnn`` for the plain CNN, which the source does not describe: the same convolutions without skip connections
are our reading.

Beyond the source: a pretrained encoder, other losses, images of rare classes shown more often, crops centred on
defects, an image classifier that scales the maps, and test-time augmentation.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from blemish.datasets import Sample
from blemish.errors import SettingsError
from blemish.methods.contract import LoadWeights
from blemish.methods.data.masked_images import MaskedImages
from blemish.methods.networks.encoders import encoder_unet
from blemish.methods.networks.fast_unet import FastUNet
from blemish.methods.networks.gated_unet import GatedUNet, gate_loss
from blemish.methods.networks.pixels import IMAGENET, FromBytes, Normalisation
from blemish.methods.networks.plain_unet import PlainUNet
from blemish.methods.parts.ignored import without_ignored
from blemish.methods.parts.segmentation import EncoderSettings, SegmentationMethod, SegmentationSettings
from blemish.methods.parts.segmentation_losses import LOSSES, LossName, class_probabilities
from blemish.methods.registry import register

_WITHOUT_ENCODER = ("plain", "cnn", "fast")
_FAST_STEPS = 4


class SteelMulticlassSettings(SegmentationSettings, EncoderSettings):
    """Hyper-parameters of `SteelMulticlass`; the defaults are the ``quick`` profile."""

    epochs: int = Field(30, ge=1, description="passes over the training images, at most")
    network: str = Field(
        "mobilenet_v2",
        description='"plain" for a U-Net of two convolutions a level, "cnn" for the same without skip connections, '
        '"fast" for the MobileNetV2 of fast-unet, twice as fast as the usual one, or an encoder of '
        'segmentation-models-pytorch ("tu-NAME" for any of timm)',
    )
    filters: tuple[int, ...] = Field(
        (16, 32, 64, 128),
        min_length=2,
        max_length=6,
        description="channels of each level of plain and cnn, fine to coarse",
    )
    kernel_px: Literal[3, 5] = Field(5, description="side of the convolutions of plain and cnn")
    targets: Literal["classes", "union"] = Field("classes", description="train on the classes, or on their union")
    loss: LossName = Field("bce-dice", description="softmax is the source's")
    balance: bool = Field(False, description="show images of rare classes as often as those of common ones")
    gate: bool = Field(
        False,
        description="a classifier on the same encoder scales each class's map by the probability of the class",
    )


@register("steel-multiclass", learns_from="masks", localises=True)
class SteelMulticlass(SegmentationMethod):
    """Multi-class U-Net: supervised segmentation into several classes of defects."""

    Settings = SteelMulticlassSettings

    def __init__(self, settings: SteelMulticlassSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes)
        if settings.targets == "classes":
            self.classes = classes or ("defect",)
        count = max(1, len(self.classes))
        self.exclusive_classes = settings.loss == "softmax" and count > 1
        if settings.gate and settings.network in _WITHOUT_ENCODER:
            raise SettingsError(
                "gate=true needs an encoder of segmentation-models-pytorch, such as mobilenet_v2; "
                f'"{settings.network}" is none.'
            )
        channels = count + (settings.loss == "softmax")
        self.net, normalisation = _network(settings, channels, load_weights)
        if settings.gate:
            self.net = GatedUNet(self.net, count)
        self.from_bytes = FromBytes(normalisation)

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> MaskedImages:
        """Crops of images with a mask per class."""
        settings: SteelMulticlassSettings = self.settings
        return MaskedImages(
            samples,
            crop_px=settings.crop_px,
            augment=training and settings.augment,
            redraw=training,
            seed=seed,
            classes=self.classes if settings.targets == "classes" else None,
        )

    def sampling_weights(self, samples: tuple[Sample, ...]) -> NDArray[np.float64] | None:
        """Rare classes as often as common ones, with ``balance``."""
        return balanced(samples) if self.settings.balance else None

    def compute_loss(self, batch: Any) -> Tensor:
        """The chosen loss of one batch of (image, masks), and the gate's with ``gate``."""
        image, masks = batch
        output = self(image)
        logits, gate = output if self.settings.gate else (output, None)
        logits, masks = without_ignored(logits.float(), masks, background_first=self.settings.loss == "softmax")
        loss = LOSSES[self.settings.loss](logits, masks)
        return loss if gate is None else loss + gate_loss(gate.float(), masks)

    def predict(self, x: Tensor) -> Tensor:
        """Probabilities of the classes, scaled by the gate's."""
        loss: LossName = self.settings.loss
        if not self.settings.gate:
            return class_probabilities(self.net(x), loss)
        logits, gate = self.net(x)
        shown: Tensor = gate.sigmoid()
        return class_probabilities(logits, loss) * shown[:, :, None, None]


def balanced(samples: tuple[Sample, ...]) -> NDArray[np.float64]:
    """Sampling weights in inverse proportion to the frequency of an image's rarest class, float64 (N,), sum 1.

    Images without a defect are a class of their own.
    """
    kinds = [sorted({mask.label for mask in sample.masks or ()}) or ["normal"] for sample in samples]
    counts = Counter(kind for each in kinds for kind in each)
    weights = np.array([1 / min(counts[kind] for kind in each) for each in kinds])
    return np.asarray(weights / weights.sum())


def _network(
    settings: SteelMulticlassSettings, channels: int, load_weights: LoadWeights
) -> tuple[nn.Module, Normalisation]:
    widths = settings.decoder_channels
    if settings.network in ("plain", "cnn"):
        skips = settings.network == "plain"
        return PlainUNet(3, channels, settings.filters, settings.kernel_px, skips), IMAGENET
    if settings.network == "fast":
        if len(widths) != _FAST_STEPS:
            raise SettingsError(f'network="fast" needs {_FAST_STEPS} decoder_channels, but {len(widths)} were given.')
        net = FastUNet(widths, channels)
        return net, load_weights("mobilenet_v2", net.encoder) if settings.pretrained else IMAGENET
    return encoder_unet(settings.network, widths, channels, load_weights, pretrained=settings.pretrained)
