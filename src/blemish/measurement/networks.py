"""Which lines hang together, and how many loops they close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from blemish.measurement.skeleton_graph import SkeletonGraph


@dataclass(frozen=True, slots=True)
class Networks:
    """Connected parts of a graph, numbered from 0.

    Attributes:
        of_node: (N,), the network of each node, -1 for nodes without branches.
        of_piece: (P,), the network of each connected piece of the mask, -1 for pieces without a line.
        extent_px: (K,), longer side of the box around all pieces of a network.
        loops: (K,), independent loops: branches - nodes + 1 (Euler).
    """

    of_node: NDArray[np.intp]
    of_piece: NDArray[np.intp]
    extent_px: NDArray[np.intp]
    loops: NDArray[np.intp]


def find_networks(graph: SkeletonGraph, pieces: NDArray[np.int32], boxes: NDArray[np.intp]) -> Networks:
    """Group nodes and mask pieces by the lines between them.

    Args:
        graph: bridged.
        pieces: int32 (H, W), number of the piece that each pixel belongs to.
        boxes: (P, 2, 2), first and behind-last (x, y) of each piece.
    """
    of_node = np.full(len(graph.nodes), -1, dtype=np.intp)
    of_piece = np.full(len(boxes), -1, dtype=np.intp)
    if not graph.branches:
        return Networks(of_node, of_piece, np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))
    ends = np.array([(branch.start, branch.end) for branch in graph.branches], dtype=np.intp)
    used, local = np.unique(ends, return_inverse=True)
    local = local.reshape(ends.shape)
    links = coo_array((np.ones(len(ends), dtype=np.int8), (local[:, 0], local[:, 1])), shape=(used.size, used.size))
    count, labels = connected_components(links, directed=False)
    of_node[used] = labels
    loops = np.bincount(labels[local[:, 0]], minlength=count) - np.bincount(labels, minlength=count) + 1

    # A branch's first and last pixel lie on the mask, unlike the middle of a bridge.
    first = np.array([branch.points[0] for branch in graph.branches]).astype(np.intp)
    last = np.array([branch.points[-1] for branch in graph.branches]).astype(np.intp)
    network = labels[local[:, 0]]
    for pixels in (first, last):
        of_piece[pieces[pixels[:, 1], pixels[:, 0]]] = network
    of_piece[0] = -1
    known = np.flatnonzero(of_piece >= 0)
    low, high = np.full((count, 2), np.iinfo(np.intp).max), np.zeros((count, 2), dtype=np.intp)
    np.minimum.at(low, of_piece[known], boxes[known, 0])
    np.maximum.at(high, of_piece[known], boxes[known, 1])
    return Networks(of_node, of_piece, (high - low).max(axis=1), loops)
