"""From thinned pixels to a graph: nodes where lines end or meet, branches of ordered points between them.

The whole image is one graph, built with array operations; only what follows (pruning, junctions) walks over
branches one by one. Points are (x, y) in pixels, pixel centres at whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.polylines import Points

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Branch:
    """A line between two nodes.

    Attributes:
        start: node at the first point.
        end: node at the last point; the same as ``start`` for a loop.
        points: float64 (N, 2), N >= 2, neighbouring pixels in order, nodes' own pixels at both ends.
        radii_px: float64 (N,), distance from each point to the mask's edge.
    """

    start: int
    end: int
    points: Points
    radii_px: NDArray[np.float64]

    @property
    def length_px(self) -> float:
        """Length along the pixels; up to 8 % above the true one, so for comparing only."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    def reversed(self) -> Branch:
        """The same line, walked the other way."""
        return Branch(self.end, self.start, self.points[::-1], self.radii_px[::-1])

    def leaving(self, node: int) -> Branch:
        """The same line with ``node`` as its start."""
        return self if self.start == node else self.reversed()


@dataclass(frozen=True, slots=True)
class SkeletonGraph:
    """Nodes and branches of all lines of an image.

    Attributes:
        nodes: float64 (K, 2), (x, y) of each node.
        radii_px: float64 (K,), distance from each node to the mask's edge; where cracks cross, how far they share the
            mask from there.
        branches: the lines between them; a node without any is a single pixel.
    """

    nodes: Points
    radii_px: NDArray[np.float64]
    branches: tuple[Branch, ...]


def build_graph(skeleton: NDArray[np.bool_], distance_px: NDArray[np.float32]) -> SkeletonGraph:
    """Trace a thinned mask.

    Two pixels are joined if they share a side, or only a corner and no common neighbour by a side, so that the
    corner of a staircase is no junction. Junctions whose inscribed circles touch are one junction: a crossing of
    wide cracks thins to two points some pixels apart.

    Args:
        skeleton: bool (H, W), one pixel wide.
        distance_px: float32 (H, W), distance to the nearest pixel outside the mask (``cv2.distanceTransform``).

    Returns:
        The graph; empty for an empty skeleton.
    """
    pixels = np.flatnonzero(skeleton)
    rows, columns = np.divmod(pixels, skeleton.shape[1])
    points = np.column_stack([columns, rows]).astype(np.float64)
    radii = np.maximum(distance_px.ravel()[pixels].astype(np.float64) - 0.5, 0.5)
    joints = _joints(skeleton, pixels, rows, columns)
    degree = np.bincount(joints.ravel(), minlength=pixels.size)
    path = degree == 2
    ends_in = path[joints]
    inner = joints[ends_in.all(axis=1)]
    chain_of = scipy.sparse.csgraph.connected_components(_adjacency(inner, pixels.size), directed=False)[1].astype(
        np.intp
    )

    # Each chain of path pixels has two joints to nodes; a ring has none and is opened at its first pixel.
    outer = joints[ends_in[:, 0] != ends_in[:, 1]]
    outer = np.where(path[outer[:, :1]], outer, outer[:, ::-1])
    outer = outer[np.argsort(chain_of[outer[:, 0]], kind="stable")]
    path_chains = np.unique(chain_of[path])
    rings = np.setdiff1d(path_chains, chain_of[outer[:, 0]])
    ring_pixels = np.array([np.flatnonzero(chain_of == ring)[0] for ring in rings], dtype=np.intp)
    cut = np.isin(inner[:, 0], ring_pixels)
    cut[np.flatnonzero(cut)[np.unique(inner[cut, 0], return_index=True)[1]]] = False
    inner = inner[~cut] if ring_pixels.size else inner
    first, last = outer[0::2], outer[1::2]

    starts = np.concatenate([first[:, 0], ring_pixels])
    order, bounds = _walk(inner, starts, chain_of, path)
    traced = [order[a:b] for a, b in pairwise(bounds)]
    node_pixels = np.concatenate([np.flatnonzero(~path), ring_pixels])
    node_of = np.full(pixels.size, -1, dtype=np.intp)
    node_of[node_pixels] = np.arange(node_pixels.size)

    ends = zip(first[:, 1], last[:, 1], strict=True)
    lines = [np.concatenate([[a], traced[i], [b]]) for i, (a, b) in enumerate(ends)]
    lines += [np.append(ring, ring[0]) for ring in traced[len(first) :]]
    lines += list(joints[~ends_in.any(axis=1)])
    branches = [Branch(int(node_of[line[0]]), int(node_of[line[-1]]), points[line], radii[line]) for line in lines]
    return _merge_near_junctions(points[node_pixels], radii[node_pixels], branches)


