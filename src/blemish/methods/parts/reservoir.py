"""Uniform random sampling from a stream of unknown length."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def sample_vectors(stream: Iterable[Tensor], count: int, *, seed: int) -> Tensor:
    """Sample vectors without replacement, each with the same probability.

    Each vector gets a random key, and the highest keys stay (Efraimidis, Spirakis, 2006, with equal weights).

    Args:
        stream: float32 (n, d) at a time.
        count: how many to sample, at least 1; all are taken where there are fewer.
        seed: of the keys.

    Returns:
        float32 (min(count, total), d).

    Raises:
        ValueError: the stream is empty.
    """
    random = torch.Generator().manual_seed(seed)
    kept: Tensor | None = None
    keys = torch.zeros(0)
    for vectors in stream:
        # float64: keys must not tie.
        new = torch.rand(len(vectors), generator=random, dtype=torch.float64)
        keys = torch.cat([keys.to(new.dtype), new])
        kept = vectors if kept is None else torch.cat([kept, vectors])
        if len(kept) > 2 * count:
            keys, order = keys.topk(count)
            kept = kept[order]
    if kept is None:
        raise ValueError("there is nothing to sample from")
    return kept[keys.topk(min(count, len(kept))).indices].clone()
