"""Cutting the spurs that thinning leaves where a mask's edge is rough."""

from __future__ import annotations

import heapq

import numpy as np

from blemish.measurement.skeleton.graph import Branch, SkeletonGraph

# A side branch is a spur unless it reaches past its junction's inscribed circle by that circle's radius and this.
SPUR_MARGIN_PX = 4.0


def prune_spurs(graph: SkeletonGraph) -> SkeletonGraph:
    """Remove free-ending side branches shorter than twice the half width at their junction plus 4 px.

    Shortest first; where two branches remain at a junction they become one before the next spur is judged, so a
    crack with rough edges is never eaten from its end. Branches between two junctions, and cracks without any,
    stay.

    Args:
        graph: as traced.

    Returns:
        The graph without spurs, nodes numbered as before.
    """
    branches = dict(enumerate(graph.branches))
    meeting: list[set[int]] = [set() for _ in range(len(graph.nodes))]
    for number, branch in branches.items():
        meeting[branch.start].add(number)
        meeting[branch.end].add(number)

    def degree(node: int) -> int:
        return sum(1 + (branches[number].start == branches[number].end) for number in meeting[node])

    def spur_root(branch: Branch) -> int | None:
        """The junction that ``branch`` is a spur of, if it is one."""
        ends = (degree(branch.start), degree(branch.end))
        if min(ends) != 1 or max(ends) < 3:
            return None
        root = branch.start if ends[0] > 1 else branch.end
        return root if branch.length_px < 2 * graph.radii_px[root] + SPUR_MARGIN_PX else None

    waiting = [(branch.length_px, number) for number, branch in branches.items() if spur_root(branch) is not None]
    heapq.heapify(waiting)
    next_number = len(branches)
    while waiting:
        _, number = heapq.heappop(waiting)
        if number not in branches:
            continue
        root = spur_root(branches[number])
        if root is None:
            continue
        spur = branches.pop(number)
        meeting[spur.start].discard(number)
        meeting[spur.end].discard(number)
        if degree(root) == 2 and len(meeting[root]) == 2:
            first, second = sorted(meeting[root])
            joined = _join(branches.pop(first), branches.pop(second), root)
            for node in (root, joined.start, joined.end):
                meeting[node] -= {first, second}
            branches[next_number] = joined
            meeting[joined.start].add(next_number)
            meeting[joined.end].add(next_number)
            if spur_root(joined) is not None:
                heapq.heappush(waiting, (joined.length_px, next_number))
            next_number += 1
    return SkeletonGraph(graph.nodes, graph.radii_px, tuple(branches.values()))


def _join(first: Branch, second: Branch, node: int) -> Branch:
    """One branch out of two that meet at ``node``."""
    towards = first.leaving(node).reversed()
    away = second.leaving(node)
    return Branch(
        towards.start,
        away.end,
        np.concatenate([towards.points, away.points[1:]]),
        np.concatenate([towards.radii_px, away.radii_px[1:]]),
    )
