"""Joining a crack that its mask shows in pieces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from blemish.measurement.skeleton_graph import Branch, Points, SkeletonGraph

# Two free ends are bridged over at most this, plus the crack's half width that thinning took from each ...
GAP_PX = 8.0
LARGEST_HALF_WIDTH_PX = 4.0
# ... if neither piece is shorter than the gap, and both point at each other: within the first angle, or, over up to
# NEAR_PX, where a direction cannot be told well, within the second.
ANGLE_DEG, NEAR_ANGLE_DEG, NEAR_PX = 35.0, 60.0, 3.0
# An end's direction is taken over this length.
DIRECTION_PX = 8.0


def close_gaps(graph: SkeletonGraph) -> SkeletonGraph:
    """Add a straight branch between free ends that face one another across a short gap.

    Shortest gaps first; each end is used once.

    Args:
        graph: pruned.

    Returns:
        The graph with the bridges at the end of its branches.
    """
    degree = np.zeros(len(graph.nodes), dtype=np.intp)
    for branch in graph.branches:
        degree[branch.start] += 1
        degree[branch.end] += 1
    ends = [
        (number, node)
        for number, branch in enumerate(graph.branches)
        for node in (branch.start, branch.end)
        if degree[node] == 1
    ]
    if len(ends) < 2:
        return graph
    tips = np.array([graph.nodes[node] for _, node in ends])
    lengths = np.array([graph.branches[number].length_px for number, _ in ends])
    headings, half_widths = _directions(graph, ends)
    limits = GAP_PX + 2 * half_widths.max()
    pairs = KDTree(tips).query_pairs(float(limits), output_type="ndarray")
    a, b = pairs[:, 0], pairs[:, 1]
    across = tips[b] - tips[a]
    apart = np.maximum(np.hypot(*across.T), 1e-9)
    gap = apart - half_widths[a] - half_widths[b]
    limit = np.cos(np.deg2rad(np.where(gap <= NEAR_PX, NEAR_ANGLE_DEG, ANGLE_DEG))) * apart
    facing = ((headings[a] * across).sum(axis=1) >= limit) & (-(headings[b] * across).sum(axis=1) >= limit)
    numbers = np.array([number for number, _ in ends])
    facing &= (numbers[a] != numbers[b]) & (gap <= GAP_PX) & (gap <= np.minimum(lengths[a], lengths[b]))
    chosen = np.flatnonzero(facing)

    taken: set[int] = set()
    bridges = []
    for pair in chosen[np.argsort(apart[chosen], kind="stable")]:
        first, second = int(a[pair]), int(b[pair])
        if taken.isdisjoint((first, second)):
            taken |= {first, second}
            steps = np.linspace(0.0, 1.0, max(2, round(float(apart[pair])) + 1))[:, np.newaxis]
            radius = min(half_widths[first], half_widths[second])
            points = tips[first] + steps * across[pair]
            bridges.append(Branch(ends[first][1], ends[second][1], points, np.full(len(points), radius)))
    return SkeletonGraph(graph.nodes, graph.radii_px, (*graph.branches, *bridges))


def _directions(graph: SkeletonGraph, ends: list[tuple[int, int]]) -> tuple[Points, NDArray[np.float64]]:
    """Unit vectors out of free ends, and half widths behind them."""
    headings, half_widths = np.zeros((len(ends), 2)), np.zeros(len(ends))
    for i, (number, node) in enumerate(ends):
        branch = graph.branches[number].leaving(node)
        away = np.hypot(*(branch.points - branch.points[0]).T)
        far = away >= DIRECTION_PX
        last = int(np.argmax(far)) if far.any() else len(away) - 1
        step = branch.points[0] - branch.points[last]
        headings[i] = step / max(float(np.hypot(*step)), 1e-9)
        half_widths[i] = min(float(branch.radii_px[: last + 1].max()), LARGEST_HALF_WIDTH_PX)
    return headings, half_widths
