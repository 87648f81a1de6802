"""Weights averaged over the last steps of a contest: quieter than the weights of any one step."""

from __future__ import annotations

import torch
from torch import nn


def follow(slow: nn.Module, fast: nn.Module, decay: float, step: int) -> None:
    """Move the weights of ``slow`` towards those of ``fast``; batch statistics are taken over as they are.

    Args:
        slow: the averaged copy.
        fast: the network that learns.
        decay: fraction of the old average, in [0, 1).
        step: from 1; at first less is kept, ``(1 + step) / (10 + step)`` at most, as TensorFlow does.
    """
    keep = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for average, weight in zip(slow.parameters(), fast.parameters(), strict=True):
            average.lerp_(weight, 1 - keep)
        for kept, buffer in zip(slow.buffers(), fast.buffers(), strict=True):
            kept.copy_(buffer)
