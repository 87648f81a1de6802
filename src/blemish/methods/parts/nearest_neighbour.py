"""Distance to the nearest patch of a memory, as matrix products inside the graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blemish.methods.parts.patch_scoring import Head

# Rows of the memory in one product: its result for an image of 256 × 256 stays in the cache until its minimum is taken.
_BLOCK = 1024


class NearestNeighbour(Head):
    """Distance of each patch to the nearest one in the memory.

    |a - b|² = |a|² - 2ab + |b|², so the nearest is found by products of matrices and running minima.

    Args:
        bank: float32 (k, d), patches of normal images.
        neighbours: of the nearest patch in the memory, by which the image score is re-weighted (eq. 7 of the PatchCore
            paper, distances in units of √d); 0 takes the plain maximum, as the authors' code does.
    """

    def __init__(self, bank: Tensor, neighbours: int = 0) -> None:
        super().__init__()
        self.neighbours = min(neighbours, len(bank))
        self.blocks = nn.ParameterList(
            nn.Parameter(rows.T.contiguous(), requires_grad=False) for rows in torch.split(bank, _BLOCK)
        )
        self.squares = nn.ParameterList(
            nn.Parameter(rows.square().sum(dim=1), requires_grad=False) for rows in torch.split(bank, _BLOCK)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        rows = features.permute(0, 2, 3, 1)
        flat = rows.reshape(-1, rows.shape[-1])
        nearest = [
            torch.addmm(squares, flat, block, alpha=-2).amin(dim=1)
            for block, squares in zip(self.blocks, self.squares, strict=True)
        ]
        least = nearest[0]
        for each in nearest[1:]:
            least = torch.minimum(least, each)
        squared = (least + (flat * flat).sum(dim=1)).clamp(min=0)
        return squared.sqrt().reshape(rows.shape[:3])

    def image_score(self, features: Tensor, anomaly: Tensor, patches: int) -> Tensor:
        """The mean of the largest distances, (N,); re-weighted, less where the nearest patch has close neighbours."""
        if not self.neighbours:
            return super().image_score(features, anomaly, patches)
        values, positions = anomaly.flatten(1).max(dim=1)
        index = positions[:, None, None].expand(-1, features.shape[1], 1)
        patch = features.flatten(2).gather(2, index)[:, :, 0]
        bank = torch.cat(list(self.blocks), dim=1).T
        nearest = bank[_distances(patch, bank).argmin(dim=1)]
        around = bank[_distances(nearest, bank).topk(self.neighbours, dim=1, largest=False).indices]
        distances = (patch[:, None] - around).square().sum(dim=2).sqrt()
        # The nearest patch is its own first neighbour. In units of √d the weight does not depend on the number of
        # channels, and the exponential of a large distance does not amplify rounding.
        weights = torch.softmax(distances / patch.shape[1] ** 0.5, dim=1)
        return (1 - weights[:, 0]) * values


def _distances(patches: Tensor, bank: Tensor) -> Tensor:
    """Squared distances up to a constant for each patch, (n, k)."""
    return torch.addmm(bank.square().sum(dim=1), patches, bank.T, alpha=-2)
