"""Search by gradient for the latent code whose image is closest to a given one, for many images and starts at once.

Rows of one batch are independent (networks in eval mode, Adam by row), so the result for an image does not depend on
the others. A row whose distance has not fallen by 0.1 % for ``patience`` steps has converged and leaves the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# Rows in one step: fills the cores, and keeps the activations in memory.
_ROWS = 256
_BETA1, _BETA2, _TINY = 0.9, 0.999, 1e-8
_PROGRESS = 1e-3

Distance = Callable[[Tensor, Tensor], Tensor]
"""Codes (R, Z), and the index of the image that each is for, int64 (R,) -> distances (R,)."""


class Found(NamedTuple):
    """The best code of each image (N, Z), its distance (N,), and the steps of its longest row (N,)."""

    code: Tensor
    distance: Tensor
    steps: Tensor


def search(
    distance: Distance, images: int, starts: Tensor, *, steps: int, learning_rate: float, patience: int
) -> Found:
    """Minimise the distance of each image over its code.

    Args:
        distance: differentiable in the codes.
        images: N, how many.
        starts: codes (S, Z) that every image's search starts from.
        steps: of Adam, at most.
        learning_rate: of Adam; a tenth after two fifths of the steps, a twentieth after three (EGBAD's AnoGAN).
        patience: steps without progress after which a row has converged.
    """
    indices = torch.arange(images, device=starts.device).repeat_interleave(len(starts))
    codes = starts.repeat(images, 1)
    found = [
        _search_rows(distance, index, code, steps=steps, learning_rate=learning_rate, patience=patience)
        for index, code in zip(torch.split(indices, _ROWS), torch.split(codes, _ROWS), strict=True)
    ]
    code, best, taken = (
        torch.cat(parts).reshape(images, len(starts), *parts[0].shape[1:]) for parts in zip(*found, strict=True)
    )
    best_start = best.argmin(dim=1)
    every = torch.arange(images, device=starts.device)
    return Found(code[every, best_start], best[every, best_start], taken.amax(dim=1))


def _search_rows(
    distance: Distance, index: Tensor, code: Tensor, *, steps: int, learning_rate: float, patience: int
) -> tuple[Tensor, Tensor, Tensor]:
    best_code, best = code.clone(), torch.full((len(code),), float("inf"), device=code.device)
    taken = torch.zeros(len(code), dtype=torch.int64, device=code.device)
    row = torch.arange(len(code), device=code.device)
    first_moment, second_moment = torch.zeros_like(code), torch.zeros_like(code)
    mark, since = best.clone(), torch.zeros_like(taken)
    for step in range(1, steps + 1):
        with torch.enable_grad():
            z = code.detach().requires_grad_()
            now = distance(z, index)
            (gradient,) = torch.autograd.grad(now.sum(), z)
        now = now.detach()
        better = now < best[row]
        best[row[better]], best_code[row[better]] = now[better], code[better]
        taken[row] = step
        progress = now < mark * (1 - _PROGRESS)
        mark, since = torch.where(progress, now, mark), torch.where(progress, 0, since + 1)
        first_moment = _BETA1 * first_moment + (1 - _BETA1) * gradient
        second_moment = _BETA2 * second_moment + (1 - _BETA2) * gradient.square()
        rate = learning_rate * (1.0 if step <= 0.4 * steps else 0.1 if step <= 0.6 * steps else 0.05)
        scale = (second_moment / (1 - _BETA2**step)).sqrt() + _TINY
        code = code - rate * (first_moment / (1 - _BETA1**step)) / scale
        active = since < patience
        if not active.all():
            row, code, index = row[active], code[active], index[active]
            first_moment, second_moment = first_moment[active], second_moment[active]
            mark, since = mark[active], since[active]
            if not len(row):
                break
    return best_code, best, taken
