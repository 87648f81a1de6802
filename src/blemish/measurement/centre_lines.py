"""From a mask to the centre lines of its cracks: thinned, pruned, parted, smoothed and centred."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from blemish.measurement.bridging import bridge_gaps
from blemish.measurement.bundle import LineBundle
from blemish.measurement.junctions import Chain, through_cracks
from blemish.measurement.line_ends import cut_back, draw_on, trim
from blemish.measurement.networks import find_networks
from blemish.measurement.polylines import Points, length_of, resample, smooth
from blemish.measurement.profiles import find_edges
from blemish.measurement.pruning import prune_spurs
from blemish.measurement.skeleton_graph import build_graph
from blemish.measurement.thinning import thin

# What fits into a square of this side is a speck, not a crack; pieces smaller than SHARD_PX are not even bridged.
MIN_LENGTH_PX, SHARD_PX = 8, 3
# Holes up to this area are faults of the mask, and not a crack that parts and meets again.
HOLE_PX = 12
# Standard deviation of the smoothing along a line: half the crack's width, within these.
SMOOTH_PX = (2.0, 6.0)


@dataclass(frozen=True, slots=True)
class CentreLine:
    """One crack's line.

    Attributes:
        points: float64 (N, 2), (x, y), about 1 px apart, N >= 2.
        radius_px: median half width along it, by distance transform: rough.
        reach_px: float64 (N,), how far from the line the mask's edge can be expected.
        chain: the pixels and junctions that it comes from.
        network: lines that touch, or are bridged over a gap, share a number, from 0.
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
        pieces: int32 (H, W), number of the connected piece that a pixel belongs to, 0 outside.
        network_of_piece: (P,), -1 for pieces that are no crack.
        loops: (K,), by network, how many loops its lines close.
    """

    lines: tuple[CentreLine, ...]
    pieces: NDArray[np.int32]
    network_of_piece: NDArray[np.intp]
    loops: NDArray[np.intp]


def solid(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The mask with its pinholes (up to 12 px) filled, uint8 (H, W), 255 inside."""
    filled = mask.astype(np.uint8) * np.uint8(255)
    contours, hierarchy = cv2.findContours(filled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return filled
    # A hole's contour runs through the mask pixels around it: n x n pixels are enclosed by (n + 1)^2 less corners.
    holes = [
        contour
        for contour, (_, _, _, parent) in zip(contours, hierarchy.reshape(-1, 4), strict=True)
        if parent >= 0 and cv2.contourArea(contour) <= HOLE_PX + 2 * np.sqrt(HOLE_PX) - 1
    ]
    if holes:
        cv2.drawContours(filled, holes, -1, 255, cv2.FILLED)
    return filled


def find_lines(body: NDArray[np.uint8]) -> Skeleton:
    """Centre lines of all cracks of a mask.

    Args:
        body: uint8 (H, W), 255 inside, pinholes filled.

    Returns:
        The lines; none for pieces that fit into 8 x 8 px, even with what they are bridged to.
    """
    # Joins what is parted by a single pixel and takes the roughest off the edges; widths never see this.
    closed = cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((3, 3), dtype=np.uint8))
    pieces, boxes = _pieces(closed)
    extent = (boxes[:, 1] - boxes[:, 0]).max(axis=1)
    if extent[1:].min(initial=SHARD_PX) < SHARD_PX:
        inside = np.flatnonzero(closed)
        closed.ravel()[inside[extent[pieces.ravel()[inside]] < SHARD_PX]] = 0
    distance = _distance(closed)
    graph = bridge_gaps(prune_spurs(build_graph(thin(closed.view(np.bool_)), distance)))
    networks = find_networks(graph, pieces, boxes)
    chains, network_of_chain = [], []
    for chain in through_cracks(graph):
        network = int(networks.of_node[chain.node])
        if networks.extent_px[network] >= MIN_LENGTH_PX:
            chains.append(chain)
            network_of_chain.append(network)
    # Pieces so round that they thin to a point.
    of_piece, loops = networks.of_piece, networks.loops
    for piece in np.flatnonzero((of_piece < 0) & (extent >= MIN_LENGTH_PX)):
        chains.append(_lump(pieces, boxes[piece], int(piece), distance))
        of_piece[piece] = len(loops)
        network_of_chain.append(len(loops))
        loops = np.append(loops, 0)
    return Skeleton(_smooth_lines(chains, network_of_chain, body, distance), pieces, of_piece, loops)


