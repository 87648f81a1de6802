"""From a mask to the centre lines of its cracks: thinned, pruned, parted, smoothed and centred."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.measurement.bundle import LineBundle
from blemish.measurement.junctions import Chain, through_cracks
from blemish.measurement.line_ends import OpenEnd, reach_of_ends, trim
from blemish.measurement.polylines import Points, length_of, resample, smooth
from blemish.measurement.profiles import find_edges
from blemish.measurement.pruning import prune_spurs
from blemish.measurement.skeleton_graph import build_graph
from blemish.measurement.thinning import thin

# Pieces that fit into a square of this side are specks, not cracks.
MIN_LENGTH_PX = 8
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
        piece: number of the connected piece of the mask.
    """

    points: Points
    radius_px: float
    reach_px: NDArray[np.float64]
    chain: Chain
    piece: int


@dataclass(frozen=True, slots=True)
class Skeleton:
    """All centre lines of a mask.

    Attributes:
        lines: one per crack.
        pieces: int32 (H, W), number of the connected piece that a pixel belongs to, 0 outside.
        loops: (P,), by piece, how many loops its lines close.
    """

    lines: tuple[CentreLine, ...]
    pieces: NDArray[np.int32]
    loops: NDArray[np.intp]


def solid(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The mask with its pinholes (up to 12 px) filled, uint8 (H, W), 255 inside."""
    filled = mask.astype(np.uint8) * np.uint8(255)
    contours, hierarchy = cv2.findContours(filled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return filled
    # A hole's contour runs through the mask's pixels around it, whose centres enclose more than the hole.
    holes = [
        contour
        for contour, (_, _, _, parent) in zip(contours, hierarchy.reshape(-1, 4), strict=True)
        if parent >= 0 and cv2.contourArea(contour) <= HOLE_PX + 2 * np.sqrt(np.pi * HOLE_PX)
    ]
    if holes:
        cv2.drawContours(filled, holes, -1, 255, cv2.FILLED)
    return filled


def find_lines(body: NDArray[np.uint8]) -> Skeleton:
    """Centre lines of all cracks of a mask.

    Args:
        body: uint8 (H, W), 255 inside, pinholes filled.

    Returns:
        The lines; none for pieces that fit into 8 x 8 px.
    """
    # Joins what is parted by a single pixel and takes the roughest off the edges; widths never see this.
    closed = cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((3, 3), dtype=np.uint8))
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    long_enough = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= MIN_LENGTH_PX
    long_enough[0] = False
    if not long_enough.any():
        return Skeleton((), pieces, np.zeros(count, dtype=np.intp))
    kept = long_enough[pieces]
    distance = _distance(kept)
    graph = prune_spurs(build_graph(thin(kept), distance))
    chains = list(through_cracks(graph))
    piece_of = [int(pieces[_pixel(chain.points[len(chain.points) // 2], pieces.shape)]) for chain in chains]
    missing = np.setdiff1d(np.flatnonzero(long_enough), piece_of)
    for piece in missing:
        chains.append(_lump(pieces, stats[piece], int(piece), distance))
        piece_of.append(int(piece))
    loops = _loops(graph.branches, pieces, count)
    return Skeleton(_smooth_lines(chains, piece_of, body), pieces, loops)
