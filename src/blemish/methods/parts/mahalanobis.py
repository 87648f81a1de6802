"""Mahalanobis distance as a matrix product: with S = L Lᵀ, (x - m)ᵀ S⁻¹ (x - m) is the square of L⁻¹ (x - m)."""

from __future__ import annotations

import torch
from torch import Tensor

from blemish.methods.parts.patch_scoring import Head


class Mahalanobis(Head):
    """Mahalanobis distance of each patch from the mean of its position, or of all patches.

    Args:
        mean: float64 (P, d), one for each position row by row, or one for all (P = 1).
        covariance: float64 (P, d, d), positive definite.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, mean: Tensor, covariance: Tensor) -> None:
        super().__init__()
        lower = torch.linalg.cholesky(covariance)
        identity = torch.eye(mean.shape[1], dtype=lower.dtype).expand_as(lower)
        inverse = torch.linalg.solve_triangular(lower, identity, upper=False)
        # x @ factor: the transposed inverse, ready for rows.
        self.register_buffer("factor", inverse.transpose(1, 2).contiguous().float())
        self.register_buffer("mean", mean.float())

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        rows = features.permute(0, 2, 3, 1)
        if len(self.mean) == 1:
            white = (rows - self.mean[0]) @ self.factor[0]
            return (white * white).sum(dim=3).sqrt()
        by_position = rows.flatten(1, 2).transpose(0, 1) - self.mean[:, None]
        white = by_position @ self.factor
        return (white * white).sum(dim=2).sqrt().transpose(0, 1).reshape(rows.shape[:3])
