"""Losses of segmentation: cross-entropy with Dice, softmax, focal, Lovász.

All take logits (N, C, H, W) and targets (N, K, H, W), the fraction of each pixel that belongs to each class.
``softmax`` has C = K + 1 channels, the background first; the others have C = K, one sigmoid each, so that classes may
overlap.

Dice and focal are ours and not those of segmentation-models-pytorch or torchvision: theirs have no Dice for a class
that is absent from the batch, average the Dice over absent classes too, and let the focal normaliser pass gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

LossName = Literal["softmax", "bce-dice", "focal", "lovasz"]


def softmax_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of a softmax over background and classes. Overlapping classes share their pixel."""
    return -(_with_background(target) * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


def bce_dice_loss(logits: Tensor, target: Tensor, *, dice_weight: float = 0.5, absent_classes: bool = False) -> Tensor:
    """``(1 - w) · cross-entropy + w · mean of (1 - Dice)`` over the classes.

    Dice is taken over the whole batch and softened by one pixel. For a class that is absent from the batch it rewards
    predicting nothing anywhere. With one class that is wanted. With rare classes most batches lack most of them, and
    the network would learn to predict nothing at all: then only the cross-entropy holds absent classes down.

    Args:
        logits: float (N, K, H, W).
        target: float (N, K, H, W) in [0, 1].
        dice_weight: w in [0, 1].
        absent_classes: take the Dice of absent classes too.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target)
    probability = logits.sigmoid()
    over = (0, 2, 3)
    dice = (2 * (probability * target).sum(over) + 1) / (probability.sum(over) + target.sum(over) + 1)
    counted = torch.ones_like(dice) if absent_classes else (target.sum(over) > 0).to(dice.dtype)
    dice_loss = ((1 - dice) * counted).sum() / counted.sum().clamp(min=1)
    return (1 - dice_weight) * entropy + dice_weight * dice_loss


def focal_weight(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    """(1 - p)^γ with p the probability given to the target: how far each prediction is from right."""
    probability = logits.sigmoid()
    wrong = probability + target - 2 * probability * target
    return wrong.clamp(min=1e-6) ** gamma


def focal_loss(logits: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    """Lin et al., "Focal loss for dense object detection", ICCV 2017, without its α.

    The weights are constants that are divided by their mean, so that the loss keeps the size of a cross-entropy
    whatever γ is.
    """
    weight = focal_weight(logits, target, gamma).detach()
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (weight * entropy).sum() / weight.sum()


def lovasz_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Lovász hinge per class over the batch, plus cross-entropy in equal parts.

    Berman, Triki, Blaschko, "The Lovász-Softmax loss", CVPR 2018, eq. 12. For a class that is absent its gradient
    reaches one pixel only; the cross-entropy covers the others.
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
