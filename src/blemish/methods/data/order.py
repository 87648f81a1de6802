"""The order of training examples in which images of field size are decoded once for several crops."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

# Decoded at the same time: their crops are mixed, so that a batch does not show one image alone.
_IMAGES_AT_ONCE = 8


class SeveralOfEach(Sampler[int]):
    """Every image several times in an epoch, the visits of a few images mixed with one another.

    Args:
        count: number of images.
        visits: of each image, at least 1.
        generator: decides the order.
        weights: probability of each image, float64 (count,); None: each image once before its visits are repeated.
    """

    def __init__(
        self, count: int, visits: int, generator: torch.Generator, weights: torch.Tensor | None = None
    ) -> None:
        self._count, self._visits, self._generator, self._weights = count, visits, generator, weights

    def __len__(self) -> int:
        return self._count * self._visits

    def __iter__(self) -> Iterator[int]:
        if self._weights is None:
            images = torch.randperm(self._count, generator=self._generator)
        else:
            images = torch.multinomial(self._weights, self._count, True, generator=self._generator)
        for start in range(0, self._count, _IMAGES_AT_ONCE):
            visits = images[start : start + _IMAGES_AT_ONCE].repeat(self._visits)
            yield from visits[torch.randperm(len(visits), generator=self._generator)].tolist()
