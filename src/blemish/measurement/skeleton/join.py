"""From branches to cracks: gaps are closed, and the two branches that run straightest through a junction joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.polylines import Points
from blemish.measurement.skeleton.graph import Branch, SkeletonGraph

# Two branches that turn by more than this at a junction are two cracks.
THROUGH_TURN_DEG = 50.0
# A branch's direction is taken over this length, or the junction's diameter where that is more.
DIRECTION_SPAN_PX = 10.0

# A branch and which of its ends: 0 the start, 1 the end.
_BranchEnd = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A junction that a crack runs through or ends at."""

    centre: Points
    radius_px: float


@dataclass(frozen=True, slots=True)
class Chain:
    """The pixels of one crack's centre line, in order.

    Attributes:
        points: float64 (N, 2), (x, y); at a junction the pixels inside its inscribed circle are left out.
        radii_px: float64 (N,), distance from each point to the mask's edge.
        closed: it runs back into its own start; the first point is not repeated.
        free: whether its start and its end lie open, rather than at a junction.
        meetings: the junctions on it where other cracks meet it.
        branches: how many other cracks start from it or cross it.
        node: one of the graph's nodes on it; -1 for a chain that is not of a graph.
    """

    points: Points
    radii_px: NDArray[np.float64]
    closed: bool = False
    free: tuple[bool, bool] = (True, True)
    meetings: tuple[Meeting, ...] = field(default=())
    branches: int = 0
    node: int = -1


def through_cracks(graph: SkeletonGraph) -> tuple[Chain, ...]:
    """Join branches through junctions and give one chain per crack.

    At every junction the pair of branch ends with the smallest turn is joined, then the next pair, as long as the
    turn is at most 50 degrees. What is left over ends there.

    Args:
        graph: pruned.

    Returns:
        One chain per crack, in no particular order.
    """
    at_node: list[list[_BranchEnd]] = [[] for _ in range(len(graph.nodes))]
    for number, branch in enumerate(graph.branches):
        at_node[branch.start].append((number, 0))
        at_node[branch.end].append((number, 1))
    partner: dict[_BranchEnd, _BranchEnd] = {}
    for node, ends in enumerate(at_node):
        partner.update(_pair_up(ends, graph, node))

    chains = []
    used: set[int] = set()
    for number in _open_first(graph, partner):
        if number not in used:
            walk, closed = _follow(number, partner)
            used.update(step for step, _ in walk)
            chains.append(_chain(walk, closed, graph, at_node, partner))
    return tuple(chains)


def _pair_up(ends: list[_BranchEnd], graph: SkeletonGraph, node: int) -> dict[_BranchEnd, _BranchEnd]:
    if len(ends) < 2:
        return {}
    if len(ends) == 2:
        return {ends[0]: ends[1], ends[1]: ends[0]}
    radius = float(graph.radii_px[node])
    directions = [_direction(graph.branches[number], end, graph.nodes[node], radius) for number, end in ends]
    straightest = sorted(combinations(range(len(ends)), 2), key=lambda pair: directions[pair[0]] @ directions[pair[1]])
    limit = -np.cos(np.deg2rad(THROUGH_TURN_DEG))
    pairs: dict[_BranchEnd, _BranchEnd] = {}
    for a, b in straightest:
        if directions[a] @ directions[b] > limit:
            break
        if ends[a] not in pairs and ends[b] not in pairs:
            pairs[ends[a]], pairs[ends[b]] = ends[b], ends[a]
    return pairs


