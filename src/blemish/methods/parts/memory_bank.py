"""A memory of normal patches with a maximum size, however many images are streamed through it.

Patches are kept until there are more than ``capacity``. Then they are reduced to a coreset of ``limit`` patches, and
from there on only patches farther than its radius from all of it are kept (the doubling algorithm: Charikar, Chekuri,
Feder, Motwani, "Incremental clustering and dynamic information retrieval", SIAM J. Comput. 2004). A discarded patch is
never farther from the memory than `MemoryBank.slack`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from blemish.methods.parts.coreset import greedy_k_centre, nearest_squared


class MemoryBank:
    """Normal patches, streamed in.

    Args:
        limit: patches that the finished memory has at most.
        capacity: patches kept before the first reduction; at least ``limit``.
        seed: of the coreset's first patch.
    """

    def __init__(self, limit: int, *, capacity: int = 100_000, seed: int = 0) -> None:
        self.limit = limit
        self.capacity = max(limit, capacity)
        self.seen = 0
        self.slack = 0.0
        self._min_distance = 0.0
        self._reduced = torch.zeros(0, 0)
        self._new: list[Tensor] = []
        self._random = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self._reduced) + sum(map(len, self._new))

    def add(self, vectors: Tensor) -> None:
        """Add patches, float32 (n, d)."""
        self.seen += len(vectors)
        if self._min_distance:
            vectors = vectors[nearest_squared(vectors, self._reduced) > self._min_distance**2]
        if len(vectors):
            self._new.append(vectors.clone())
        if len(self) > self.capacity:
            self._reduced, radius = self._coreset(self.limit)
            self._new = []
            self.slack += radius
            self._min_distance = radius

    def finish(self, fraction: float) -> tuple[Tensor, float]:
        """The coreset of a fraction of all patches seen, at most ``limit``.

        Returns:
            The coreset, float32 (k, d), and its radius: the largest distance of a kept patch to it. Patches discarded
            before lie within ``slack`` of one that was kept.
        """
        return self._coreset(max(1, min(self.limit, math.ceil(fraction * self.seen))))

    def _coreset(self, count: int) -> tuple[Tensor, float]:
        everything = torch.cat([*([self._reduced] if len(self._reduced) else []), *self._new])
        first = int(torch.randint(len(everything), (1,), generator=self._random))
        chosen = greedy_k_centre(everything, count, first=first)
        return everything[chosen.indices], chosen.radius
