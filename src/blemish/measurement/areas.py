"""How much of a mask belongs to each crack."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.measurement.centre_lines import Skeleton


def areas_of(skeleton: Skeleton, mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Mask pixels by crack, (L,): all of its network, or those nearest to its line where several share one.

    Args:
        skeleton: the centre lines and pieces.
        mask: bool (H, W), as given.
    """
    inside = np.flatnonzero(mask)
    networks = skeleton.network_of_piece[skeleton.pieces.ravel()[inside]]
    inside, networks = inside[networks >= 0], networks[networks >= 0]
    by_network = np.bincount(networks, minlength=len(skeleton.loops))
    network_of = np.array([line.network for line in skeleton.lines], dtype=np.intp)
    areas = by_network[network_of]
    is_shared = np.bincount(network_of, minlength=len(by_network)) > 1
    shared = np.flatnonzero(is_shared[network_of])
    if not shared.size:
        return areas
    # Only the part of the image that such networks span, at half its size: who is nearest changes slowly.
    rows, columns = np.divmod(inside[is_shared[networks]], mask.shape[1])
    top, left = int(rows.min()), int(columns.min())
    rows, columns = (rows - top) // 2, (columns - left) // 2
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    owner = np.full(shape, -1, dtype=np.int32)
    for number in shared:
        points = (np.round(skeleton.lines[number].chain.points).astype(int) - (left, top)) // 2
        points = points[((points >= 0) & (points < shape[::-1])).all(axis=1)]
        owner[points[:, 1], points[:, 0]] = number
    at_lines = owner >= 0
    free = np.where(at_lines, 0, 255).astype(np.uint8)
    nearest = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    owner_of_label = np.empty(int(nearest.max()) + 1, dtype=np.intp)
    owner_of_label[nearest[at_lines]] = owner[at_lines]
    areas[shared] = np.bincount(owner_of_label[nearest[rows, columns]], minlength=len(areas))[shared]
    return areas
