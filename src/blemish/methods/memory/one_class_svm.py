"""One-class SVM: a boundary around normal patches, in the space of a Gaussian kernel.

Schölkopf, Platt, Shawe-Taylor, Smola, Williamson, "Estimating the support of a high-dimensional distribution", Neural
Computation 2001: minimise ½ αᵀKα under 0 <= α <= 1 / (ν n) and Σ α = 1; a patch is judged by Σ α k(x, xᵢ).

What differs from the paper: a random sample of patches in place of all, and accelerated projected gradient in place of
sequential minimal optimisation (the same optimum). The score is 1 - Σ α k(x, xᵢ), between 0 and 1: the decision
function negated and shifted.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from blemish.methods.parts.feature_method import FeatureMethod
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.patch_method import PatchStream
from blemish.methods.parts.patch_scoring import Head
from blemish.methods.parts.reservoir import sample_vectors
from blemish.methods.registry import register

_STEPS = 2000
_TOLERANCE = 1e-7
_BISECTIONS = 60


class OneClassSvmSettings(FeatureSettings):
    """Hyper-parameters of `OneClassSvm`; the defaults are the ``quick`` profile."""

    nu: float = Field(0.05, gt=0, le=1, description="fraction of normal patches that may lie outside")
    patches: int = Field(
        2000, ge=2, le=20_000, description="patches in the random sample; cost grows with their square"
    )
    kernel_width: float = Field(1.0, gt=0, description="in units of the standard deviation of the sampled patches")


class KernelSum(Head):
    """1 - Σ α exp(-gamma |x - xᵢ|²).

    Args:
        support: float32 (k, d).
        alpha: float32 (k,), summing to one.
        gamma: of the kernel.
    """

    support: Tensor
    alpha: Tensor
    squares: Tensor

    def __init__(self, support: Tensor, alpha: Tensor, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("support", support.T.contiguous())
        self.register_buffer("squares", support.square().sum(dim=1))
        self.register_buffer("alpha", alpha)

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        rows = features.permute(0, 2, 3, 1)
        flat = rows.reshape(-1, rows.shape[-1])
        squared = torch.addmm(self.squares, flat, self.support, alpha=-2) + (flat * flat).sum(dim=1, keepdim=True)
        inside = torch.exp(-self.gamma * squared.clamp(min=0)) @ self.alpha
        return (1 - inside).clamp(min=0).reshape(rows.shape[:3])


@register("one-class-svm", learns_from="normal", localises=True)
class OneClassSvm(FeatureMethod):
    """One-class SVM: a boundary around normal patches in the space of a Gaussian kernel; a baseline."""

    Settings: ClassVar[type[OneClassSvmSettings]] = OneClassSvmSettings
    settings: OneClassSvmSettings

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[KernelSum, str]:
        """One pass for the sample, then the weights."""
        sample = sample_vectors((self.flat(features) for features in patches()), self.settings.patches, seed=seed)
        variance = float(sample.var(dim=0, correction=0).sum()) or 1.0
        gamma = 1 / (variance * self.settings.kernel_width**2)
        squared = torch.cdist(sample.double(), sample.double()).square()
        alpha = support_weights(torch.exp(-gamma * squared), self.settings.nu)
        kept = alpha > 1e-9
        head = KernelSum(sample[kept], (alpha[kept] / alpha[kept].sum()).float(), gamma)
        return head, f"{int(kept.sum())} support vectors of {len(sample)} patches"


def support_weights(kernel: Tensor, nu: float) -> Tensor:
    """The weights α of the support vectors, float64 (n,), by Nesterov's accelerated projected gradient.

    Args:
        kernel: float64 (n, n), symmetric, positive semi-definite.
        nu: in (0, 1].
    """
    n = len(kernel)
    upper = 1 / (nu * n)
    step = 1 / float(torch.linalg.matrix_norm(kernel, ord=1))  # at most one over the largest eigenvalue
    alpha = torch.full((n,), 1 / n, dtype=kernel.dtype)
    ahead, momentum = alpha, 1.0
    for _ in range(_STEPS):
        new = _onto_capped_simplex(ahead - step * (kernel @ ahead), upper)
        if float((new - alpha).abs().sum()) < _TOLERANCE:
            return new
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        # Restart when momentum increases the objective (O'Donoghue, Candès, 2015).
        uphill = float((ahead - new) @ (new - alpha)) > 0
        ahead = new if uphill else new + (momentum - 1) / following * (new - alpha)
        alpha, momentum = new, 1.0 if uphill else following
    return alpha


def _onto_capped_simplex(values: Tensor, upper: float) -> Tensor:
    """The nearest point with entries in [0, upper] that sum to one: all values shifted alike, by bisection."""
    low, high = float(values.min()) - upper - 1, float(values.max())
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if float((values - middle).clamp(0, upper).sum()) > 1:
            low = middle
        else:
            high = middle
    return (values - high).clamp(0, upper)
