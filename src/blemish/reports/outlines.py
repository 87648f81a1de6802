"""The connected components of a mask as outlines along the pixels' edges, and as run lengths: exact, not smoothed.

Corners have whole coordinates: (0, 0) is the outer corner of the first pixel, as in COCO, so that a polygon of one
pixel has area 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.measurement.regions import Region

Ring = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Polygon:
    """One area without crossings.

    Attributes:
        exterior: (N, 2), corners (x, y) in pixels, the first not repeated; the shoelace area of these numbers is
            positive.
        holes: likewise, with negative areas. Rings may touch each other in a corner, and no ring touches itself.
    """

    exterior: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class OutlinedComponent:
    """One connected component (8-connected) of a mask, with its outline.

    Attributes:
        bbox_px: (x, y, width, height).
        area_px: number of pixels.
        polygons: more than one where parts only touch in a corner.
        runs: (R, 2), start and length of each run of its pixels, counted from 0 down the columns first.
        region: what the detector said about it; None where nothing fits.
    """

    bbox_px: tuple[int, int, int, int]
    area_px: int
    polygons: tuple[Polygon, ...]
    runs: NDArray[np.intp]
    region: Region | None


def outline_components(mask: NDArray[np.bool_], regions: Sequence[Region] = ()) -> tuple[OutlinedComponent, ...]:
    """The connected components of a mask with their outlines.

    Args:
        mask: bool (H, W).
        regions: what was found in it. A component is given the region with its box and area; where classes overlap and
            there is none, the worst region inside its box.

    Returns:
        The components, top to bottom.
    """
    if not mask.any():
        return ()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    polygons = _polygons(np.asarray(labels, np.int32), count)
    runs = _runs(np.asarray(labels, np.int32), count)
    exact = {(region.bbox_px, region.area_px): region for region in reversed(regions)}
    components = []
    for number, (x, y, width, height, area) in enumerate(stats.tolist()[1:], start=1):
        box = (x, y, width, height)
        region = exact.get((box, area)) or next((one for one in regions if _inside(one.bbox_px, box)), None)
        components.append(OutlinedComponent(box, area, polygons[number], runs[number], region))
    return tuple(components)


def rings_without_holes(component: OutlinedComponent, height_px: int) -> tuple[Ring, ...]:
    """Outlines that together cover a component exactly, none of which has a hole.

    A component with holes is cut from top to bottom at the left edge of each hole, which so becomes a notch: without
    that, the outline of a network of cracks would fill every field between them.

    Args:
        component: one of `outline_components`.
        height_px: the mask's.

    Returns:
        Rings as in `Polygon.exterior`.
    """
    cuts = sorted({int(hole[:, 0].min()) for polygon in component.polygons for hole in polygon.holes})
    if not cuts:
        return tuple(polygon.exterior for polygon in component.polygons)
    x, y, width, _ = component.bbox_px
    cover = _cover(component, height_px)
    rings: list[Ring] = []
    for left, right in pairwise([x, *cuts, x + width]):
        strip = np.asarray(cover[:, left - x : right - x], np.int32)
        rings += [polygon.exterior + np.array([left, y]) for polygon in _polygons(strip, 2)[1]]
    return tuple(rings)


def _cover(component: OutlinedComponent, height_px: int) -> NDArray[np.bool_]:
    """The component's pixels inside its box, from its runs."""
    x, y, width, height = component.bbox_px
    starts, lengths = component.runs.T
    first = x * height_px
    steps = np.zeros(width * height_px + 1, dtype=np.int8)
    steps[starts - first] += 1
    steps[starts + lengths - first] -= 1
    columns = np.cumsum(steps[:-1], dtype=np.int8).reshape(width, height_px)
    return columns.T[y : y + height] > 0


def _inside(inner: tuple[int, int, int, int], outer: tuple[int, int, int, int]) -> bool:
    (x, y, width, height), (left, top, across, down) = inner, outer
    return x >= left and y >= top and x + width <= left + across and y + height <= top + down


def _runs(labels: NDArray[np.int32], count: int) -> list[NDArray[np.intp]]:
    """Column-major runs of each label."""
    line = labels.ravel(order="F")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(line)) + 1])
    lengths = np.diff(starts, append=line.size)
    owner = line[starts]
    order = np.argsort(owner, kind="stable")
    runs = np.column_stack([starts, lengths])[order]
    return np.split(runs, np.searchsorted(owner[order], np.arange(1, count)))


