"""The connected components of a mask: pinholes filled, how deep they are, which belong to one network of cracks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.images import Box
from blemish.images.tiling import cut
from blemish.measurement.bands import row_bands
from blemish.measurement.skeleton.graph import SkeletonGraph

# Holes up to this area are faults of the mask, not a crack that forks and joins again.
HOLE_PX = 12


def fill_pinholes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The mask with its pinholes (up to 12 px) filled, uint8 (H, W), 255 inside."""
    filled = mask.astype(np.uint8) * np.uint8(255)
    contours, hierarchy = cv2.findContours(filled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
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


def find_components(body: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Numbers of the connected components, int32 (H, W), and their boxes, (C, 2, 2): first and behind-last (x, y)."""
    # The boxes from the mask's pixels alone: OpenCV's own count costs three times the labelling.
    count, labels = cv2.connectedComponents(body, connectivity=8)
    components = np.asarray(labels, dtype=np.int32)
    boxes = np.zeros((count, 2, 2), dtype=np.intp)
    boxes[1:, 0] = body.shape[::-1]
    for band in row_bands(Box(0, 0, *body.shape)):
        inside = np.flatnonzero(cut(body, band))
        number = cut(components, band).reshape(-1)[inside].astype(np.intp)
        rows, columns = np.divmod(inside, band.width)
        rows += band.y
        np.minimum.at(boxes[:, 0, 0], number, columns)
        np.maximum.at(boxes[:, 1, 0], number, columns + 1)
        np.minimum.at(boxes[:, 0, 1], number, rows)
        # Pixels come row by row: the last one written stays.
        boxes[number, 1, 1] = rows + 1
    return components, boxes


def depth_of(body: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance to the nearest pixel outside, beyond the image counting as outside; good to 2 %."""
    framed = cv2.copyMakeBorder(body, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    return np.ascontiguousarray(distance, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Networks:
    """Connected parts of a graph, numbered from 0.

    Attributes:
        of_node: (N,), the network of each node, -1 for nodes without branches.
        of_component: (C,), the network of each connected component of the mask, -1 for those without a line.
        loops: (K,), independent loops: branches - nodes + 1 (Euler).
    """

    of_node: NDArray[np.intp]
    of_component: NDArray[np.intp]
    loops: NDArray[np.intp]


def find_networks(graph: SkeletonGraph, components: NDArray[np.int32], count: int) -> Networks:
    """Group nodes and the mask's components by the lines between them.

    Args:
        graph: with its gaps closed.
        components: int32 (H, W), number of the component that each pixel belongs to.
        count: of components, 0 for the background included.
    """
    of_node = np.full(len(graph.nodes), -1, dtype=np.intp)
    of_component = np.full(count, -1, dtype=np.intp)
    if not graph.branches:
        return Networks(of_node, of_component, np.empty(0, dtype=np.intp))
    ends = np.array([(branch.start, branch.end) for branch in graph.branches], dtype=np.intp)
    used, local = np.unique(ends, return_inverse=True)
    local = local.reshape(ends.shape)
    links = scipy.sparse.coo_array(
        (np.ones(len(ends), dtype=np.int8), (local[:, 0], local[:, 1])), shape=(used.size, used.size)
    )
    networks, labels = scipy.sparse.csgraph.connected_components(links, directed=False)
    of_node[used] = labels
    loops = np.bincount(labels[local[:, 0]], minlength=networks) - np.bincount(labels, minlength=networks) + 1

    # A branch's first and last pixel lie on the mask, unlike the middle of a closed gap.
    first = np.array([branch.points[0] for branch in graph.branches]).astype(np.intp)
    last = np.array([branch.points[-1] for branch in graph.branches]).astype(np.intp)
    network = labels[local[:, 0]]
    for pixels in (first, last):
        of_component[components[pixels[:, 1], pixels[:, 0]]] = network
    of_component[0] = -1
    return Networks(of_node, of_component, loops)
