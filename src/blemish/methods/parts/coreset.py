"""Greedy k-centre: the few points from which no other is far.

Gonzalez, "Clustering to minimize the maximum intercluster distance", Theor. Comput. Sci. 38, 1985: take the point that
lies farthest from those taken so far, again and again; the radius reached is at most twice the best possible.

The plain algorithm passes over all points once for every point taken, which memory cannot feed. Here the same points
are taken, in the same order, in rounds:

1. Each point carries an upper bound of its distance to the points taken: the distance to those taken when it was last
   looked at. Bounds only fall.
2. The points with the highest bounds are brought up to date, with one matrix product for all points taken meanwhile.
3. Among them, farthest points are taken one by one, by their distances to one another (one more product), as long as
   the farthest is at least as far as any bound outside: then it is the farthest of all.

Points that lie close to something taken early are hardly looked at again, and all else is matrix products. Equal to
the plain algorithm up to rounding: of two points equally far within some 1e-6, either may come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# Bounds brought up to date in one round: a fraction of all points, within limits that keep the products worth their
# while.
_ROUND_FRACTION = 0.05
_ROUND_LIMITS = (256, 3072)
# One block of a product: 1024 × 1024 floats stay in the cache while their minimum is taken.
_BLOCK = 1024
# Squared distances below this fraction of the cloud's squared radius are rounding: such points are one point.
_SAME = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Coreset:
    """Points that were taken.

    Attributes:
        indices: int64 (k,), in the order of taking.
        radius: the largest distance of any point to the nearest taken one.
    """

    indices: Tensor
    radius: float


def greedy_k_centre(
    points: Tensor, count: int, *, first: int = 0, taken: Tensor | None = None, down_to: float = 0.0
) -> Coreset:
    """Take the farthest point again and again.

    Args:
        points: float32 (n, d), n at least 1.
        count: how many to take, at least 1. Fewer are taken when all others coincide with one that is.
        first: the point to start with, where nothing is taken yet.
        taken: float32 (m, d), points that are taken already and stay; distances to them count.
        down_to: stop when no point is farther than this from those taken.

    Returns:
        The points taken beside ``taken``, and the radius with both.

    Raises:
        ValueError: a coordinate is NaN or infinite.
    """
    if not bool(torch.isfinite(points).all()):
        raise ValueError("points must be finite")
    # Around zero, |a|² - 2ab + |b|² loses the fewest digits.
    mean = points.mean(dim=0)
    cloud = _Cloud(points - mean)
    cloud.same = max(cloud.same, down_to**2)
    if taken is not None and len(taken):
        cloud.bounds = nearest_squared(cloud.points, taken - mean)
    else:
        cloud.take_first(first)
    while len(cloud.chosen) < count and not cloud.covered():
        cloud.round(count)
    return Coreset(torch.tensor(cloud.chosen, dtype=torch.int64), cloud.radius())


def nearest_squared(points: Tensor, centres: Tensor) -> Tensor:
    """Squared distance of each point to the nearest centre, float32 (n,). Give both around zero for full precision."""
    return _nearest(points, points.square().sum(dim=1), centres, centres.square().sum(dim=1))


def _nearest(points: Tensor, point_squares: Tensor, centres: Tensor, squares: Tensor) -> Tensor:
    nearest = torch.empty(len(points))
    for start in range(0, len(points), _BLOCK):
        rows = points[start : start + _BLOCK]
        found = torch.full((len(rows),), float("inf"))
        for block in range(0, len(centres), _BLOCK):
            part = slice(block, block + _BLOCK)
            found = torch.minimum(found, torch.addmm(squares[part], rows, centres[part].T, alpha=-2).amin(dim=1))
        nearest[start : start + _BLOCK] = found
    return nearest.add_(point_squares).clamp_(min=0)


class _Cloud:
    """Points around zero, an upper bound of each one's squared distance to the chosen ones, and how old it is."""

    def __init__(self, points: Tensor) -> None:
        self.points = points
        self.squares = points.square().sum(dim=1)
        self.same = _SAME * float(self.squares.max())
        self.bounds = torch.full((len(points),), float("inf"))
        self.seen = torch.zeros(len(points), dtype=torch.int64)
        self.chosen: list[int] = []

    def take_first(self, index: int) -> None:
        self.chosen.append(index)
        self.refresh(torch.arange(len(self.points)))

    def covered(self) -> bool:
        """Whether no point is away from the chosen ones by more than rounding."""
        return float(self.bounds.max()) <= self.same

    def round(self, count: int) -> None:
        """Bring the highest bounds up to date, then take what is certainly farthest."""
        sure, outside = self._sure()
        if len(sure):
            self._take(sure, max(outside, self.same), count)

    def radius(self) -> float:
        """The largest distance of any point to the nearest chosen one."""
        sure, _ = self._sure()
        while not len(sure):
            sure, _ = self._sure()
        return float(self.bounds[sure].max().sqrt())

    def _sure(self) -> tuple[Tensor, float]:
        """Points with exact bounds that are at least as high as any bound outside, and the highest bound outside."""
        low, high = _ROUND_LIMITS
        size = min(len(self.points), max(low, min(high, round(_ROUND_FRACTION * len(self.points)))))
        highest = self.bounds.topk(size)
        outside = float(highest.values[-1]) if size < len(self.points) else 0.0
        self.refresh(highest.indices)
        return highest.indices[self.bounds[highest.indices] >= outside], outside

    def refresh(self, which: Tensor) -> None:
        """Let the bounds of these points account for all that is chosen."""
        ages = self.seen[which]
        for age in sorted(set(ages.tolist())):
            if age < len(self.chosen):
                rows, new = which[ages == age], torch.tensor(self.chosen[age:])
                near = _nearest(self.points[rows], self.squares[rows], self.points[new], self.squares[new])
                self.bounds[rows] = torch.minimum(self.bounds[rows], near)
        self.seen[which] = len(self.chosen)

    def _take(self, sure: Tensor, floor: float, count: int) -> None:
        """Take points one by one, each the farthest left, down to ``floor``; all other points are nearer than that."""
        rows, squares = self.points[sure], self.squares[sure]
        between = (torch.addmm(squares, rows, rows.T, alpha=-2) + squares[:, None]).numpy()
        left, names = self.bounds[sure].numpy(), sure.tolist()
        while len(self.chosen) < count:
            farthest = int(left.argmax())
            if left[farthest] < floor or left[farthest] <= self.same:
                return
            self.chosen.append(names[farthest])
            left = left.clip(max=between[farthest])
            left[farthest] = 0