def _joints(skeleton: NDArray[np.bool_], pixels: Indices, rows: Indices, columns: Indices) -> Indices:
    """Pairs (E, 2) of indices into ``pixels`` that are joined, each pair once."""
    padded = np.pad(skeleton, 1)
    r, c = rows + 1, columns + 1
    east, south, west = padded[r, c + 1], padded[r + 1, c], padded[r, c - 1]
    width = skeleton.shape[1]
    pairs = []
    for joined, step in (
        (east, 1),
        (south, width),
        (padded[r + 1, c + 1] & ~east & ~south, width + 1),
        (padded[r + 1, c - 1] & ~west & ~south, width - 1),
    ):
        here = np.flatnonzero(joined)
        pairs.append(np.column_stack([here, np.searchsorted(pixels, pixels[here] + step)]))
    return np.concatenate(pairs)


def _adjacency(pairs: Indices, size: int) -> scipy.sparse.coo_array:
    return scipy.sparse.coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(size, size))


def _walk(inner: Indices, starts: Indices, chain_of: Indices, path: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Path pixels in walking order, chain after chain in the order of ``starts``, and where each chain begins."""
    if not starts.size:
        return np.empty(0, dtype=np.intp), np.zeros(1, dtype=np.intp)
    rank = scipy.sparse.csgraph.dijkstra(
        _adjacency(inner, path.size), directed=False, indices=starts, unweighted=True, min_only=True
    )
    place = np.empty(path.size, dtype=np.intp)
    place[chain_of[starts]] = np.arange(starts.size)
    members = np.flatnonzero(path)
    members = members[np.lexsort([rank[members], place[chain_of[members]]])]
    counts = np.bincount(place[chain_of[members]], minlength=starts.size)
    return members, np.concatenate([[0], np.cumsum(counts)])


def _merge_near_junctions(nodes: Points, radii: NDArray[np.float64], branches: list[Branch]) -> SkeletonGraph:
    degree = np.bincount([node for branch in branches for node in (branch.start, branch.end)], minlength=len(nodes))
    short = [
        branch
        for branch in branches
        if branch.start != branch.end
        and min(degree[branch.start], degree[branch.end]) >= 3
        and branch.length_px <= max(1.5, radii[branch.start] + radii[branch.end])
    ]
    pairs = np.array([(branch.start, branch.end) for branch in short], dtype=np.intp).reshape(-1, 2)
    count, merged = scipy.sparse.csgraph.connected_components(_adjacency(pairs, len(nodes)), directed=False)
    sizes = np.maximum(np.bincount(merged, minlength=count), 1)
    centres = np.column_stack([np.bincount(merged, weights=nodes[:, axis], minlength=count) / sizes for axis in (0, 1)])
    largest = np.zeros(count)
    np.maximum.at(largest, merged, radii)
    dropped = {id(branch) for branch in short}
    kept = []
    for branch in branches:
        start, end = int(merged[branch.start]), int(merged[branch.end])
        # A loop that stays inside its junction's circle encloses no hole worth the name.
        if id(branch) in dropped or (start == end and branch.length_px <= 4 * largest[start]):
            continue
        kept.append(Branch(start, end, branch.points, branch.radii_px))
    return SkeletonGraph(centres, largest, tuple(kept))
