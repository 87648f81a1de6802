"""Registration of two images of one flat surface: where each point of the earlier one lies in the later one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.measurement.homography import jacobians, project
from blemish.measurement.polylines import Points
from blemish.measurement.sampling import as_grey

# Features are looked for in images of at most this size: finer detail is mostly noise.
LARGEST_PX = 2000
FEATURES = 6000
# Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60 (2004), 7.1: a match counts if the second
# best is this much worse.
RATIO = 0.8
# Largest distance of a matching point from its place, in pixels of the image as searched.
REPROJECTION_PX = 3.0
MIN_INLIERS = 15
# An image of the same surface is not shrunk, blown up or tilted by more than this.
LARGEST_ZOOM = 5.0


@dataclass(frozen=True, slots=True)
class Registration:
    """Where each point of the earlier image lies in the later one.

    Attributes:
        matrix: homography, row by row, (x, y) in pixels of the earlier image to (x, y) in pixels of the later one.
        matches: points that both images show and that agree with it.
        rms_px: root mean square distance of those points from where the homography puts them, in the later image.
        earlier_size_px: (width, height) of the earlier image.
        later_size_px: (width, height) of the later image.
    """

    matrix: tuple[tuple[float, float, float], ...]
    matches: int
    rms_px: float
    earlier_size_px: tuple[int, int]
    later_size_px: tuple[int, int]

    def to_later(self, points: Points) -> Points:
        """Places in the earlier image, (N, 2), as places in the later one."""
        return project(np.array(self.matrix), points)

    def to_earlier(self, points: Points) -> Points:
        """Places in the later image, (N, 2), as places in the earlier one."""
        return project(np.linalg.inv(np.array(self.matrix)), points)

    def of_sizes(self, earlier_px: tuple[int, int], later_px: tuple[int, int]) -> Registration:
        """The same between the images that these two were made smaller from.

        Args:
            earlier_px: (width, height) of the earlier one.
            later_px: (width, height) of the later one.
        """
        grow = later_px[0] / self.later_size_px[0]
        matrix = _resized(grow) @ np.array(self.matrix) @ _resized(self.earlier_size_px[0] / earlier_px[0])
        return Registration(_rows(matrix), self.matches, self.rms_px * grow, earlier_px, later_px)


def register_images(earlier: NDArray[np.uint8], later: NDArray[np.uint8]) -> Registration:
    """The homography from an earlier image of a flat surface to a later one of the same surface.

    SIFT features, matched both ways, and a homography by MAGSAC++ (Barath et al., CVPR 2020).

    Args:
        earlier: uint8 (H, W) or RGB (H, W, 3).
        later: the same, of any size.

    Raises:
        DataError: too few points agree: another surface, or too different a light or angle.
    """
    first, first_scale = _searched(earlier)
    second, second_scale = _searched(later)
    source, target = _matches(first, second)
    found = None
    if len(source) >= MIN_INLIERS:
        # RANSAC draws from OpenCV's own generator: the same images are to give the same answer.
        cv2.setRNGSeed(0)
        found, agrees = cv2.findHomography(source, target, cv2.USAC_MAGSAC, REPROJECTION_PX, maxIters=5000)
    if found is None:
        raise _too_few(len(source))
    inliers = agrees.ravel().astype(np.bool_)
    shrink, grow = _resized(first_scale), _resized(1 / second_scale)
    matrix = grow @ np.asarray(found, dtype=np.float64) @ shrink
    start = project(_resized(1 / first_scale), source[inliers].astype(np.float64))
    end = project(grow, target[inliers].astype(np.float64))
    size = (earlier.shape[1], earlier.shape[0])
    if inliers.sum() < MIN_INLIERS or not _plausible(matrix, size):
        raise _too_few(int(inliers.sum()))
    off = project(matrix, start) - end
    return Registration(
        matrix=_rows(matrix),
        matches=int(inliers.sum()),
        rms_px=float(np.sqrt((off**2).sum(axis=1).mean())),
        earlier_size_px=size,
        later_size_px=(later.shape[1], later.shape[0]),
    )


def _resized(scale: float) -> NDArray[np.float64]:
    """Where the pixels of an image lie once it is resized, as a homography: pixel centres are at whole numbers."""
    return np.array([[scale, 0.0, (scale - 1) / 2], [0.0, scale, (scale - 1) / 2], [0.0, 0.0, 1.0]])


def _rows(matrix: NDArray[np.float64]) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(a), float(b), float(c)) for a, b, c in matrix / matrix[2, 2])


def _too_few(count: int) -> DataError:
    return DataError(
        f"The two images cannot be aligned: only {count} points agree, and {MIN_INLIERS} are needed; "
        "take both from about the same place, in similar light, with some of the surface around the cracks."
    )


def _searched(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """The image as it is searched for features, and its size relative to the image's own."""
    grey = as_grey(image)
    scale = min(1.0, LARGEST_PX / max(grey.shape))
    if scale < 1:
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return grey, scale


def _matches(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places of features that are each other's best match, (N, 2) in each image."""
    sift = cv2.SIFT.create(nfeatures=FEATURES)
    points_one, features_one = sift.detectAndCompute(first, None)
    points_two, features_two = sift.detectAndCompute(second, None)
    empty = np.empty((0, 2), dtype=np.float32)
    if min(len(points_one), len(points_two)) < 2:
        return empty, empty
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    there = matcher.knnMatch(features_one, features_two, k=2)
    back = {match.queryIdx: match.trainIdx for match in matcher.match(features_two, features_one)}
    pairs = [
        (best.queryIdx, best.trainIdx)
        for best, second_best in there
        if best.distance < RATIO * second_best.distance and back[best.trainIdx] == best.queryIdx
    ]
    if not pairs:
        return empty, empty
    return (
        np.array([points_one[i].pt for i, _ in pairs], dtype=np.float32),
        np.array([points_two[j].pt for _, j in pairs], dtype=np.float32),
    )


def _plausible(matrix: NDArray[np.float64], size: tuple[int, int]) -> bool:
    """Whether the whole image stays in front of the camera, unmirrored, and near its size."""
    width, height = size
    places = np.array([[0, 0], [width, 0], [width, height], [0, height], [width / 2, height / 2]], dtype=np.float64)
    depth = places @ matrix[2, :2] + matrix[2, 2]
    if depth.min() * depth.max() <= 0:
        return False
    zoom = np.linalg.det(jacobians(matrix, places))
    return bool((zoom > LARGEST_ZOOM**-2).all() and (zoom < LARGEST_ZOOM**2).all())
