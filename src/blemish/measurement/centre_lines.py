"""From a mask to the centre lines of its cracks: thinned, pruned, parted, smoothed and centred."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.measurement.bundle import LineBundle
from blemish.measurement.gap_closing import close_gaps
from blemish.measurement.junctions import Chain, through_cracks
from blemish.measurement.line_ends import cut_back, draw_on, trim
from blemish.measurement.networks import find_networks
from blemish.measurement.pieces import depth_of, find_pieces
from blemish.measurement.polylines import Points, length_of, resample, smooth
from blemish.measurement.profiles import Values, find_edges
from blemish.measurement.pruning import prune_spurs
from blemish.measurement.skeleton_graph import build_graph
from blemish.measurement.thinning import thin

# What is shorter is a speck, not a crack; pieces smaller than SHARD_PX are not even bridged.
MIN_LENGTH_PX, SHARD_PX = 8, 3
# No surface has more than this in one image; a mask that does is noise, and its largest are enough.
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
        specks: how many pieces were too short to be a crack, or not among the largest 5,000.
        left_out: how many cracks beyond the longest 2,000 were not looked at.
    """

    lines: tuple[CentreLine, ...]
    pieces: NDArray[np.int32]
    network_of_piece: NDArray[np.intp]
    loops: NDArray[np.intp]
    specks: int
    left_out: int


def find_lines(body: NDArray[np.uint8]) -> Skeleton:
    """Centre lines of all cracks of a mask.

    Args:
        body: uint8 (H, W), 255 inside, pinholes filled.

    Returns:
        The lines; none for pieces shorter than 8 px, even with what they are bridged to.
    """
    # Joins what is parted by a single pixel and takes the roughest off the edges; widths never see this.
    closed = np.asarray(cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((3, 3), dtype=np.uint8)), dtype=np.uint8)
    pieces, boxes = find_pieces(closed)
    extent = (boxes[:, 1] - boxes[:, 0]).max(axis=1)
    kept = extent >= SHARD_PX
    kept[np.argsort(-extent, kind="stable")[MAX_COMPONENTS:]] = False
    if not kept[1:].all():
        inside = np.flatnonzero(closed)
        closed.ravel()[inside[~kept[pieces.ravel()[inside]]]] = 0
    depth = depth_of(closed)
    graph = close_gaps(prune_spurs(build_graph(thin(closed > 0), depth)))
    networks = find_networks(graph, pieces, boxes)
    of_piece, loops = networks.of_piece, networks.loops
    found = [(chain, int(networks.of_node[chain.node])) for chain in through_cracks(graph)]
    # Pieces so round that they thin to a point.
    for piece in np.flatnonzero((of_piece < 0) & kept & (extent >= MIN_LENGTH_PX)):
        found.append((_lump(pieces, boxes[piece], int(piece), depth), len(loops)))
        of_piece[piece] = len(loops)
        loops = np.append(loops, 0)
    lengths = np.array([length_of(chain.points) + chain.radii_px[0] + chain.radii_px[-1] for chain, _ in found])
    order = np.argsort(-lengths, kind="stable")[: int((lengths >= MIN_LENGTH_PX).sum())]
    chosen, beyond = [found[i] for i in order[:MAX_CRACKS]], [found[i] for i in order[MAX_CRACKS:]]
    lines = _smooth_lines([chain for chain, _ in chosen], [network for _, network in chosen], body, depth)
    lines = tuple(line for line in lines if length_of(line.points, closed=line.chain.closed) >= MIN_LENGTH_PX)
    crack_networks = {line.network for line in lines} | {network for _, network in beyond}
    specks = int((~np.isin(of_piece[1:], list(crack_networks))).sum())
    return Skeleton(lines, pieces, of_piece, loops, specks, len(beyond))


def _lump(pieces: NDArray[np.int32], box: NDArray[np.intp], piece: int, depth: NDArray[np.float32]) -> Chain:
    """A stub of a line for a piece so round that it thins to a point: its long axis through its middle."""
    (left, top), (right, bottom) = box.tolist()
    inside = pieces[top:bottom, left:right] == piece
    rows, columns = np.nonzero(inside)
    pixels = np.column_stack([columns, rows]).astype(np.float64)
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
    lines = draw_on(lines, free, radii, body, spare_round=False)
    lines = [resample(line, closed=loop) for line, loop in zip(lines, closed, strict=True)]
    lines = _centre(lines, chains, radii, body, depth)
    # Once more from nearer, since now the line bends as the crack does.
    lines = [cut_back(line, ends, radius) for line, ends, radius in zip(lines, free, radii, strict=True)]
    lines = draw_on(lines, free, radii, body, spare_round=True)
    corner = np.array(body.shape[::-1]) - 0.5
    lines = [np.clip(resample(line, closed=loop), -0.5, corner) for line, loop in zip(lines, closed, strict=True)]
    bundle = LineBundle.of(lines, closed)
    reaches = bundle.split(_reach(bundle, radii, depth))
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
    bundle = LineBundle.of(lines, [chain.closed for chain in chains])
    edges = find_edges(body, bundle.points, bundle.normals, _reach(bundle, radii, depth))
    shift = np.where(clear_of_junctions(bundle, chains, radii), edges.middle_px, np.nan)
    limit = np.maximum(2.0, np.array(radii))[bundle.owner]
    shift = bundle.smooth(np.where(np.abs(shift) <= limit, shift, np.nan), SMOOTH_PX[0])
    moved = bundle.points + np.nan_to_num(shift)[:, np.newaxis] * bundle.normals
    return [
        resample(smooth(line, _sigma(radius), closed=chain.closed), closed=chain.closed)
        for line, radius, chain in zip(bundle.split(moved), radii, chains, strict=True)
    ]


def clear_of_junctions(bundle: LineBundle, chains: list[Chain], radii: list[float]) -> NDArray[np.bool_]:
    """Points whose profile meets no other crack, bool (M,).

    Those are the points further from every junction than the radius of its inscribed circle, half the crack's own
    width, since cracks flare where they meet, and a pixel.
    """
    clear = np.ones(len(bundle.points), dtype=np.bool_)
    for i, (chain, radius) in enumerate(zip(chains, radii, strict=True)):
        part = slice(bundle.starts[i], bundle.starts[i + 1])
        for meeting in chain.meetings:
            away = np.hypot(*(bundle.points[part] - meeting.centre).T)
            clear[part] &= away > meeting.radius_px + radius + 1.0
    return clear


def _reach(bundle: LineBundle, radii: list[float], depth: NDArray[np.float32]) -> Values:
    """How far from each point its edges are looked for, (M,): well beyond the inscribed circle there."""
    columns, rows = np.clip(np.round(bundle.points).astype(int), 0, np.array(depth.shape[::-1]) - 1).T
    return np.asarray(1.5 * np.maximum(depth[rows, columns], np.array(radii)[bundle.owner]) + 3.0)
