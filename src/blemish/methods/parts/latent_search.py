"""Which code makes this picture? A search by gradient, for many pictures and several starts at once.

Rows of one batch do not see each other (networks in eval mode, Adam by row), so the answer for a picture does not
depend on its neighbours. A row whose distance has not fallen by 0.1 % for ``patience`` steps is done and leaves the
batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# Rows in one step: fills the cores, and keeps the intermediate pictures in memory.
_ROWS = 256
_BETA1, _BETA2, _TINY = 0.9, 0.999, 1e-8
_PROGRESS = 1e-3

Distance = Callable[[Tensor, Tensor], Tensor]
"""Codes (R, Z), and the number of the picture that each is for, int64 (R,) -> distances (R,)."""


class Found(NamedTuple):
    """The best code of each picture (N, Z), its distance (N,), and the steps of its longest row (N,)."""

    code: Tensor
    distance: Tensor
    steps: Tensor


def search(
    distance: Distance, pictures: int, starts: Tensor, *, steps: int, learning_rate: float, patience: int
) -> Found:
    """Move codes until they make the pictures as well as they can.

    Args:
        distance: what is to become small; differentiable in the codes.
        pictures: N, how many.
        starts: codes (S, Z) that every picture's search starts from.
        steps: of gradient, at most.
        learning_rate: of Adam; a tenth after two fifths of the steps, a twentieth after three (EGBAD's AnoGAN).
        patience: steps without progress after which a row is done.
    """
    every = torch.arange(pictures, device=starts.device).repeat_interleave(len(starts))
    codes = starts.repeat(pictures, 1)
    found = [
        _search_rows(distance, row, code, steps=steps, learning_rate=learning_rate, patience=patience)
        for row, code in zip(torch.split(every, _ROWS), torch.split(codes, _ROWS), strict=True)
    ]
    code, best, taken = (
        torch.cat(parts).reshape(pictures, len(starts), *parts[0].shape[1:]) for parts in zip(*found, strict=True)
    )
    least = best.argmin(dim=1)
    which = torch.arange(pictures, device=starts.device)
    return Found(code[which, least], best[which, least], taken.amax(dim=1))


def _search_rows(
    distance: Distance, picture: Tensor, code: Tensor, *, steps: int, learning_rate: float, patience: int
) -> tuple[Tensor, Tensor, Tensor]:
    best_code, best = code.clone(), torch.full((len(code),), float("inf"), device=code.device)
    taken = torch.zeros(len(code), dtype=torch.int64, device=code.device)
    row = torch.arange(len(code), device=code.device)
    first, second = torch.zeros_like(code), torch.zeros_like(code)
    mark, since = best.clone(), torch.zeros_like(taken)
    for step in range(1, steps + 1):
        with torch.enable_grad():
            z = code.detach().requires_grad_()
            now = distance(z, picture)
            (slope,) = torch.autograd.grad(now.sum(), z)
        now = now.detach()
        better = now < best[row]
        best[row[better]], best_code[row[better]] = now[better], code[better]
        taken[row] = step
        progress = now < mark * (1 - _PROGRESS)
        mark, since = torch.where(progress, now, mark), torch.where(progress, 0, since + 1)
        first = _BETA1 * first + (1 - _BETA1) * slope
        second = _BETA2 * second + (1 - _BETA2) * slope.square()
        rate = learning_rate * (1.0 if step <= 0.4 * steps else 0.1 if step <= 0.6 * steps else 0.05)
        unbiased = (second / (1 - _BETA2**step)).sqrt() + _TINY
        code = code - rate * (first / (1 - _BETA1**step)) / unbiased
        goes_on = since < patience
        if not goes_on.all():
            row, code, picture = row[goes_on], code[goes_on], picture[goes_on]
            first, second, mark, since = first[goes_on], second[goes_on], mark[goes_on], since[goes_on]
            if not len(row):
                break
    return best_code, best, taken
