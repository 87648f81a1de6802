"""Losses for several classes of defects at once: as published, and those of the competition's better entries.

All take logits (N, C, H, W) and targets (N, K, H, W), the fraction of each pixel that belongs to each class.
``softmax`` has C = K + 1 channels, the background first; the others have C = K, each its own sigmoid, so that
classes may overlap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

LossName = Literal["softmax", "bce-dice", "focal", "lovasz"]


def softmax_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of a softmax over background and classes, as S2 has it. Overlapping classes share their pixel."""
    return -(_with_background(target) * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


def bce_dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Half cross-entropy, half Dice over the whole batch, of each class that is in it.

    Of a class that is absent, Dice would praise the network for finding nothing anywhere; with rare classes that is
    most batches, and the network learns to find nothing at all. The cross-entropy alone holds absent classes down.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target)
    probability = logits.sigmoid()
    over = (0, 2, 3)
    dice = (2 * (probability * target).sum(over) + 1) / (probability.sum(over) + target.sum(over) + 1)
    present = (target.sum(over) > 0).to(dice.dtype)
    return 0.5 * entropy + 0.5 * ((1 - dice) * present).sum() / present.sum().clamp(min=1)


def focal_loss(logits: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    """Lin et al., "Focal loss for dense object detection", ICCV 2017, without its α.

    Divided by the mean weight, so that its size stays that of a cross-entropy whatever γ is.
    """
    probability = logits.sigmoid()
    wrong = probability + target - 2 * probability * target
    weight = wrong.detach().clamp(min=1e-6) ** gamma
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (weight * entropy).sum() / weight.sum()


def lovasz_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Lovász hinge per class over the batch, plus cross-entropy in equal parts.

    Berman, Triki, Blaschko, "The Lovász-Softmax loss", CVPR 2018, eq. 12. On a class that is absent its gradient
    reaches one pixel only; the cross-entropy holds the others.
    """
    per_class = [
        _lovasz_hinge(one.flatten(), truth.flatten().round())
        for one, truth in zip(logits.unbind(1), target.unbind(1), strict=True)
    ]
    return 0.5 * torch.stack(per_class).mean() + 0.5 * F.binary_cross_entropy_with_logits(logits, target)


LOSSES: dict[LossName, Callable[[Tensor, Tensor], Tensor]] = {
    "softmax": softmax_loss,
    "bce-dice": bce_dice_loss,
    "focal": focal_loss,
    "lovasz": lovasz_loss,
}


def class_probabilities(logits: Tensor, loss: LossName) -> Tensor:
    """Logits of a network trained with ``loss`` as probabilities of the K classes, (N, K, H, W)."""
    return logits.softmax(dim=1)[:, 1:] if loss == "softmax" else logits.sigmoid()


def _with_background(target: Tensor) -> Tensor:
    total = target.sum(dim=1, keepdim=True)
    return torch.cat([(1 - total).clamp(min=0), target / total.clamp(min=1)], dim=1)


def _lovasz_hinge(logits: Tensor, truth: Tensor) -> Tensor:
    errors, order = (1 - logits * (2 * truth - 1)).sort(descending=True)
    ordered = truth[order]
    intersection = ordered.sum() - ordered.cumsum(0)
    union = ordered.sum() + (1 - ordered).cumsum(0)
    jaccard = 1 - intersection / union
    steps = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
    return F.relu(errors) @ steps
