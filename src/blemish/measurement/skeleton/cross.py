"""Crossings of cracks that thinning took apart: the two forks of an X become one junction again.

Two cracks that cross at an angle share a part of the mask that is longer the smaller the angle. Thinning draws one line
through it, with a fork at either end, and bends each of the four arms towards that line. Further out the arms lie on
the cracks. So from both ends of a short branch the arms are extended across it as straight lines: where they form two
pairs that cross, the branch is dropped and the forks become one junction, as large as the shared part.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from blemish.measurement.polylines import Points
from blemish.measurement.skeleton.graph import Branch, SkeletonGraph

# An arm is bent up to this many radii of its fork's inscribed circle. Its line is fitted behind that, over this many
# radii within these limits in pixels, and over no fewer pixels than the last number.
BENT_RADII = 2.0
FIT_RADII, FIT_PX, MIN_FIT_PX = 5.0, (20.0, 60.0), 4
# Two arms are one crack if their lines turn by at most this and miss each other, in the middle between them, by no more
# than half the crack's width, this many pixels, and this fraction of the distance between them.
MAX_TURN_DEG, MAX_OFFSET_PX, MAX_OFFSET = 25.0, 1.5, 0.03
# The forks of a crossing lie at most as far apart as those of two straight bands, times the first number and plus the
# second; closing gaps of a pixel adds the third to half a width.
SLACK, SLACK_PX, CLOSED_PX = 1.5, 6.0, 1.0
# No crossing is longer than this many radii of its forks' inscribed circles (cracks at 8 degrees).
MAX_RADII = 25.0
# Two edges nearer than this are not told apart by a profile.
APART_PX = 2.5


@dataclass(frozen=True, slots=True)
class _Arm:
    """A branch at a fork, as a straight line outside the part that two cracks share.

    Attributes:
        point: float64 (2,), where the line begins.
        heading: float64 (2,), unit vector away from the fork.
        radius_px: half the crack's width.
    """

    point: Points
    heading: Points
    radius_px: float


# Two arms of one crack, on both sides of the part that it shares.
_Pair = tuple[_Arm, _Arm]


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Two cracks that cross.

    Attributes:
        turn_deg: by how much both turn there, together.
        centre: float64 (2,), where they cross.
        radius_px: how far from there they share the mask.
    """

    turn_deg: float
    centre: Points
    radius_px: float


def merge_crossings(graph: SkeletonGraph) -> SkeletonGraph:
    """Merge the two forks of each crossing, and let each junction of four arms reach as far as its cracks touch.

    Args:
        graph: pruned.

    Returns:
        The graph without the branches between such forks, nodes numbered as before.
    """
    branches = dict(enumerate(graph.branches))
    at_node: dict[int, list[int]] = defaultdict(list)
    for number, branch in branches.items():
        at_node[branch.start].append(number)
        at_node[branch.end].append(number)
    nodes, radii = graph.nodes.copy(), graph.radii_px.copy()

    def arms_at(node: int, but: int | None = None) -> list[_Arm]:
        arms = (_arm(branches[number], node, float(radii[node])) for number in at_node[node] if number != but)
        return [arm for arm in arms if arm is not None]

    def settle(node: int, crossing: _Crossing | None) -> bool:
        if crossing is not None:
            nodes[node], radii[node] = crossing.centre, max(radii[node], crossing.radius_px)
        return crossing is not None

    for node, numbers in at_node.items():
        if len(numbers) == 4:
            settle(node, _at_junction(arms_at(node)))
    merged: set[int] = set()
    for number in sorted(branches, key=lambda number: graph.branches[number].length_px):
        link = branches[number]
        ends = {link.start, link.end}
        limit = MAX_RADII * (max(radii[link.start], radii[link.end]) + 1.0)
        if len(ends) < 2 or link.length_px > limit or ends & merged or any(len(at_node[end]) != 3 for end in ends):
            continue
        crossing = _across(arms_at(link.start, number), arms_at(link.end, number), link.length_px)
        if settle(link.start, crossing):
            merged |= ends
            del branches[number]
            for other in set(at_node[link.end]) - {number}:
                branches[other] = _moved(branches[other], link.end, link.start)
    return SkeletonGraph(nodes, radii, tuple(branches.values()))


