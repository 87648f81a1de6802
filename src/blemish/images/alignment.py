"""Laying an image over a reference: where parts lie in a jig, and not always quite alike.

Shift and rotation by the enhanced correlation coefficient (Evangelidis, Psarakis, IEEE TPAMI 2008), which light and
contrast do not disturb, on small grey pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# ECC climbs: from these rotations it reaches about ten degrees further on either side.
_STARTS_DEGREES = (0.0, -12.0, 12.0)
_FARTHEST_DEGREES = 25.0
# Shares of a side. An image that lies farther off shows another place.
_FARTHEST_SHIFT = 0.25
_MIN_CORRELATION, _GOOD_CORRELATION = 0.7, 0.95
_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)


@dataclass(frozen=True, slots=True)
class Placement:
    """How an image lies against a reference.

    Attributes:
        matrix: float64 (2, 3), in pixels of the image: what the reference has at (x, y), the image shows at
            ``matrix @ (x, y, 1)``.
    """

    matrix: NDArray[np.float64]

    def lay(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image, uint8 (H, W, C), moved over the reference; beyond its edge the edge is repeated."""
        size = (image.shape[1], image.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(image, self.matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)

    def back(self, anomaly_map: NDArray[np.float32]) -> NDArray[np.float32]:
        """A map of the moved image, float32 (H, W), as one of the image itself; its minimum where that saw nothing."""
        size = (anomaly_map.shape[1], anomaly_map.shape[0])
        moved = cv2.warpAffine(
            anomaly_map, self.matrix, size, flags=cv2.INTER_LINEAR, borderValue=float(anomaly_map.min())
        )
        return np.asarray(moved, np.float32)


def find_placement(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> Placement | None:
    """How an image lies against a reference, up to a quarter of a side and about 20 degrees.

    Args:
        image: uint8 RGB (H, W, 3).
        reference: the small grey picture of an image of the same view, uint8 (h, w).

    Returns:
        None where nothing fits: the image shows something else, or lies too far off.
    """
    small = to_reference(image, reference.shape).astype(np.float32)
    fixed = reference.astype(np.float32)
    if not small.std() or not fixed.std():
        return None
    correlation, matrix = -1.0, np.eye(2, 3, dtype=np.float32)
    for degrees in _STARTS_DEGREES:
        correlation, matrix = max((correlation, matrix), _climb(fixed, small, degrees), key=lambda found: found[0])
        if correlation >= _GOOD_CORRELATION:
            break
    if correlation < _MIN_CORRELATION or not _is_near(matrix, reference.shape):
        return None
    # Pixels of the small picture to those of the image; the middle of pixel 0 is at 0.
    enlarge = np.diag([image.shape[1] / fixed.shape[1], image.shape[0] / fixed.shape[0], 1.0])
    enlarge[:2, 2] = (enlarge.diagonal()[:2] - 1) / 2
    whole = enlarge @ np.vstack([matrix, [0, 0, 1]]) @ np.linalg.inv(enlarge)
    return Placement(np.asarray(whole[:2], np.float64))


def to_reference(image: NDArray[np.uint8], size_px: tuple[int, ...]) -> NDArray[np.uint8]:
    """An image as the small grey picture that images are aligned with, uint8 of that (h, w)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (size_px[1], size_px[0]), interpolation=cv2.INTER_AREA), np.uint8)


def _climb(
    fixed: NDArray[np.float32], moving: NDArray[np.float32], degrees: float
) -> tuple[float, NDArray[np.float32]]:
    """Correlation and matrix (2, 3) reached from that rotation; correlation -1 where ECC does not converge."""
    height, width = fixed.shape
    start = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(
        moving, start, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101
    )
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    # OpenCV may multiply its arguments with the window in place.
    shift, _ = cv2.phaseCorrelate(fixed.copy(), np.asarray(turned, np.float32), window)
    matrix = np.asarray(start, np.float32)
    matrix[:, 2] += matrix[:, :2] @ np.asarray(shift, np.float32)
    try:
        correlation, climbed = cv2.findTransformECC(fixed, moving, matrix, cv2.MOTION_EUCLIDEAN, _CRITERIA)
    except cv2.error:
        return -1.0, matrix
    return float(correlation), np.asarray(climbed, np.float32)


def _is_near(matrix: NDArray[np.float32], shape: tuple[int, ...]) -> bool:
    height, width = shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2, 1.0])
    shift = matrix @ middle - middle[:2]
    degrees = math.degrees(math.atan2(float(matrix[1, 0]), float(matrix[0, 0])))
    return bool(np.all(np.abs(shift) <= _FARTHEST_SHIFT * np.array([width, height]))) and (
        abs(degrees) <= _FARTHEST_DEGREES
    )