def _direction(branch: Branch, end: int, centre: Points, radius_px: float) -> Points:
    """Unit vector away from the junction, measured outside its inscribed circle where the branch reaches so far."""
    points = branch.points if end == 0 else branch.points[::-1]
    away = np.hypot(*(points - centre).T)
    outside = np.flatnonzero(away > radius_px)
    first = int(outside[0]) if outside.size and len(points) - outside[0] >= 4 else 0
    span = max(DIRECTION_SPAN_PX, 2 * radius_px)
    reach = np.hypot(*(points - points[first]).T) >= span
    # Near its other end a branch bends too: into a corner, or towards another junction.
    spared = max(len(points) - 1 - round(1.5 * float(branch.radii_px.max())), (first + len(points) - 1) // 2)
    last = min(first + int(np.argmax(reach[first:])), spared) if reach[first:].any() else spared
    step = points[last] - points[first]
    norm = float(np.hypot(*step))
    return step / norm if norm > 0 else np.zeros(2)


def _open_first(graph: SkeletonGraph, partner: dict[_BranchEnd, _BranchEnd]) -> list[int]:
    """Branch numbers, those that begin or end a crack first, so that only true loops are walked as loops."""
    numbers = range(len(graph.branches))
    return sorted(numbers, key=lambda number: (number, 0) in partner and (number, 1) in partner)


def _follow(number: int, partner: dict[_BranchEnd, _BranchEnd]) -> tuple[list[tuple[int, int]], bool]:
    """Walk from a branch in the direction in which there is more; steps are (branch, end that it is entered by)."""
    entered = 0 if (number, 0) not in partner or (number, 1) in partner else 1
    walk = [(number, entered)]
    while True:
        step, entered = walk[-1]
        following = partner.get((step, 1 - entered))
        if following is None:
            return walk, False
        if following == walk[0]:
            return walk, True
        walk.append(following)


def _chain(
    walk: list[tuple[int, int]],
    closed: bool,
    graph: SkeletonGraph,
    at_node: list[list[_BranchEnd]],
    partner: dict[_BranchEnd, _BranchEnd],
) -> Chain:
    own = {step for step, _ in walk}
    lines = [graph.branches[n] if entered == 0 else graph.branches[n].reversed() for n, entered in walk]
    nodes = [line.start for line in lines] + ([] if closed else [lines[-1].end])
    junctions = [node for node in dict.fromkeys(nodes) if len(at_node[node]) > 2]
    others = 0
    for node in junctions:
        if closed or node not in (nodes[0], nodes[-1]):
            foreign = [end for end in at_node[node] if end[0] not in own]
            # A crack that passes through as well has two ends here and counts once.
            others += len(foreign) - sum(partner.get(end) in foreign for end in foreign) // 2
    points, radii = [], []
    for line in lines:
        keep = np.ones(len(line.points), dtype=np.bool_)
        for node in {line.start, line.end}.intersection(junctions):
            keep &= np.hypot(*(line.points - graph.nodes[node]).T) > graph.radii_px[node]
        points.append(line.points[keep])
        radii.append(line.radii_px[keep])
    # A crack that ends at a junction is drawn to the junction's centre.
    ends_at = (not closed and nodes[0] in junctions, not closed and nodes[-1] in junctions)
    if ends_at[0]:
        points.insert(0, graph.nodes[nodes[0]][np.newaxis])
        radii.insert(0, graph.radii_px[nodes[0], np.newaxis])
    if ends_at[1]:
        points.append(graph.nodes[nodes[-1]][np.newaxis])
        radii.append(graph.radii_px[nodes[-1], np.newaxis])
    all_points, all_radii = np.concatenate(points), np.concatenate(radii)
    if not len(all_points):
        all_points, all_radii = lines[0].points, lines[0].radii_px
    new = (all_points != np.roll(all_points, 1, axis=0)).any(axis=1)
    # A loop ends where it begins; a loop of nothing but that point keeps it.
    new[0] = not closed or bool(new[0]) or not new.any()
    meetings = tuple(Meeting(graph.nodes[node], float(graph.radii_px[node])) for node in junctions)
    free = (not closed and not ends_at[0], not closed and not ends_at[1])
    return Chain(all_points[new], all_radii[new], closed, free, meetings, others, nodes[0])


# Two free ends are joined over at most this, plus the crack's half width that thinning took from each ...
GAP_PX = 8.0
LARGEST_HALF_WIDTH_PX = 4.0
# ... if neither branch is shorter than the gap, and both point at each other: within the first angle, or, over up to
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
        The graph with the closed gaps at the end of its branches.
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
    pairs = scipy.spatial.KDTree(tips).query_pairs(float(limits), output_type="ndarray")
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
    closed = []
    for pair in chosen[np.argsort(apart[chosen], kind="stable")]:
        first, second = int(a[pair]), int(b[pair])
        if taken.isdisjoint((first, second)):
            taken |= {first, second}
            steps = np.linspace(0.0, 1.0, max(2, round(float(apart[pair])) + 1))[:, np.newaxis]
            radius = min(half_widths[first], half_widths[second])
            points = tips[first] + steps * across[pair]
            closed.append(Branch(ends[first][1], ends[second][1], points, np.full(len(points), radius)))
    return SkeletonGraph(graph.nodes, graph.radii_px, (*graph.branches, *closed))


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