def _pieces(closed: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Numbers of the connected pieces, int32 (H, W), and their boxes, (P, 2, 2): first and behind-last (x, y)."""
    # The boxes from the mask's pixels alone: OpenCV's own count costs three times the labelling.
    count, pieces = cv2.connectedComponents(closed, connectivity=8)
    inside = np.flatnonzero(closed)
    number = pieces.ravel()[inside]
    rows, columns = np.divmod(inside, closed.shape[1])
    boxes = np.zeros((count, 2, 2), dtype=np.intp)
    boxes[1:, 0] = closed.shape[::-1]
    np.minimum.at(boxes[:, 0, 0], number, columns)
    np.maximum.at(boxes[:, 1, 0], number, columns + 1)
    # Pixels come row by row: the last one written stays.
    boxes[number[::-1], 0, 1] = rows[::-1]
    boxes[number, 1, 1] = rows + 1
    return pieces, boxes


def _distance(closed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance to the nearest pixel outside, beyond the photo counting as outside; good to 2 %."""
    framed = cv2.copyMakeBorder(closed, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    return np.ascontiguousarray(distance, dtype=np.float32)


def _pixel(point: Points, shape: tuple[int, ...]) -> tuple[int, int]:
    """Row and column of the pixel nearest to a point."""
    column, row = np.clip(np.round(point).astype(int), 0, (shape[1] - 1, shape[0] - 1))
    return int(row), int(column)


def _lump(
    pieces: NDArray[np.int32], box: NDArray[np.intp], piece: int, distance: NDArray[np.float32]
) -> Chain:
    """A stub of a line for a piece so round that it thins to a point: its long axis through its middle."""
    (left, top), (right, bottom) = box.tolist()
    inside = pieces[top:bottom, left:right] == piece
    rows, columns = np.nonzero(inside)
    pixels = np.column_stack([columns, rows]).astype(np.float64)
    axes = np.linalg.eigh(np.cov(pixels.T, bias=True))[1]
    depth = np.where(inside, distance[top:bottom, left:right], 0)
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    middle = np.array([left + column, top + row], dtype=np.float64)
    radius = max(float(depth.max()) - 0.5, 0.5)
    return Chain(np.array([middle - axes[:, 1] / 2, middle + axes[:, 1] / 2]), np.array([radius, radius]))


def _smooth_lines(
    chains: list[Chain], networks: list[int], body: NDArray[np.uint8], distance: NDArray[np.float32]
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
    lines = draw_on(lines, free, radii, body, spare_round=False)
    lines = [resample(line, closed=loop) for line, loop in zip(lines, closed, strict=True)]
    lines = _centre(lines, chains, radii, body, distance)
    # Once more from nearer, since now the line bends as the crack does.
    lines = [cut_back(line, ends, radius) for line, ends, radius in zip(lines, free, radii, strict=True)]
    lines = draw_on(lines, free, radii, body, spare_round=True)
    lines = [resample(line, closed=loop) for line, loop in zip(lines, closed, strict=True)]
    reaches = _reach(lines, radii, distance)
    return tuple(
        CentreLine(line, radius, reach, chain, network)
        for line, radius, reach, chain, network in zip(lines, radii, reaches, chains, networks, strict=True)
    )


def _sigma(radius_px: float) -> float:
    return float(np.clip(radius_px, *SMOOTH_PX))


def _centre(
    lines: list[Points], chains: list[Chain], radii: list[float], body: NDArray[np.uint8], distance: NDArray[np.float32]
) -> list[Points]:
    """Move each line into the middle between the mask's edges: smoothing cuts corners and thinning wobbles."""
    bundle = LineBundle.of(lines, [chain.closed for chain in chains])
    reach = np.concatenate(_reach(lines, radii, distance))
    edges = find_edges(body, bundle.points, bundle.normals, reach)
    shift = np.where(clear_of_junctions(bundle, chains), edges.middle_px, np.nan)
    limit = np.maximum(2.0, np.array(radii))[bundle.owner]
    shift = bundle.smooth(np.where(np.abs(shift) <= limit, shift, np.nan), SMOOTH_PX[0])
    moved = bundle.points + np.nan_to_num(shift)[:, np.newaxis] * bundle.normals
    return [
        resample(smooth(line, _sigma(radius), closed=chain.closed), closed=chain.closed)
        for line, radius, chain in zip(bundle.split(moved), radii, chains, strict=True)
    ]


def clear_of_junctions(bundle: LineBundle, chains: list[Chain]) -> NDArray[np.bool_]:
    """Points whose profile meets no other crack: outside every junction's inscribed circle and 1 px, bool (M,)."""
    clear = np.ones(len(bundle.points), dtype=np.bool_)
    for chain, start, stop in zip(chains, bundle.starts[:-1], bundle.starts[1:], strict=True):
        for meeting in chain.meetings:
            away = np.hypot(*(bundle.points[start:stop] - meeting.centre).T)
            clear[start:stop] &= away > meeting.radius_px + 1.0
    return clear


def _reach(lines: list[Points], radii: list[float], distance: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """How far from each point its edges are looked for, by the largest inscribed circle near it."""
    reaches = []
    for line, radius in zip(lines, radii, strict=True):
        columns, rows = np.clip(np.round(line).astype(int), 0, np.array(distance.shape[::-1]) - 1).T
        near = maximum_filter1d(distance[rows, columns].astype(np.float64), 2 * round(radius) + 3, mode="nearest")
        reaches.append(1.5 * near + 3.0)
    return reaches
