"""Losses that several adversarial methods share, as plain functions of tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def taken_for_image(logit: Tensor) -> Tensor:
    """Mean of -log D: what it costs that pictures with these logits (N,) are not held for images."""
    return F.softplus(-logit.float()).mean()


def taken_for_made(logit: Tensor) -> Tensor:
    """Mean of -log(1 - D): what it costs that pictures with these logits (N,) are held for images."""
    return F.softplus(logit.float()).mean()


def feature_distance(f: Tensor, f_hat: Tensor) -> Tensor:
    """Mean squared difference of two batches of discriminator features (N, F)."""
    return (f - f_hat).float().square().mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], x: Tensor, made: Tensor, fraction: Tensor) -> Tensor:
    """Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, eq. 3, without λ.

    Args:
        critic: pictures (N, C, P, P), or windows (N, C, P), -> (N,).
        x: images (N, C, P, P), or windows (N, C, P).
        made: as many made pictures.
        share: (N,) in [0, 1], how much of each made picture is mixed in.

    Returns:
        The mean of ``(|gradient| - 1)²`` over the mixed pictures, a scalar to be minimised.
    """
    mixed = (x + fraction.reshape(-1, *[1] * (x.ndim - 1)) * (made - x)).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    norm = slope.float().square().flatten(1).sum(dim=1).sqrt()
    return (norm - 1).square().mean()