def _moved(branch: Branch, node: int, target: int) -> Branch:
    """The branch with its ends at one node moved to another."""
    start, end = (target if end == node else end for end in (branch.start, branch.end))
    return Branch(start, end, branch.points, branch.radii_px)


def _arm(branch: Branch, node: int, fork_radius_px: float) -> _Arm | None:
    """The straight line along a branch behind the part that is bent; None where the branch is too short."""
    line = branch.leaving(node)
    outside = np.flatnonzero(np.hypot(*(line.points - line.points[0]).T) > BENT_RADII * fork_radius_px)
    if outside.size < MIN_FIT_PX:
        return None
    behind = line.points[outside[0] :]
    # Depths are counted from pixel centres.
    radius = float(np.median(line.radii_px[outside[0] :])) + 0.5
    span = float(np.clip(FIT_RADII * max(fork_radius_px, radius), *FIT_PX))
    points = behind[np.hypot(*(behind - behind[0]).T) <= span]
    if len(points) < MIN_FIT_PX:
        return None
    middle = points.mean(axis=0)
    heading = np.linalg.eigh(np.cov((points - middle).T))[1][:, 1]
    heading = heading if heading @ (points[-1] - points[0]) >= 0 else -heading
    return _Arm(middle + ((points[0] - middle) @ heading) * heading, heading, radius)


def _at_junction(arms: Sequence[_Arm]) -> _Crossing | None:
    """How the four arms of one junction cross."""
    if len(arms) != 4:
        return None
    a, b, c, d = arms
    return _straightest([((a, b), (c, d)), ((a, c), (b, d)), ((a, d), (b, c))], 0.0)


def _across(near: Sequence[_Arm], far: Sequence[_Arm], length_px: float) -> _Crossing | None:
    """How the two arms of one fork continue as the two of another, over a branch of that length."""
    if len(near) != 2 or len(far) != 2:
        return None
    (a, b), (c, d) = near, far
    return _straightest([((a, c), (b, d)), ((a, d), (b, c))], length_px)


def _straightest(matchings: Iterable[tuple[_Pair, _Pair]], length_px: float) -> _Crossing | None:
    found = [crossing for pairs in matchings if (crossing := _crossing(*pairs, length_px)) is not None]
    return min(found, key=lambda crossing: crossing.turn_deg, default=None)


def _crossing(first: _Pair, second: _Pair, length_px: float) -> _Crossing | None:
    """The crossing of two cracks, each given by its two arms; None where they are no cracks or do not cross."""
    turns = [_turn_deg(*pair) for pair in (first, second)]
    if max(turns) > MAX_TURN_DEG or any(_misses(*pair) for pair in (first, second)):
        return None
    one, other = (pair[1].point - pair[0].point for pair in (first, second))
    area = _cross(one, other)
    if abs(area) < 1e-9:
        return None
    start = second[0].point - first[0].point
    along, beside = _cross(start, other) / area, _cross(start, one) / area
    if not (0 <= along <= 1 and 0 <= beside <= 1):
        return None
    sine = min(1.0, abs(area) / float(np.hypot(*one) * np.hypot(*other)))
    angle = math.asin(sine)
    narrow, wide = sorted(min(arm.radius_px for arm in pair) for pair in (first, second))
    # The circle about a fork touches the outer edge of one band, and the corner where the two bands part.
    half_sine = math.sin(angle / 2)
    expected = 2 * (wide + CLOSED_PX) * (1 / half_sine - 1) / (1 + half_sine)
    if length_px > SLACK * expected + SLACK_PX:
        return None
    reach = (wide + (narrow + APART_PX) * math.cos(angle)) / sine
    return _Crossing(sum(turns), first[0].point + along * one, reach)


def _cross(a: Points, b: Points) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def _turn_deg(one: _Arm, other: _Arm) -> float:
    """By how much a crack turns that comes in along one arm and leaves along the other."""
    return math.degrees(math.acos(float(np.clip(-(one.heading @ other.heading), -1.0, 1.0))))


def _misses(one: _Arm, other: _Arm) -> bool:
    """Whether two arms, extended to the middle between them, miss each other by too much for one crack."""
    gap = float(np.hypot(*(other.point - one.point)))
    offset = float(np.hypot(*((one.point - gap / 2 * one.heading) - (other.point - gap / 2 * other.heading))))
    return offset > min(one.radius_px, other.radius_px) + MAX_OFFSET_PX + MAX_OFFSET * gap
