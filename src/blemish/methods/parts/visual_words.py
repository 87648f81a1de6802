"""Counts of visual words: what is in an image, whatever each patch looks like beside its nearest neighbour.

A patch where a part is missing looks like any other patch of the background, so its distance to normal patches is
small. But the image then has fewer patches of that part. Sivic, Zisserman, "Video Google", ICCV 2003, for the counts;
Lazebnik, Schmid, Ponce, "Beyond bags of features", CVPR 2006, for counting in the cells of a grid, too: a part that
lies in another place changes the counts of two cells and none of the whole.

The words are few, and clusters of the tokens' main directions: what tells parts from their ground, and not its grain.
A patch counts for several words, by how near they are (van Gemert et al., "Visual word ambiguity", IEEE TPAMI 32,
2010): parts that lie anywhere fall on the grid of patches in another way on every image, and a patch that is half part
and half ground would count now as one and now as the other.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.parts.surprise import Surprise

GRIDS = (1, 2, 4, 8)
"""Cells along each side, one kind of count each."""

_DIRECTIONS = 32
_MAX_PATCHES = 20_000
_ITERATIONS = 25
# A count that never varies among a few normal images may yet vary by about a tenth of a patch.
_MIN_SPREAD = 0.1


class WordCounts(nn.Module):
    """How far an image's counts lie from those of normal images, for each of `GRIDS`.

    Args:
        tokens: (n, d, h, w), of normal images, n at least 3.
        words: how many; fewer where there are fewer different patches.
        seed: decides which patches the words are found on, and where k-means starts.
    """

    mean: Tensor
    directions: Tensor
    centres: Tensor

    def __init__(self, tokens: Tensor, words: int, *, seed: int) -> None:
        super().__init__()
        mean, directions = _main_directions(tokens)
        self.register_buffer("mean", mean)
        self.register_buffer("directions", directions)
        vectors = (_rows(tokens) - mean) @ directions
        self.register_buffer("centres", find_words(vectors, words, seed=seed))
        # How far patches lie from their word, squared: the scale on which words are near or far.
        self.width = max(float(torch.cdist(vectors, self.centres).amin(dim=1).square().mean()), 1e-9)
        for grid in GRIDS:
            self.register_buffer(f"cells_{grid}", _cells(grid, *tokens.shape[2:]))
        surprises = []
        for grid, counts in zip(GRIDS, self.counts(tokens), strict=True):
            self.register_buffer(f"usual_{grid}", counts.mean(dim=0))
            self.register_buffer(f"spread_{grid}", counts.std(dim=0, correction=0) + _MIN_SPREAD)
            surprises.append(Surprise(_held_out_in_turn(counts)))
        self.surprises = nn.ModuleList(surprises)

    def counts(self, tokens: Tensor) -> list[Tensor]:
        """(N, d, h, w) -> patches of each of k words in each cell, (N, k g²) for each grid of g; no whole numbers."""
        n = tokens.shape[0]
        vectors = (_rows(tokens) - self.mean) @ self.directions
        # |a - b|² without |a|², which is the same for all words.
        distances = self.centres.square().sum(dim=1) - 2 * vectors @ self.centres.T
        words = (-distances / (2 * self.width)).softmax(dim=1).reshape(n, -1, len(self.centres))
        return [(getattr(self, f"cells_{grid}") @ words).flatten(1) for grid in GRIDS]

    def forward(self, tokens: Tensor) -> list[Tensor]:
        """Surprise of each kind of count, (N,) each."""
        found = []
        for grid, counts, surprise in zip(GRIDS, self.counts(tokens), self.surprises, strict=True):
            distance = _distance(counts, getattr(self, f"usual_{grid}"), getattr(self, f"spread_{grid}"))
            found.append(cast(Tensor, surprise(distance)))
        return found


def find_words(vectors: Tensor, count: int, *, seed: int) -> Tensor:
    """The words: centres of k-means over patches, float (k, d).

    Args:
        vectors: (n, d), of patches.
        count: k; fewer where there are fewer different patches.
        seed: decides which patches are looked at, and where k-means starts.
    """
    rng = np.random.default_rng(seed)
    some = vectors.numpy()[rng.permutation(len(vectors))[:_MAX_PATCHES]].astype(np.float64)
    # k-means++ cannot choose among equal patches, which flat backgrounds are.
    chosen = np.unique(some, axis=0)
    centres, labels = kmeans2(chosen, min(count, len(chosen)), iter=_ITERATIONS, minit="++", seed=rng)
    return torch.from_numpy(centres[np.unique(labels)]).float()


def _rows(tokens: Tensor) -> Tensor:
    """(N, d, h, w) -> (N h w, d)."""
    return tokens.permute(0, 2, 3, 1).reshape(-1, tokens.shape[1])


def _main_directions(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and principal directions (d, m) of patches."""
    rows = _rows(tokens).double()
    mean = rows.mean(dim=0)
    _, vectors = torch.linalg.eigh((rows - mean).T @ (rows - mean))
    return mean.float(), vectors.flip(1)[:, :_DIRECTIONS].float()


def _cells(grid: int, height: int, width: int) -> Tensor:
    """Which patches lie in which cell, float (grid², height × width), 0 or 1."""
    row, column = (torch.arange(side) * grid // side for side in (height, width))
    cell = (row[:, None] * grid + column[None]).flatten()
    return F.one_hot(cell, grid**2).T.float()


def _distance(counts: Tensor, usual: Tensor, spread: Tensor) -> Tensor:
    """Root mean square of the counts' deviations in units of their spread, (N,)."""
    return ((counts - usual) / spread).square().mean(dim=1).sqrt()


def _held_out_in_turn(counts: Tensor) -> Tensor:
    """Distance of each row from all others, (n,)."""
    found = []
    for number in range(len(counts)):
        others = torch.cat([counts[:number], counts[number + 1 :]])
        spread = others.std(dim=0, correction=0) + _MIN_SPREAD
        found.append(_distance(counts[number : number + 1], others.mean(dim=0), spread))
    return torch.cat(found)
