"""Crack classifier: a pretrained ResNet-18 or MobileNetV2 with one linear head, and class activation maps.

After Park, "concrete-crack-detection", Seoul Women's University, 2024 (METU Surface Crack Detection); He et al., "Deep
residual learning", CVPR 2016; Sandler et al., "MobileNetV2", CVPR 2018. The source has three variants:
``encoder=resnet18``, the same with ``small_stem=true`` (its first convolution 3×3 with stride 1 instead of 7×7 with
stride 2, untrained, so that the maps have four times as many positions), and ``encoder=mobilenet_v2``.

It localises by class activation maps (Zhou et al., "Learning deep features for discriminative localization", CVPR
2016). Pooling is a mean and the head is linear, so the map is exact: its mean over the image *is* the image's logit.

What differs from the source is what its author asked for: early stopping on held-out images, weight decay, dropout,
label smoothing, mixup. Each defect class has one logit, and normal is the class whose logit is always 0: with one class
that is the usual sigmoid, with several a softmax.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.errors import SettingsError
from blemish.methods.contract import LoadWeights
from blemish.methods.data.labelled_images import LabelledImages
from blemish.methods.networks.encoders import classifier_encoder
from blemish.methods.networks.pixels import IMAGENET, FromBytes
from blemish.methods.parts.labelled_method import LabelledMethod, LabelledSettings
from blemish.methods.registry import register


class CrackClassifierSettings(LabelledSettings):
    """Hyper-parameters of `CrackClassifier`; the defaults are the ``quick`` profile."""

    epochs: int = Field(12, ge=1, description="passes over the training images, at most")
    batch_size: int = Field(16, ge=2, description="images in one step")
    learning_rate: float = Field(5e-4, gt=0, description="highest step size of the schedule")
    encoder: str = Field(
        "mobilenet_v2", description='"resnet18", "mobilenet_v2", or any encoder of segmentation-models-pytorch'
    )
    pretrained: bool = Field(True, description="start the encoder from ImageNet weights")
    small_stem: bool = Field(False, description="first convolution 3×3 with stride 1, untrained (ResNets only)")
    size_px: int = Field(224, ge=32, multiple_of=32, description="side of the square that images are resized to")
    dropout: float = Field(0.2, ge=0, lt=1, description="dropout of the features before the head")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="fraction of each label that is spread over all classes"
    )
    mixup: float = Field(0.0, ge=0, description="α of mixup's Beta(α, α); 0: no mixup")


@register("crack-classifier", learns_from="labels", localises=True, finds_cracks=True)
class CrackClassifier(LabelledMethod):
    """Crack classifier: supervised, from images sorted into normal and cracked, or one folder per defect."""

    Settings = CrackClassifierSettings

    def __init__(self, settings: CrackClassifierSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings)
        self.classes = classes or ("defect",)
        self.encoder = classifier_encoder(settings.encoder)
        normalisation = load_weights(settings.encoder, self.encoder) if settings.pretrained else IMAGENET
        if settings.small_stem:
            _shrink_stem(self.encoder, settings.encoder)
        self.from_bytes = FromBytes(normalisation)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(self.encoder.out_channels[-1], len(self.classes))

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> LabelledImages:
        """Whole images with their class."""
        size_px, augment = self.settings.size_px, training and self.settings.augment
        return LabelledImages(samples, classes=self.classes, size_px=size_px, augment=augment, seed=seed)

    def forward(self, image: Tensor) -> Tensor:
        """uint8 (N, S, S, 3) -> logits of the defect classes (N, K), against normal."""
        features = self.encoder(self.from_bytes(image))[-1]
        logits: Tensor = self.head(self.dropout(features.mean(dim=(2, 3))))
        return logits

    def compute_loss(self, batch: Any) -> Tensor:
        """`class_loss` of one batch of (image, class), with mixup if set."""
        image, target = batch
        smoothing = self.settings.label_smoothing if self.training else 0.0
        if not self.training or self.settings.mixup == 0:
            logits = self(image)
            if self.training:
                self._log_accuracy("train_accuracy", logits, target)
            return class_loss(logits, target, smoothing)
        # Zhang et al., "mixup", ICLR 2018; pixels are mixed as bytes, since normalisation is part of the network.
        fraction = float(torch.distributions.Beta(self.settings.mixup, self.settings.mixup).sample())
        other = torch.randperm(len(image), device=image.device)
        mixed = (fraction * image.float() + (1 - fraction) * image[other].float()).round().to(torch.uint8)
        logits = self(mixed)
        return fraction * class_loss(logits, target, smoothing) + (1 - fraction) * class_loss(
            logits, target[other], smoothing
        )

    def validation_step(self, batch: Any, batch_idx: int) -> Tensor:
        """One batch of held-out images; logs ``val_loss`` and ``val_accuracy``, the fraction classified correctly."""
        image, target = batch
        logits = self(image)
        loss = class_loss(logits, target)
        self._log_accuracy("val_accuracy", logits, target)
        self.log("val_loss", loss, on_step=False, on_epoch=True, prog_bar=True, sync_dist=True)
        return loss

    def _log_accuracy(self, name: str, logits: Tensor, target: Tensor) -> None:
        correct = F.pad(logits.detach(), (1, 0)).argmax(dim=1) == target
        fraction = correct.float().mean()
        self.log(name, fraction, on_step=False, on_epoch=True, batch_size=len(target), sync_dist=True)

    def input_spec(self) -> InputSpec:
        """Images resized to one square."""
        return InputSpec(size_px=(self.settings.size_px, self.settings.size_px))

    def graph(self) -> nn.Module:
        """uint8 (N, S, S, 3) -> score (N,), the log-odds of any defect, and class activation maps (N, S, S)."""
        return _Scoring(self).eval()


def class_loss(logits: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy over normal and the defect classes.

    Args:
        logits: float (N, K), log-odds of each defect class against normal.
        target: int64 (N,), 0 normal, 1 … K.
        smoothing: fraction of each label that is spread over all classes.
    """
    with_normal = F.pad(logits.float(), (1, 0))
    return F.cross_entropy(with_normal, target, label_smoothing=smoothing)


class _Scoring(nn.Module):
    def __init__(self, method: CrackClassifier) -> None:
        super().__init__()
        self.from_bytes, self.encoder, self.head = method.from_bytes, method.encoder, method.head

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        features = self.encoder(self.from_bytes(image))[-1]
        weight = self.head.weight[:, :, None, None]
        maps = F.conv2d(features, weight, self.head.bias)
        logits = maps.mean(dim=(2, 3))
        # Log-odds of a defect of any class, a logsumexp; for one class the logit itself. Spelt out, because OpenVINO
        # takes ONNX's own operator for a sum over the images too.
        largest = logits.amax(dim=1, keepdim=True)
        score = largest[:, 0] + (logits - largest).exp().sum(dim=1).log()
        maps = F.interpolate(maps, size=image.shape[1:3], mode="bilinear", align_corners=False)
        return score, maps[:, 0] if maps.shape[1] == 1 else maps


def _shrink_stem(encoder: Any, name: str) -> None:
    stem = getattr(encoder, "conv1", None)
    if not isinstance(stem, nn.Conv2d) or stem.kernel_size != (7, 7):
        raise SettingsError(f'small_stem replaces the 7×7 convolution of a ResNet, and "{name}" has none.')
    encoder.conv1 = nn.Conv2d(stem.in_channels, stem.out_channels, 3, stride=1, padding=1, bias=False)
