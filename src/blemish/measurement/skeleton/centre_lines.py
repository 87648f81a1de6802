"""From a mask to the centre lines of its cracks: thinned, pruned, joined, smoothed and centred."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.images import Box
from blemish.images.tiling import cut
from blemish.measurement.bands import row_bands
from blemish.measurement.polylines import Points, Polylines, Values, length_of, resample, smooth
from blemish.measurement.skeleton.components import depth_of, find_components, find_networks
from blemish.measurement.skeleton.cross import merge_crossings
from blemish.measurement.skeleton.ends import cut_back, extend, trim
from blemish.measurement.skeleton.graph import build_graph
from blemish.measurement.skeleton.join import Chain, close_gaps, through_cracks
from blemish.measurement.skeleton.prune import prune_spurs
from blemish.measurement.skeleton.thin import thin
from blemish.measurement.width.profiles import find_edges

# What is shorter is no crack; components smaller than MIN_COMPONENT_PX do not even close a gap.
MIN_LENGTH_PX, MIN_COMPONENT_PX = 8, 3
# A mask with more than this is noise, and its largest are enough.
MAX_COMPONENTS, MAX_CRACKS = 5000, 2000
# Standard deviation of the smoothing along a line: half the crack's width, within these.
SMOOTH_PX = (2.0, 12.0)


@dataclass(frozen=True, slots=True)
class CentreLine:
    """One crack's line.

    Attributes:
        points: float64 (N, 2), (x, y), about 1 px apart, N >= 2.
        radius_px: median half width along it, by distance transform: rough.
        reach_px: float64 (N,), how far from the line the mask's edge can be expected.
        chain: the pixels and junctions that it comes from.
        network: lines that touch, or are joined over a gap, share a number, from 0.
    """

    points: Points
    radius_px: float
    reach_px: NDArray[np.float64]
    chain: Chain
    network: int


@dataclass(frozen=True, slots=True)
class Skeleton:
    """All centre lines of a mask.

    Attributes:
        lines: one per crack.
        components: int32 (H, W), number of the connected component that a pixel belongs to, 0 outside.
        network_of_component: (C,), -1 for components that are no crack.
        loops: (K,), by network, how many loops its lines close.
        small_components: how many components were too short to be a crack, or not among the largest 5,000.
        left_out: how many cracks beyond the longest 2,000 were not traced.
    """

    lines: tuple[CentreLine, ...]
    components: NDArray[np.int32]
    network_of_component: NDArray[np.intp]
    loops: NDArray[np.intp]
    small_components: int
    left_out: int


def find_lines(body: NDArray[np.uint8]) -> Skeleton:
    """Centre lines of all cracks of a mask.

    Args:
        body: uint8 (H, W), 255 inside, pinholes filled.

    Returns:
        The lines; none for components shorter than 8 px, counted with those that they are joined to over gaps.
    """
    # Closes gaps of a single pixel and smooths the roughest edges; widths are read from the mask as given.
    closed = np.asarray(cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((3, 3), dtype=np.uint8)), dtype=np.uint8)
    components, boxes = find_components(closed)
    extent = (boxes[:, 1] - boxes[:, 0]).max(axis=1)
    kept = extent >= MIN_COMPONENT_PX
    kept[np.argsort(-extent, kind="stable")[MAX_COMPONENTS:]] = False
    if not kept[1:].all():
        for band in row_bands(Box(0, 0, *closed.shape)):
            part = cut(closed, band).reshape(-1)
            inside = np.flatnonzero(part)
            part[inside[~kept[cut(components, band).reshape(-1)[inside]]]] = 0
    depth = depth_of(closed)
    graph = close_gaps(merge_crossings(prune_spurs(build_graph(thin(closed > 0), depth))))
    networks = find_networks(graph, components, len(boxes))
    of_component, loops = networks.of_component, networks.loops
    found = [(chain, int(networks.of_node[chain.node])) for chain in through_cracks(graph)]
    # Components so round that they thin to a point.
    for component in np.flatnonzero((of_component < 0) & kept & (extent >= MIN_LENGTH_PX)):
        found.append((_stub(components, boxes[component], int(component), depth), len(loops)))
        of_component[component] = len(loops)
        loops = np.append(loops, 0)
    lengths = np.array([length_of(chain.points) + chain.radii_px[0] + chain.radii_px[-1] for chain, _ in found])
    order = np.argsort(-lengths, kind="stable")[: int((lengths >= MIN_LENGTH_PX).sum())]
    chosen, beyond = [found[i] for i in order[:MAX_CRACKS]], [found[i] for i in order[MAX_CRACKS:]]
    lines = _smooth_lines([chain for chain, _ in chosen], [network for _, network in chosen], body, depth)
    lines = tuple(line for line in lines if length_of(line.points, closed=line.chain.closed) >= MIN_LENGTH_PX)
    crack_networks = {line.network for line in lines} | {network for _, network in beyond}
    small = int((~np.isin(of_component[1:], list(crack_networks))).sum())
    return Skeleton(lines, components, of_component, loops, small, len(beyond))


def areas_of(skeleton: Skeleton, mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Mask pixels by crack, (L,): all of its network, or those nearest to its line where several share one.

    Args:
        skeleton: the centre lines and components.
        mask: bool (H, W), as given.
    """
    network_of = np.array([line.network for line in skeleton.lines], dtype=np.intp)
    by_network = np.zeros(len(skeleton.loops), dtype=np.intp)
    is_shared = np.bincount(network_of, minlength=len(by_network)) > 1
    spanned = []
    for rows, columns, networks in _pixels(skeleton, mask):
        by_network += np.bincount(networks, minlength=len(by_network))
        if (of_shared := is_shared[networks]).any():
            spanned += [(place[of_shared].min(), place[of_shared].max()) for place in (rows, columns)]
    areas = by_network[network_of]
    if not spanned:
        return areas
    # Only the part of the image that such networks span, at half its size: who is nearest changes slowly.
    (top, bottom), (left, right) = (
        (int(min(first for first, _ in spans)), int(max(last for _, last in spans)))
        for spans in (spanned[::2], spanned[1::2])
    )
    shared = np.flatnonzero(is_shared[network_of])
    owner = np.full(((bottom - top) // 2 + 1, (right - left) // 2 + 1), -1, dtype=np.int32)
    for number in shared:
        points = (np.round(skeleton.lines[number].chain.points).astype(int) - (left, top)) // 2
        points = points[((points >= 0) & (points < owner.shape[::-1])).all(axis=1)]
        owner[points[:, 1], points[:, 0]] = number
    at_lines = owner >= 0
    free = np.where(at_lines, 0, 255).astype(np.uint8)
    nearest = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    owner_of_label = np.empty(int(nearest.max()) + 1, dtype=np.intp)
    owner_of_label[nearest[at_lines]] = owner[at_lines]
    areas[shared] = 0
    for rows, columns, networks in _pixels(skeleton, mask):
        of_shared = is_shared[networks]
        nearest_lines = nearest[(rows[of_shared] - top) // 2, (columns[of_shared] - left) // 2]
        areas[shared] += np.bincount(owner_of_label[nearest_lines], minlength=len(areas))[shared]
    return areas


def _pixels(
    skeleton: Skeleton, mask: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]]:
    """Rows, columns and networks of the mask's pixels that belong to one, band after band."""
    for band in row_bands(Box(0, 0, *mask.shape)):
        inside = np.flatnonzero(cut(mask, band))
        networks = skeleton.network_of_component[cut(skeleton.components, band).reshape(-1)[inside]]
        rows, columns = np.divmod(inside[networks >= 0], band.width)
        yield rows + band.y, columns, networks[networks >= 0]


def _stub(components: NDArray[np.int32], box: NDArray[np.intp], component: int, depth: NDArray[np.float32]) -> Chain:
    """A line of 1 px for a component so round that it thins to a point, along its long axis through its middle."""
    (left, top), (right, bottom) = box.tolist()
    inside = components[top:bottom, left:right] == component
    rows, columns = np.nonzero(inside)
    pixels = np.empty((len(rows), 2))
    pixels[:, 0], pixels[:, 1] = columns, rows
    del rows, columns  # 16 bytes of each pixel, and it can be the whole image that is round
    axes = np.linalg.eigh(np.cov(pixels.T, bias=True))[1]
    depth = np.where(inside, depth[top:bottom, left:right], 0)
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    middle = np.array([left + column, top + row], dtype=np.float64)
    radius = max(float(depth.max()) - 0.5, 0.5)
    return Chain(np.array([middle - axes[:, 1] / 2, middle + axes[:, 1] / 2]), np.array([radius, radius]))


def _smooth_lines(
    chains: list[Chain], networks: list[int], body: NDArray[np.uint8], depth: NDArray[np.float32]
) -> tuple[CentreLine, ...]:
    if not chains:
        return ()
    radii, lines = [], []
    for chain in chains:
        part = trim(chain.points, chain.radii_px, start=chain.free[0], end=chain.free[1])
        points, radius = chain.points[part], float(np.median(chain.radii_px[part]))
        if len(points) < 2:
            chord = chain.points[-1] - chain.points[0]
            half = chord / max(float(np.hypot(*chord)), 1e-9) / 2
            points = np.array([points[0] - half, points[0] + half])
        lines.append(smooth(resample(points, closed=chain.closed), _sigma(radius), closed=chain.closed))
        radii.append(radius)
    free = [chain.free for chain in chains]
    closed = [chain.closed for chain in chains]
    lines = extend(lines, free, radii, body, spare_round=False)
    lines = [resample(line, closed=loop) for line, loop in zip(lines, closed, strict=True)]
    lines = _centre(lines, chains, radii, body, depth)
    # Once more from nearer, since now the line bends as the crack does.
    lines = [cut_back(line, ends, radius) for line, ends, radius in zip(lines, free, radii, strict=True)]
    lines = extend(lines, free, radii, body, spare_round=True)
    corner = np.array(body.shape[::-1]) - 0.5
    lines = [np.clip(resample(line, closed=loop), -0.5, corner) for line, loop in zip(lines, closed, strict=True)]
    polylines = Polylines.of(lines, closed)
    reaches = polylines.split(_reach(polylines, radii, depth))
    return tuple(
        CentreLine(line, radius, reach, chain, network)
        for line, radius, reach, chain, network in zip(lines, radii, reaches, chains, networks, strict=True)
    )


def _sigma(radius_px: float) -> float:
    return float(np.clip(radius_px, *SMOOTH_PX))


def _centre(
    lines: list[Points], chains: list[Chain], radii: list[float], body: NDArray[np.uint8], depth: NDArray[np.float32]
) -> list[Points]:
    """Move each line into the middle between the mask's edges: smoothing cuts corners and thinning wobbles."""
    polylines = Polylines.of(lines, [chain.closed for chain in chains])
    edges = find_edges(body, polylines.points, polylines.normals, _reach(polylines, radii, depth))
    shift = np.where(clear_of_junctions(polylines, chains, radii), edges.middle_px, np.nan)
    limit = np.maximum(2.0, np.array(radii))[polylines.owner]
    shift = polylines.smooth(np.where(np.abs(shift) <= limit, shift, np.nan), SMOOTH_PX[0])
    moved = polylines.points + np.nan_to_num(shift)[:, np.newaxis] * polylines.normals
    return [
        resample(smooth(line, _sigma(radius), closed=chain.closed), closed=chain.closed)
        for line, radius, chain in zip(polylines.split(moved), radii, chains, strict=True)
    ]


def clear_of_junctions(polylines: Polylines, chains: list[Chain], radii: list[float]) -> NDArray[np.bool_]:
    """Points whose profile meets no other crack, bool (M,).

    Those are the points further from every junction than the radius of its inscribed circle, half the crack's own
    width, since cracks flare where they meet, and a pixel.
    """
    clear = np.ones(len(polylines.points), dtype=np.bool_)
    for i, (chain, radius) in enumerate(zip(chains, radii, strict=True)):
        part = slice(polylines.starts[i], polylines.starts[i + 1])
        for meeting in chain.meetings:
            away = np.hypot(*(polylines.points[part] - meeting.centre).T)
            clear[part] &= away > meeting.radius_px + radius + 1.0
    return clear


def _reach(polylines: Polylines, radii: list[float], depth: NDArray[np.float32]) -> Values:
    """How far from each point its edges are looked for, (M,): well beyond the inscribed circle there."""
    columns, rows = np.clip(np.round(polylines.points).astype(int), 0, np.array(depth.shape[::-1]) - 1).T
    return np.asarray(1.5 * np.maximum(depth[rows, columns], np.array(radii)[polylines.owner]) + 3.0)
