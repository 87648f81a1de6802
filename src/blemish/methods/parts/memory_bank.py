"""A memory of normal patches that never outgrows its limits, however many images pass.

Patches are kept as they come until there are ``capacity`` of them. Then a coreset of ``limit`` patches is taken, and
from there on only patches farther than its radius from all of it are kept (the doubling algorithm: Charikar, Chekuri,
Feder, Motwani, "Incremental clustering and dynamic information retrieval", SIAM J. Comput. 2004). What is left out is
never farther from the memory than `Bank.slack` says.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from blemish.methods.parts.coreset import greedy_k_centre, nearest_squared


class Bank:
    """Normal patches, streamed in.

    Args:
        limit: patches that the finished memory has at most.
        capacity: patches kept before the first are given up; at least ``limit``.
        seed: of the patch to start from.
    """

    def __init__(self, limit: int, *, capacity: int = 100_000, seed: int = 0) -> None:
        self.limit = limit
        self.capacity = max(limit, capacity)
        self.seen = 0
        self.slack = 0.0
        self._novel_from = 0.0
        self._reduced = torch.zeros(0, 0)
        self._fresh: list[Tensor] = []
        self._random = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self._reduced) + sum(map(len, self._fresh))

    def add(self, vectors: Tensor) -> None:
        """Take in float32 (n, d) patches."""
        self.seen += len(vectors)
        if self._novel_from:
            vectors = vectors[nearest_squared(vectors, self._reduced) > self._novel_from**2]
        if len(vectors):
            self._fresh.append(vectors.clone())
        if len(self) > self.capacity:
            self._reduced, radius = self._coreset(self.limit)
            self._fresh = []
            self.slack += radius
            self._novel_from = radius

    def merge(self, other: Bank) -> None:
        """Take in another memory of patches of the same features."""
        seen, slack = self.seen + other.seen, max(self.slack, other.slack)
        self.add(other._all())
        self.seen, self.slack = seen, max(slack, self.slack)

    def finish(self, fraction: float) -> tuple[Tensor, float]:
        """The coreset of a fraction of all patches seen, at most ``limit``, and its radius over what is kept.

        Returns:
            float32 (k, d) and the largest distance of a kept patch to it; patches given up before lie within
            ``slack`` of one that was kept.
        """
        return self._coreset(max(1, min(self.limit, math.ceil(fraction * self.seen))))

    def _all(self) -> Tensor:
        kept = [self._reduced] if len(self._reduced) else []
        return torch.cat([*kept, *self._fresh])

    def _coreset(self, count: int) -> tuple[Tensor, float]:
        everything = self._all()
        first = int(torch.randint(len(everything), (1,), generator=self._random))
        chosen = greedy_k_centre(everything, count, first=first)
        return everything[chosen.indices], chosen.radius
