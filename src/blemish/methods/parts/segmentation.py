"""The graph of a segmentation network whose first output map is a logit: image score and probability of each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blemish.methods.networks.pixels import top_mean

SCORE_PIXELS = 64
"""An image scores by its worst 64 pixels: the area of a hairline crack 64 px long."""


class OneMap(nn.Module):
    """uint8 (N, H, W, 3) -> score (N,) and probability (N, H, W), both in [0, 1].

    Args:
        from_bytes: camera bytes to network numbers.
        net: those to logits (N, C, H, W), of which the first map counts.
        turns: average the probabilities of the image turned and mirrored in all eight ways, each turned back.
    """

    def __init__(self, from_bytes: nn.Module, net: nn.Module, *, turns: bool) -> None:
        super().__init__()
        self.from_bytes, self.net, self.turns = from_bytes, net, turns

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Score a batch."""
        pixels = self.from_bytes(image)
        probability = self._probability(pixels)
        if self.turns:
            for view in range(1, 8):
                probability = probability + _turned_back(self._probability(_turned(pixels, view)), view)
            probability = probability / 8
        return top_mean(probability, SCORE_PIXELS), probability

    def _probability(self, pixels: Tensor) -> Tensor:
        return torch.sigmoid(self.net(pixels)[:, 0])


def _turned(maps: Tensor, view: int) -> Tensor:
    """One of eight views, 0 to 7: mirrored up-down (1), left-right (2) and along the diagonal (4)."""
    sides = [side for bit, side in ((1, -2), (2, -1)) if view & bit]
    maps = maps.flip(sides) if sides else maps
    return maps.transpose(-2, -1) if view & 4 else maps


def _turned_back(maps: Tensor, view: int) -> Tensor:
    maps = maps.transpose(-2, -1) if view & 4 else maps
    sides = [side for bit, side in ((1, -2), (2, -1)) if view & bit]
    return maps.flip(sides) if sides else maps
