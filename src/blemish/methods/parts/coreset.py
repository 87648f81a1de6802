"""Greedy k-centre: a coreset whose radius is at most twice the smallest possible.

Gonzalez, "Clustering to minimize the maximum intercluster distance", Theor. Comput. Sci. 38, 1985: select the point
that is farthest from those selected so far, and repeat.

The plain algorithm passes over all points once for every selected point and is limited by memory bandwidth. Here the
same points are selected, in the same order, in rounds:

1. Each point carries an upper bound of its distance to the selected points: the distance to those that were selected at
   its last update. Bounds only decrease.
2. The points with the highest bounds are updated, with one matrix product for all points selected in the meantime.
3. Among them, farthest points are selected one by one, by their distances to one another (one more product), as long
   as the farthest is at least as far as any bound outside: then it is the farthest of all.

Points close to an early selected one are hardly updated again, and the rest is matrix products. Equal to the plain
algorithm up to rounding: of two points whose distances differ by less than about 1e-6, either may come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# Bounds updated in one round: a fraction of all points, within limits that keep the products efficient.
_ROUND_FRACTION = 0.05
_ROUND_LIMITS = (256, 3072)
# One block of a product: 1024 × 1024 floats stay in the cache while their minimum is taken.
_BLOCK = 1024
# Squared distances below this fraction of the points' squared radius are rounding: such points are the same.
_SAME = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Coreset:
    """The selected points.

    Attributes:
        indices: int64 (k,), in the order of selection.
        radius: the largest distance of any point to the nearest selected one.
    """

    indices: Tensor
    radius: float


def greedy_k_centre(
    points: Tensor, count: int, *, first: int = 0, taken: Tensor | None = None, down_to: float = 0.0
) -> Coreset:
    """Select the farthest point, repeatedly.

    Args:
        points: float32 (n, d), n at least 1.
        count: how many to select, at least 1. Fewer are selected when all others coincide with a selected one.
        first: index of the first point, where there is no ``taken``.
        taken: float32 (m, d), points that are selected already; distances to them count.
        down_to: stop when no point is farther than this from the selected ones.

    Returns:
        The points selected in addition to ``taken``, and the radius with both.

    Raises:
        ValueError: a coordinate is NaN or infinite.
    """
    if not bool(torch.isfinite(points).all()):
        raise ValueError("points must be finite")
    # Centred at zero, |a|² - 2ab + |b|² loses the fewest digits.
    mean = points.mean(dim=0)
    cloud = _Cloud(points - mean, count)
    cloud.same = max(cloud.same, down_to**2)
    if taken is not None and len(taken):
        cloud.bounds = nearest_squared(cloud.points, taken - mean)
    else:
        cloud.take_first(first)
    while len(cloud.chosen) < count and not cloud.covered():
        cloud.round(count)
    return Coreset(torch.tensor(cloud.chosen, dtype=torch.int64), cloud.radius())


def nearest_squared(points: Tensor, centres: Tensor) -> Tensor:
    """Squared distance of each point to the nearest centre, float32 (n,). Centre both at zero for full precision."""
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
    """Centred points, an upper bound of each one's squared distance to the chosen ones, and the age of the bound.

    Args:
        points: float32 (n, d).
        count: how many are chosen at most. They are also kept side by side: to gather them anew for every age would
            cost more than their distances.
    """

    def __init__(self, points: Tensor, count: int) -> None:
        self.points = points
        self.squares = points.square().sum(dim=1)
        self.same = _SAME * float(self.squares.max())
        self.bounds = torch.full((len(points),), float("inf"))
        self.seen = torch.zeros(len(points), dtype=torch.int64)
        self.chosen: list[int] = []
        self.centres = torch.empty(min(count, len(points)), points.shape[1])
        self.centre_squares = torch.empty(len(self.centres))

    def take_first(self, index: int) -> None:
        self._choose(index)
        self.refresh(torch.arange(len(self.points)))

    def covered(self) -> bool:
        """Whether every point coincides with a chosen one, up to rounding."""
        return float(self.bounds.max()) <= self.same

    def round(self, count: int) -> None:
        """Update the highest bounds, then select the points that are certainly farthest."""
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
        """Update the bounds of these points with all chosen ones."""
        ages = self.seen[which]
        for age in sorted(set(ages.tolist())):
            if age < len(self.chosen):
                rows, new = which[ages == age], slice(age, len(self.chosen))
                near = _nearest(self.points[rows], self.squares[rows], self.centres[new], self.centre_squares[new])
                self.bounds[rows] = torch.minimum(self.bounds[rows], near)
        self.seen[which] = len(self.chosen)

    def _take(self, sure: Tensor, floor: float, count: int) -> None:
        """Select points one by one, each the farthest left, down to ``floor``; all others are nearer than that."""
        rows, squares = self.points[sure], self.squares[sure]
        between = (torch.addmm(squares, rows, rows.T, alpha=-2) + squares[:, None]).numpy()
        left, names = self.bounds[sure].numpy(), sure.tolist()
        while len(self.chosen) < count:
            farthest = int(left.argmax())
            if left[farthest] < floor or left[farthest] <= self.same:
                return
            self._choose(names[farthest])
            left = left.clip(max=between[farthest])
            left[farthest] = 0

    def _choose(self, index: int) -> None:
        self.centres[len(self.chosen)] = self.points[index]
        self.centre_squares[len(self.chosen)] = self.squares[index]
        self.chosen.append(index)
