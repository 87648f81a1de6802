"""Scores of different kinds on one scale: how rare each is among normal images, as -log10 of its p-value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Surprise(nn.Module):
    """-log10 of the conformal p-value of a score, interpolated between normal scores and continued beyond the highest.

    Args:
        normal: float (n,), scores of normal images while they were held out, n at least 2.
    """

    ascending: Tensor
    gaps: Tensor

    def __init__(self, normal: Tensor) -> None:
        super().__init__()
        ascending = normal.sort().values
        self.register_buffer("ascending", ascending)
        # Equal neighbours count as one step at their value.
        self.register_buffer("gaps", ascending.diff().clamp(min=1e-9))
        self.spread = max(float(ascending.std()), 1e-9)

    def forward(self, scores: Tensor) -> Tensor:
        """(N,) -> (N,), 0 or more."""
        n = len(self.ascending)
        passed = ((scores[:, None] - self.ascending[None, :-1]) / self.gaps).clamp(0, 1).sum(dim=1)
        beyond = (scores - self.ascending[-1]).clamp(min=0) / (self.spread * math.log(10))
        return -torch.log10((n - passed) / (n + 1)) + beyond


def fused(surprises: Sequence[Tensor]) -> Tensor:
    """The largest of several, corrected for their number (Bonferroni), (N,)."""
    largest = surprises[0]
    for each in surprises[1:]:
        largest = torch.maximum(largest, each)
    return (largest - math.log10(len(surprises))).clamp(min=0)
