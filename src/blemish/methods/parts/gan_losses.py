"""Losses that several generative adversarial networks share, as plain functions of tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def bce_real(logit: Tensor) -> Tensor:
    """Binary cross-entropy of discriminator logits (N,) with the target "real": mean of -log D."""
    return F.softplus(-logit.float()).mean()


def bce_fake(logit: Tensor) -> Tensor:
    """Binary cross-entropy of discriminator logits (N,) with the target "fake": mean of -log(1 - D)."""
    return F.softplus(logit.float()).mean()


def feature_distance(f: Tensor, f_hat: Tensor) -> Tensor:
    """Mean squared difference of two batches of discriminator features (N, F)."""
    return (f - f_hat).float().square().mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, fraction: Tensor) -> Tensor:
    """Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, eq. 3, without λ.

    Args:
        critic: images (N, C, P, P), or windows (N, C, P), -> (N,).
        real: images (N, C, P, P), or windows (N, C, P).
        fake: as many generated ones.
        fraction: (N,) in [0, 1], of the fake one in each interpolation.

    Returns:
        The mean of ``(|gradient| - 1)²`` over the interpolations, a scalar.
    """
    mixed = (real + fraction.reshape(-1, *[1] * (real.ndim - 1)) * (fake - real)).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    norm = gradient.float().square().flatten(1).sum(dim=1).sqrt()
    return (norm - 1).square().mean()
