"""Which patches show the object and not the background, from the tokens of the image itself.

Damm et al., "AnomalyDINO", WACV 2025, section 3.2: the first principal component of an image's tokens separates object
and background; then small holes are closed and the border is widened.

What differs from the authors' code: the component is thresholded at 0, its mean, and not at a fixed value, which would
belong to one network; and of its two sides the one that holds more of the image's middle is the object, always, where
theirs swaps the sides only if the middle has less than 35 % of it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# The ratio of the first two eigenvalues of tokens is seldom below 1.5: 24 steps leave (1 / 1.5)^48 of the second.
_STEPS = 24
_CLOSING = 3


def foreground(tokens: Tensor) -> Tensor:
    """The object's patches.

    Args:
        tokens: float (N, C, h, w).

    Returns:
        float (N, 1, h, w), 1 on the object and 0 on the background.
    """
    flat = tokens.flatten(2)
    centred = flat - flat.mean(dim=2, keepdim=True)
    # Power iteration from the patch that differs most from the mean, so that the start is never orthogonal by chance.
    start = centred.square().sum(dim=1).argmax(dim=1)
    vector = F.normalize(centred.gather(2, start[:, None, None].expand(-1, centred.shape[1], 1)), dim=1)
    for _ in range(_STEPS):
        vector = F.normalize(centred @ (centred.transpose(1, 2) @ vector), dim=1)
    component = (centred.transpose(1, 2) @ vector).reshape(-1, 1, *tokens.shape[2:])
    middle = _middle(component)
    positive = (component > 0).to(tokens.dtype)
    inside = (positive * middle).sum(dim=(1, 2, 3), keepdim=True) / middle.sum()
    mask = torch.where(inside >= 0.5, positive, 1 - positive)
    side, edge = _CLOSING, _CLOSING // 2
    closed = -F.max_pool2d(-F.max_pool2d(mask, side, 1, edge), side, 1, edge)
    return F.max_pool2d(closed, side, 1, edge)


def _middle(component: Tensor) -> Tensor:
    """1 in the middle three fifths of either direction, (1, 1, h, w)."""
    rows, columns = (_inner(component.shape[axis], component) for axis in (2, 3))
    return (rows[:, None] * columns[None])[None, None]


def _inner(count: int, like: Tensor) -> Tensor:
    at = (torch.arange(count, device=like.device, dtype=like.dtype) + 0.5) / count
    return ((at > 0.2) & (at < 0.8)).to(like.dtype)
