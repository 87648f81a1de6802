"""Mean and covariance of feature vectors, streamed: the vectors themselves are never kept."""

from __future__ import annotations

import torch
from torch import Tensor


class Moments:
    """Running count, mean and scatter, in float64.

    Args:
        dimensions: d of the vectors.
        positions: number of separate accumulators, for statistics by position in the image; 1 pools everything.
        full: False keeps the variances only.
    """

    def __init__(self, dimensions: int, positions: int = 1, *, full: bool = True) -> None:
        self.count = 0
        self._full = full
        self._sum = torch.zeros(positions, dimensions, dtype=torch.float64)
        size = (positions, dimensions, dimensions) if full else (positions, dimensions)
        self._scatter = torch.zeros(size, dtype=torch.float64)
        self._origin: Tensor | None = None

    def add(self, vectors: Tensor) -> None:
        """Add vectors, float32 (n, d), or (n, positions, d) where there are several positions; n at least 1."""
        stacked = vectors.reshape(len(vectors), *self._sum.shape).to(torch.float64)
        # Sums around a point near the mean lose no digits; the mean of the first vectors is near enough.
        if self._origin is None:
            self._origin = stacked.mean(dim=0)
        stacked = (stacked - self._origin).transpose(0, 1)
        self.count += stacked.shape[1]
        self._sum += stacked.sum(dim=1)
        if self._full:
            self._scatter.baddbmm_(stacked.transpose(1, 2), stacked)
        else:
            self._scatter += stacked.square().sum(dim=1)

    def mean(self) -> Tensor:
        """float64 (positions, d)."""
        centre = self._sum / max(1, self.count)
        return centre if self._origin is None else self._origin + centre

    def covariance(self) -> Tensor:
        """Maximum-likelihood covariance, float64 (positions, d, d)."""
        centre = self._sum / self.count
        return self._scatter / self.count - centre[:, :, None] * centre[:, None, :]

    def variance(self) -> Tensor:
        """Maximum-likelihood variance of each dimension, float64 (positions, d)."""
        if self._full:
            return self.covariance().diagonal(dim1=1, dim2=2).clamp(min=0)
        return (self._scatter / self.count - (self._sum / self.count).square()).clamp(min=0)


def shrunk(covariance: Tensor, count: int) -> Tensor:
    """Covariance shrunk towards a multiple of the identity, as far as ``count`` samples demand.

    Oracle approximating shrinkage: Chen, Wiesel, Eldar, Hero, "Shrinkage algorithms for MMSE covariance estimation",
    IEEE Trans. Signal Process. 2010, eq. 23, without its terms in 2 / d, as in scikit-learn.

    Args:
        covariance: float64 (..., d, d), maximum likelihood.
        count: number of samples that it was estimated from, at least 1.

    Returns:
        float64 (..., d, d), positive definite even where nothing varies.
    """
    d = covariance.shape[-1]
    mu = covariance.diagonal(dim1=-2, dim2=-1).mean(dim=-1)
    alpha = covariance.square().mean(dim=(-2, -1))
    enough = (count + 1) * (alpha - mu**2 / d)
    weight = torch.where(enough > 0, (alpha + mu**2) / enough.clamp(min=1e-300), 1.0).clamp(max=1.0)
    level = weight * mu + 1e-12
    identity = torch.eye(d, dtype=covariance.dtype)
    return (1 - weight)[..., None, None] * covariance + level[..., None, None] * identity


def whitening(covariance: Tensor, dimensions: int, *, floor: float = 1e-3) -> Tensor:
    """The principal components of a covariance, each at unit variance.

    Args:
        covariance: float64 (d, d).
        dimensions: of the components with the largest variance, at most d.
        floor: components with hardly any variance are noise: so much of the mean variance is added to each.

    Returns:
        float32 (d, m), to multiply centred vectors with.
    """
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0)[:dimensions], vectors.flip(1)[:, :dimensions]
    matrix: Tensor = vectors / (values + floor * covariance.diagonal().mean()).sqrt()
    return matrix.float()
