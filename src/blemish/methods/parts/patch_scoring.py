"""From patch features to an image score and an anomaly map: the part of the graph that all feature methods share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.pixels import top_mean


class Head(nn.Module, ABC):
    """What a feature method has learned: how unlike anything normal each patch is."""

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Patch features (N, d, h, w) -> how unusual each patch is, (N, h, w), 0 or more, higher is worse."""

    def image_score(self, features: Tensor, unusual: Tensor, patches: int) -> Tensor:
        """The score of each image, (N,): the mean of so many most unusual patches."""
        return top_mean(unusual, patches)


class Scoring(nn.Module):
    """uint8 (N, H, W, 3) -> score (N,), map (N, H, W).

    Args:
        features: images to patch features.
        head: patch features to how unusual they are.
        score_patches: the mean of so many most unusual ones is the score; at least so many must there be.
        smoothing_px: standard deviation of the map's blur.
        region: float (h, w), 0 where nothing counts; None looks everywhere.
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
        features = self.features(image)
        unusual = self.head(features)
        if self.region.numel() > 1:
            unusual = unusual * self.region
        size = image.shape[1:3]
        enlarged = F.interpolate(unusual[:, None], size=size, mode="bilinear", align_corners=False)
        return self.head.image_score(features, unusual, self.score_patches), self.smoothing(enlarged)[:, 0]


class Smoothing(nn.Module):
    """A Gaussian blur, (N, 1, H, W) -> the same shape; beyond the edge the map goes on as it ends.

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
