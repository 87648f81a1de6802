"""Pixels where a mask does not tell what the image shows: they must not train."""

from __future__ import annotations

import torch
from torch import Tensor

IGNORED = -1.0
"""What a target holds where a pixel is ignored; elsewhere it is a fraction from 0 to 1."""

# Its sigmoid and its cross-entropy with 0 are below 1e-13, and its gradient is zero.
_CERTAIN = 30.0


def without_ignored(logits: Tensor, target: Tensor, *, background_first: bool = False) -> tuple[Tensor, Tensor]:
    """Logits and targets in which ignored pixels are normal, and predicted so, so that no loss learns from them.

    Args:
        logits: float (N, C, H, W).
        target: float (N, K, H, W), `IGNORED` in all classes where a pixel is ignored.
        background_first: the first channel of the logits is that of the background.

    Returns:
        Both in their shapes; unchanged where nothing is ignored.
    """
    ignored = target < 0
    target = torch.where(ignored, 0.0, target)
    if not background_first:
        return torch.where(ignored, -_CERTAIN, logits), target
    certain = torch.full_like(logits, -_CERTAIN)
    certain[:, 0] = _CERTAIN
    return torch.where(ignored.any(dim=1, keepdim=True), certain, logits), target
