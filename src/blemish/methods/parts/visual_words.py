"""Counts of visual words: what is in an image, whatever each patch looks like beside its nearest neighbour.

A patch where a part is missing looks like any other patch of the background, so its distance to normal patches is
small. But the image then has fewer patches of that part. Sivic, Zisserman, "Video Google", ICCV 2003, for the counts;
Lazebnik, Schmid, Ponce, "Beyond bags of features", CVPR 2006, for counting in the cells of a grid, too: a part that
lies in another place changes the counts of two cells and none of the whole.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.parts.surprise import Surprise

GRIDS = (1, 2, 4)
"""Cells along each side, one kind of count each."""

_MAX_PATCHES = 20_000
_ITERATIONS = 25


class WordCounts(nn.Module):
    """Distance of an image's counts to those of the nearest normal image, for each of `GRIDS`.

    Args:
        centres: float (k, d), the words.
        features: (n, d, h, w), of normal images, n at least 3.
    """

    centres: Tensor

    def __init__(self, centres: Tensor, features: Tensor) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        for grid in GRIDS:
            self.register_buffer(f"cells_{grid}", _cells(grid, *features.shape[2:]))
        counted = self.counts(features)
        for grid, counts in zip(GRIDS, counted, strict=True):
            self.register_buffer(f"normal_{grid}", counts)
        self.surprises = nn.ModuleList(Surprise(_held_out_in_turn(counts)) for counts in counted)

    def counts(self, features: Tensor) -> list[Tensor]:
        """(N, d, h, w) -> root of the fraction of patches of each word in each cell, (N, k g²) for each grid of g."""
        n, d = features.shape[:2]
        flat = features.permute(0, 2, 3, 1).reshape(-1, d)
        # |a - b|² without |a|², which is the same for all words.
        nearest = (self.centres.square().sum(dim=1) - 2 * flat @ self.centres.T).argmin(dim=1)
        words = F.one_hot(nearest, len(self.centres)).to(features.dtype).reshape(n, -1, len(self.centres))
        return [(getattr(self, f"cells_{grid}") @ words).flatten(1).sqrt() for grid in GRIDS]

    def forward(self, features: Tensor) -> list[Tensor]:
        """Surprise of each kind of count, (N,) each."""
        found = []
        for grid, counts, surprise in zip(GRIDS, self.counts(features), self.surprises, strict=True):
            normal = getattr(self, f"normal_{grid}")
            squared = counts.square().sum(1)[:, None] + normal.square().sum(1) - 2 * counts @ normal.T
            found.append(surprise(squared.amin(dim=1).clamp(min=0).sqrt()))
        return found


def find_words(features: Tensor, count: int, *, seed: int) -> Tensor:
    """The words: centres of k-means over patches, float (k, d).

    Args:
        features: (n, d, h, w), of normal images.
        count: k; fewer where there are fewer patches.
        seed: decides which patches are looked at, and where k-means starts.
    """
    vectors = features.permute(0, 2, 3, 1).flatten(0, 2).numpy()
    rng = np.random.default_rng(seed)
    some = vectors[rng.permutation(len(vectors))[:_MAX_PATCHES]].astype(np.float64)
    # k-means++ cannot choose among equal patches, which flat backgrounds are.
    chosen = np.unique(some, axis=0)
    centres, labels = kmeans2(chosen, min(count, len(chosen)), iter=_ITERATIONS, minit="++", seed=rng)
    used = np.unique(labels)
    return torch.from_numpy(centres[used]).float()


def _cells(grid: int, height: int, width: int) -> Tensor:
    """Weights with which patches count in cells, float (grid², height × width); they sum to 1."""
    row, column = (torch.arange(side) * grid // side for side in (height, width))
    cell = (row[:, None] * grid + column[None]).flatten()
    return F.one_hot(cell, grid**2).T.float() / (height * width)


def _held_out_in_turn(counts: Tensor) -> Tensor:
    """Distance of each row to the nearest other one, (n,)."""
    distances = torch.cdist(counts, counts)
    distances.fill_diagonal_(float("inf"))
    return distances.amin(dim=1)
