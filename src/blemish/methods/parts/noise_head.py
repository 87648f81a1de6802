"""A light head on patch features that judges each patch (after Rolih et al., "SuperSimpleNet", ICPR 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.pixels import top_mean
from blemish.methods.parts.patch_scoring import Head


class NoiseHead(Head):
    """How defective each patch is.

    Args:
        dimensions: d of the patch features.
        hidden: width of the hidden layer.
        region: float (h, w), 0 where nothing counts; None looks everywhere.
    """

    region: Tensor

    def __init__(self, dimensions: int, hidden: int, region: Tensor | None = None) -> None:
        super().__init__()
        self.patch = nn.Sequential(
            nn.Conv2d(2 * dimensions, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, 1, 1),
        )
        # How the image's loss reads the mean of its worst patches; scoring needs neither, for they change no order.
        self.scale, self.shift = nn.Parameter(torch.ones(())), nn.Parameter(torch.zeros(()))
        self.register_buffer("region", torch.ones(1, 1) if region is None else region)

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        # Never flat and never below zero: normal images keep an order, which thresholds need.
        return F.softplus(self.logits(features))

    def logits(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w), any sign; outside the region every patch is the mean patch."""
        features = features * self.region
        answers: Tensor = self.patch(torch.cat([features, features * features - 1], dim=1))
        return answers[:, 0]

    def image_logits(self, logits: Tensor, patches: int) -> Tensor:
        """(N, h, w) -> (N,): the mean of the worst patches, on a scale of its own."""
        return self.scale.abs() * top_mean(logits, patches) + self.shift
