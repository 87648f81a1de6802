"""Which cracks of two images are the same: groups of cracks that lie on one another once the images are aligned.

A detector, or a person, outlines a crack in one piece at one date and in several at another. So cracks are not matched
one to one: all that lie on one another, directly or through a third one, are one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.polylines import Points

# Two cracks are the same if at least this fraction of the shorter one lies on the other one.
SAME_FRACTION = 0.5
# Lies on: nearer than this, or the other crack's half width where that is more, beside the registration's error.
NEAR_PX = 3.0


class Placed(NamedTuple):
    """A crack's centre line in the later image's frame, float64 (N, 2), and its mean width there, in pixels."""

    points: Points
    mean_width_px: float


class Group(NamedTuple):
    """Places in the two sequences of cracks that are one crack; one of the two may be empty."""

    earlier: tuple[int, ...]
    later: tuple[int, ...]


def group_cracks(earlier: Sequence[Placed], later: Sequence[Placed], rms_px: float) -> list[Group]:
    """Cracks that are the same.

    Args:
        earlier: cracks of the earlier image.
        later: cracks of the later one.
        rms_px: how well the images are aligned.

    Returns:
        Every crack in exactly one group: first the groups with cracks of the later image, by the first of them, then
        cracks that only the earlier image shows.
    """
    count = len(earlier) + len(later)
    if not count:
        return []
    links = np.zeros((count, count), dtype=np.bool_)
    there, back = _fractions(earlier, later, rms_px), _fractions(later, earlier, rms_px)
    shorter = np.array([len(line.points) for line in earlier])[:, np.newaxis] <= [len(line.points) for line in later]
    links[: len(earlier), len(earlier) :] = np.where(shorter, there, back.T) >= SAME_FRACTION
    _, labels = scipy.sparse.csgraph.connected_components(links, directed=False)
    groups = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        groups.append(
            Group(
                tuple(int(i) for i in members if i < len(earlier)),
                tuple(int(i) - len(earlier) for i in members if i >= len(earlier)),
            )
        )
    return sorted(groups, key=lambda group: (not group.later, group.later[:1], group.earlier))


def near_px(mean_width_px: float, rms_px: float) -> float:
    """How far from a crack's centre line a place still lies on it."""
    return max(NEAR_PX, mean_width_px / 2) + 2 * rms_px


def _reach(line: Placed, rms_px: float) -> float:
    return float(np.nextafter(near_px(line.mean_width_px, rms_px), np.inf))


def _fractions(lines: Sequence[Placed], others: Sequence[Placed], rms_px: float) -> NDArray[np.float64]:
    """Which fraction of each line lies on each of the others, (L, O)."""
    found = np.zeros((len(lines), len(others)))
    trees = [scipy.spatial.KDTree(other.points) for other in others]
    boxes = [(other.points.min(axis=0), other.points.max(axis=0)) for other in others]
    for i, line in enumerate(lines):
        low, high = line.points.min(axis=0), line.points.max(axis=0)
        for j, (other, tree) in enumerate(zip(others, trees, strict=True)):
            reach = _reach(other, rms_px)
            if (low > boxes[j][1] + reach).any() or (high < boxes[j][0] - reach).any():
                continue
            distance, _ = tree.query(line.points, distance_upper_bound=reach)
            found[i, j] = float(np.isfinite(distance).mean())
    return found
