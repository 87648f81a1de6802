"""Several classes of defects at once: S2's U-Net for hot-rolled steel, and its two baselines.

Severstal's steel strip has four classes of defects. The source trains a U-Net on one-hot targets of background and
classes with a softmax and cross-entropy (Adam, 1e-4, batches of 16, 40 epochs, images of 256 × 1600), and claims that
this beats training on their union when both are scored on the union. Its baselines are settings here:
``targets=union`` for the binary U-Net, and ``network=cnn`` for the plain CNN, which the source does not describe: the
same convolutions without skip connections is our reading.

Beyond the source: a pretrained encoder, other losses, images of rare classes shown more often, crops centred on
defects, a gate that says which classes an image shows at all, and flips averaged in the graph.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.errors import SettingsError
from blemish.methods.contract import GradientMethod, GradientSettings, LoadWeights
from blemish.methods.data.masked_images import MaskedImages
from blemish.methods.networks.encoder_unet import encoder_unet
from blemish.methods.networks.fast_unet import FastUNet
from blemish.methods.networks.gated_unet import GatedUNet, gate_loss
from blemish.methods.networks.pixels import IMAGENET, FromBytes, Normalisation, top_mean
from blemish.methods.networks.plain_unet import PlainUNet
from blemish.methods.parts.class_losses import LOSSES, LossName, class_probabilities
from blemish.methods.parts.ignored import without_ignored
from blemish.methods.registry import register

_ENCODER_STRIDE = 32
_SCORE_PIXELS = 64
_FAST_STEPS = 4


class SteelMulticlassSettings(GradientSettings):
    """Hyper-parameters of `SteelMulticlass`; the defaults are the ``quick`` profile."""

    epochs: int = Field(30, ge=1, description="passes over the training images, at most")
    batch_size: int = Field(4, ge=1, description="images in one step")
    network: str = Field(
        "mobilenet_v2",
        description='"plain" for a U-Net of two convolutions a level, "cnn" for the same without skip connections, '
        '"fast" for the MobileNetV2 of fast-unet, twice as fast as the usual one, or an encoder of '
        'segmentation-models-pytorch ("tu-NAME" for any of timm)',
    )
    pretrained: bool = Field(True, description="start an encoder from ImageNet weights; plain and cnn have none")
    filters: tuple[int, ...] = Field(
        (16, 32, 64, 128),
        min_length=2,
        max_length=6,
        description="channels of each level of plain and cnn, fine to coarse",
    )
    kernel_px: Literal[3, 5] = Field(5, description="side of the convolutions of plain and cnn")
    targets: Literal["classes", "union"] = Field("classes", description="tell classes apart, or learn their union")
    loss: LossName = Field("bce-dice", description="softmax is the source's")
    balance: bool = Field(False, description="show images of rare classes as often as those of common ones")
    gate: bool = Field(
        False,
        description="a classifier on the same encoder scales each class's map by the chance that the image shows it",
    )
    flips: bool = Field(False, description="average the answers for the image and its mirror images: fourfold time")
    crop_px: int = Field(192, ge=64, multiple_of=32, description="side of the training crops")
    tile_px: int = Field(
        1024, ge=64, multiple_of=32, description="side of the tiles that larger images are inspected in"
    )
    decoder_channels: tuple[int, ...] = Field(
        (64, 32, 16, 16), min_length=3, max_length=5, description="channels of the expanding half of an encoder network"
    )


@register("steel-multiclass", learns_from="masks", localises=True)
class SteelMulticlass(GradientMethod):
    """Supervised segmentation into several classes of defects."""

    Settings = SteelMulticlassSettings

    def __init__(self, settings: SteelMulticlassSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        self.settings = settings
        self.classes = (classes or ("defect",)) if settings.targets == "classes" else ("defect",)
        channels = len(self.classes) + (settings.loss == "softmax")
        normalisation = IMAGENET
        self.net: nn.Module
        if settings.gate and settings.network in ("plain", "cnn", "fast"):
            raise SettingsError(
                "gate=true needs an encoder of segmentation-models-pytorch, such as mobilenet_v2; "
                f'"{settings.network}" is none.'
            )
        if settings.network == "fast":
            self.net, normalisation = self._fast(channels, load_weights)
        elif settings.network in ("plain", "cnn"):
            skips = settings.network == "plain"
            self.net = PlainUNet(3, channels, settings.filters, settings.kernel_px, skips)
        else:
            network = encoder_unet(settings.network, settings.decoder_channels, channels)
            if settings.pretrained:
                normalisation = load_weights(settings.network, network.encoder)
            self.net = GatedUNet(network, len(self.classes)) if settings.gate else network
        self.from_bytes = FromBytes(normalisation)

    def _fast(self, channels: int, load_weights: LoadWeights) -> tuple[nn.Module, Normalisation]:
        widths: tuple[int, ...] = self.settings.decoder_channels
        if len(widths) != _FAST_STEPS:
            raise SettingsError(f'network="fast" needs {_FAST_STEPS} decoder_channels, but {len(widths)} were given.')
        net = FastUNet(widths, channels)
        return net, load_weights("mobilenet_v2", net.encoder) if self.settings.pretrained else IMAGENET

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> MaskedImages:
        """Crops of images with a mask per class."""
        apart = self.settings.targets == "classes"
        classes = self.classes if apart else None
        return MaskedImages(samples, crop_px=self.settings.crop_px, augment=training, seed=seed, classes=classes)

    def fractions(self, samples: tuple[Sample, ...]) -> NDArray[np.float64] | None:
        """Rare classes as often as common ones, where that is asked for."""
        return balanced(samples) if self.settings.balance else None

    def forward(self, image: Tensor) -> Tensor:
        """uint8 (N, H, W, 3) -> logits (N, C, H, W)."""
        answer = self.net(self.from_bytes(image))
        return cast(Tensor, answer[0] if self.settings.gate else answer)

    def compute_loss(self, batch: Any) -> Tensor:
        """The chosen loss of one batch of (image, masks), and the gate's where there is one."""
        image, mask = batch
        target = mask if mask.ndim == 4 else mask[:, None]
        pixel_loss = LOSSES[self.settings.loss]
        background_first = self.settings.loss == "softmax"
        if not self.settings.gate:
            return pixel_loss(*without_ignored(self(image).float(), target, background_first=background_first))
        logits, gate = self.net(self.from_bytes(image))
        logits, target = without_ignored(logits.float(), target, background_first=background_first)
        return pixel_loss(logits, target) + gate_loss(gate.float(), target)

    def input_spec(self) -> InputSpec:
        """Images at their own resolution, in overlapping tiles where they are large."""
        return InputSpec.tiled(self.settings.tile_px, _ENCODER_STRIDE)

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,) and probabilities (N, K, H, W), or (N, H, W) of one class."""
        return _Scoring(self).eval()


def balanced(samples: tuple[Sample, ...]) -> NDArray[np.float64]:
    """Shares in inverse proportion to how common the rarest class of an image is, float64 (N,), summing to 1.

    Images without a defect are a class of their own.
    """
    kinds = [sorted({mask.label for mask in sample.masks or ()}) or ["normal"] for sample in samples]
    counts = Counter(kind for each in kinds for kind in each)
    chance = np.array([1 / min(counts[kind] for kind in each) for each in kinds])
    return np.asarray(chance / chance.sum())


class _Scoring(nn.Module):
    def __init__(self, method: SteelMulticlass) -> None:
        super().__init__()
        net = method.net
        self.from_bytes, self.net = method.from_bytes, net.prepared_to_run() if isinstance(net, FastUNet) else net
        self.loss, self.flips, self.gated = method.settings.loss, method.settings.flips, method.settings.gate

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        pixels = self.from_bytes(image)
        probability = self._probability(pixels)
        if self.flips:
            for sides in ([2], [3], [2, 3]):
                turned = self._probability(pixels.flip(sides))
                probability = probability + turned.flip(sides)
            probability = probability / 4
        score = top_mean(probability.amax(dim=1), _SCORE_PIXELS)
        return score, probability[:, 0] if probability.shape[1] == 1 else probability

    def _probability(self, pixels: Tensor) -> Tensor:
        if not self.gated:
            return class_probabilities(self.net(pixels), self.loss)
        logits, gate = self.net(pixels)
        chance: Tensor = gate.sigmoid()
        return class_probabilities(logits, self.loss) * chance[:, :, None, None]