def _polygons(labels: NDArray[np.int32], count: int) -> list[tuple[Polygon, ...]]:
    """Polygons of each of ``count`` labels."""
    # Parts that touch only in a corner are polygons of their own: one ring through that corner twice would be invalid.
    parts_count, parts = cv2.connectedComponents((labels > 0).astype(np.uint8), connectivity=4)
    colours = _colours(np.asarray(parts, np.int32), parts_count)
    polygons: list[list[Polygon]] = [[] for _ in range(count)]
    for colour in range(1, int(colours.max()) + 1):
        for polygon in _trace(colours[parts] == colour):
            x, y = polygon.exterior[np.lexsort(polygon.exterior.T)[0]].tolist()
            polygons[labels[y, x]].append(polygon)
    return [tuple(each) for each in polygons]


def _colours(parts: NDArray[np.int32], count: int) -> NDArray[np.uint8]:
    """A number from 1 for each part so that parts which touch in a corner differ; 0 for the background."""
    pairs = []
    for one, other in ((parts[:-1, :-1], parts[1:, 1:]), (parts[:-1, 1:], parts[1:, :-1])):
        touching = (one != other) & (one > 0) & (other > 0)
        pairs.append(np.column_stack([one[touching], other[touching]]))
    neighbours: dict[int, set[int]] = {}
    for first, second in np.unique(np.concatenate(pairs), axis=0).tolist():
        neighbours.setdefault(first, set()).add(second)
        neighbours.setdefault(second, set()).add(first)
    colours = np.ones(count, dtype=np.uint8)
    colours[0] = 0
    done: dict[int, int] = {}
    for part, others in neighbours.items():
        taken = {done.get(other) for other in others}
        done[part] = next(colour for colour in range(1, len(taken) + 2) if colour not in taken)
        colours[part] = done[part]
    return colours


def _trace(mask: NDArray[np.bool_]) -> list[Polygon]:
    """All polygons of a mask in which no two parts touch in a corner."""
    # In a picture of twice the size, border pixels tell by their parity which corner of the original they stand at.
    doubled = np.repeat(np.repeat(mask.view(np.uint8), 2, axis=0), 2, axis=1)
    contours, hierarchy = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return []
    parents = np.asarray(hierarchy).reshape(-1, 4)[:, 3]
    rings = _rings([np.asarray(contour, np.int32).reshape(-1, 2) for contour in contours], np.where(parents < 0, 1, -1))
    holes: dict[int, list[Ring]] = {}
    for number in np.flatnonzero(parents >= 0).tolist():
        holes.setdefault(int(parents[number]), []).append(rings[number])
    return [Polygon(rings[number], tuple(holes.get(number, ()))) for number in np.flatnonzero(parents < 0).tolist()]


def _rings(borders: list[NDArray[np.int32]], signs: NDArray[np.int_]) -> list[Ring]:
    """Border pixels of the doubled picture -> the corners where each outline turns, with areas of the wanted signs."""
    owner = np.repeat(np.arange(len(borders)), [len(border) for border in borders])
    corners = (np.concatenate(borders).astype(np.intp) + 1) // 2
    moved = np.any(corners != corners[_neighbour(owner, -1)], axis=1)
    corners, owner = corners[moved], owner[moved]
    after = corners[_neighbour(owner, 1)] - corners
    before = corners - corners[_neighbour(owner, -1)]
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    areas = np.bincount(owner, weights=corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0])
    corners, owner = corners[turns], owner[turns]
    rings = np.split(corners, np.searchsorted(owner, np.arange(1, len(borders))))
    return [ring if wanted else ring[::-1] for ring, wanted in zip(rings, areas * signs > 0, strict=True)]


def _neighbour(owner: NDArray[np.intp], step: int) -> NDArray[np.intp]:
    """For each point the index of the one before (-1) or after (1) it on its own closed ring; ``owner`` is sorted."""
    index = np.arange(owner.size) + step
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    ends = np.append(starts[1:], owner.size) - 1
    if step < 0:
        index[starts] = ends
    else:
        index[ends] = starts
    return index
