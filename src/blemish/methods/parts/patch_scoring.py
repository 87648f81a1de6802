"""From patch features to image score and anomaly map: the part of the graph that all feature methods share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.pixels import top_mean


class Head(nn.Module, ABC):
    """What a feature method fits: the anomaly score of each patch."""

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Patch features (N, d, h, w) -> anomaly of each patch, (N, h, w), 0 or more, higher is worse."""

    def image_score(self, features: Tensor, anomaly: Tensor, patches: int) -> Tensor:
        """The score of each image, (N,): the mean over its ``patches`` most anomalous patches."""
        return top_mean(anomaly, patches)


class Scoring(nn.Module):
    """uint8 (N, H, W, 3) -> score (N,), map (N, H, W).

    Args:
        features: images to patch features.
        head: patch features to the anomaly of each patch.
        score_patches: how many of the most anomalous patches the score averages; an image must have that many.
        smoothing_px: standard deviation of the map's Gaussian blur.
        region: float (h, w), 0 where anomalies are ignored; None: the whole image counts.
    """

    region: Tensor

    def __init__(
        self, features: nn.Module, head: Head, *, score_patches: int, smoothing_px: float, region: Tensor | None
    ) -> None:
        super().__init__()
        self.score_patches = score_patches
        self.features = features
        self.head = head
        self.smoothing = Smoothing(smoothing_px)
        self.register_buffer("region", torch.ones(1, 1) if region is None else region)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Score a batch."""
        return self.judged(self.features(image), image)

    def judged(self, features: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Score a batch whose features are known."""
        anomaly = self.head(features)
        if self.region.numel() > 1:
            anomaly = anomaly * self.region
        size = image.shape[1:3]
        maps = F.interpolate(anomaly[:, None], size=size, mode="bilinear", align_corners=False)
        return self.head.image_score(features, anomaly, self.score_patches), self.smoothing(maps)[:, 0]


class Smoothing(nn.Module):
    """A Gaussian blur, (N, 1, H, W) -> the same shape; the edge is replicated.

    Args:
        sigma_px: standard deviation; 0 leaves maps as they are.
    """

    kernel: Tensor

    def __init__(self, sigma_px: float) -> None:
        super().__init__()
        # Four standard deviations either side, as SciPy and the authors' code cut it.
        self.margin = int(4 * sigma_px + 0.5)
        at = torch.arange(-self.margin, self.margin + 1, dtype=torch.float64)
        weights = torch.exp(-0.5 * (at / max(sigma_px, 1e-6)) ** 2)
        self.register_buffer("kernel", (weights / weights.sum()).float())

    def forward(self, maps: Tensor) -> Tensor:
        """Blur along the columns, then along the rows."""
        if not self.margin:
            return maps
        margin = self.margin
        maps = F.conv2d(F.pad(maps, (0, 0, margin, margin), mode="replicate"), self.kernel[None, None, :, None])
        return F.conv2d(F.pad(maps, (margin, margin, 0, 0), mode="replicate"), self.kernel[None, None, None, :])
