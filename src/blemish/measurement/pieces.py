"""The mask itself: its pinholes, its connected pieces, how deep they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Holes up to this area are faults of the mask, and not a crack that parts and meets again.
HOLE_PX = 12


def solid(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
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


def find_pieces(body: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Numbers of the connected pieces, int32 (H, W), and their boxes, (P, 2, 2): first and behind-last (x, y)."""
    # The boxes from the mask's pixels alone: OpenCV's own count costs three times the labelling.
    count, labels = cv2.connectedComponents(body, connectivity=8)
    pieces = np.asarray(labels, dtype=np.int32)
    inside = np.flatnonzero(body)
    number = pieces.ravel()[inside].astype(np.intp)
    rows, columns = np.divmod(inside, body.shape[1])
    boxes = np.zeros((count, 2, 2), dtype=np.intp)
    boxes[1:, 0] = body.shape[::-1]
    np.minimum.at(boxes[:, 0, 0], number, columns)
    np.maximum.at(boxes[:, 1, 0], number, columns + 1)
    # Pixels come row by row: the last one written stays.
    boxes[number[::-1], 0, 1] = rows[::-1]
    boxes[number, 1, 1] = rows + 1
    return pieces, boxes


def depth_of(body: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance to the nearest pixel outside, beyond the image counting as outside; good to 2 %."""
    framed = cv2.copyMakeBorder(body, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    return np.ascontiguousarray(distance, dtype=np.float32)
