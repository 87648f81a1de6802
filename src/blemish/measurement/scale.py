"""How large a pixel is: the one number without which nothing can be said in millimetres.

A scale is always given or measured, never guessed: a number, a known length between two points, a printed marker
of known size, the camera's distance and optics, or four points of a plane, which also removes perspective.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import SettingsError
from blemish.measurement.homography import jacobians, project, project_widths
from blemish.measurement.polylines import Points
from blemish.measurement.sampling import as_grey

SMALLEST_MM_PER_PX, LARGEST_MM_PER_PX = 1e-4, 100.0
# How well a person places a point, and how well a marker's corner is found, in pixels.
CLICK_PX, CORNER_PX = 1.0, 0.3
# Distance and focal length are read off: the 35 mm of a lens or a hand-held tape are good to a few per cent.
CAMERA_UNCERTAINTY = 0.05

# Tried in this order until one is found: the families that marker generators offer first.
MARKER_FAMILIES = ("DICT_4X4_250", "DICT_5X5_250", "DICT_6X6_250", "DICT_7X7_250", "DICT_APRILTAG_36h11")

Pair = tuple[float, float]
Row = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """Millimetres per pixel, the same everywhere or by a plane seen at an angle.

    Attributes:
        mm_per_px: size of a pixel; for a plane, in the middle of its four points.
        source: where it comes from, in words, for the report.
        uncertainty: relative standard uncertainty of ``mm_per_px``; 0 where nothing is known of it.
        to_plane: homography from (x, y) in pixels to millimetres on the plane, row by row; None without
            perspective.
    """

    mm_per_px: float
    source: str
    uncertainty: float = 0.0
    to_plane: tuple[Row, Row, Row] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mm_per_px) and SMALLEST_MM_PER_PX <= self.mm_per_px <= LARGEST_MM_PER_PX):
            raise SettingsError(
                f"A scale of {self.mm_per_px:g} mm per pixel ({self.source}) cannot be right: "
                f"it must lie between {SMALLEST_MM_PER_PX:g} and {LARGEST_MM_PER_PX:g}."
            )
        if not (math.isfinite(self.uncertainty) and 0 <= self.uncertainty < 1):
            raise SettingsError(f"A relative uncertainty of {self.uncertainty:g} is impossible: give 0 to 1.")

    def moved(self, x_px: float, y_px: float) -> Self:
        """The scale of a cut-out whose upper left pixel lies there in the image."""
        if self.to_plane is None:
            return self
        shift = np.array([[1.0, 0.0, x_px], [0.0, 1.0, y_px], [0.0, 0.0, 1.0]])
        first, second, third = ((float(a), float(b), float(c)) for a, b, c in np.array(self.to_plane) @ shift)
        return replace(self, to_plane=(first, second, third))

    @classmethod
    def given(cls, mm_per_px: float, *, uncertainty: float = 0.0) -> Self:
        """A number that is known. Raises SettingsError when it is absurd."""
        return cls(float(mm_per_px), "given", uncertainty)

    @classmethod
    def from_points(cls, first: Pair, second: Pair, length_mm: float) -> Self:
        """Two points in the image, pixels, and the true distance between them.

        Raises:
            SettingsError: the points coincide, or the length is not above 0.
        """
        _require_positive("The length between the two points", length_mm, "mm")
        distance = math.dist(first, second)
        if not math.isfinite(distance) or distance < 1:
            raise SettingsError("The two points of the scale lie on one another; choose two that are far apart.")
        return cls(length_mm / distance, "two points", min(0.99, math.sqrt(2) * CLICK_PX / distance))

    @classmethod
    def from_camera(cls, *, distance_mm: float, focal_mm: float, sensor_width_mm: float, width_px: int) -> Self:
        """A camera that looks straight at the surface (pinhole model).

        Args:
            distance_mm: from the lens to the surface.
            focal_mm: the lens's true focal length, not its equivalent for another sensor.
            sensor_width_mm: width of the sensor along the image's longer side as it was taken.
            width_px: the image's pixels along that side.

        Raises:
            SettingsError: a value is not above 0, or the lens cannot focus so near.
        """
        for name, value in (("distance", distance_mm), ("focal length", focal_mm), ("sensor width", sensor_width_mm)):
            _require_positive(f"The camera's {name}", value, "mm")
        if distance_mm <= focal_mm:
            raise SettingsError(
                f"A surface {distance_mm:g} mm away cannot be in focus with a lens of {focal_mm:g} mm; check the two."
            )
        # At an image distance of f d / (d - f), the magnification is f / (d - f).
        mm_per_px = sensor_width_mm / width_px * (distance_mm - focal_mm) / focal_mm
        return cls(mm_per_px, "camera distance and optics", CAMERA_UNCERTAINTY)

    @classmethod
    def from_plane(cls, corners_px: Sequence[Pair], corners_mm: Sequence[Pair]) -> Self:
        """Four points of a plane, in the image and on the surface.

        Args:
            corners_px: (x, y) of each in pixels, in any order that is also that of ``corners_mm``.
            corners_mm: the same points on the surface, in millimetres from anywhere.

        Raises:
            SettingsError: not four points, three of them on one line, or a plane seen from behind.
        """
        source, target = np.asarray(corners_px, dtype=np.float64), np.asarray(corners_mm, dtype=np.float64)
        if source.shape != (4, 2) or target.shape != (4, 2) or not np.isfinite([source, target]).all():
            raise SettingsError("A plane needs exactly four points, each with x and y in pixels and in millimetres.")
        for points, unit, least in ((source, "image", 1.0), (target, "plane", 1e-6)):
            if min(_triangle_areas(points)) < least:
                raise SettingsError(f"Three of the plane's four points lie on one line in the {unit}; choose corners.")
        transform = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
        matrix = np.asarray(transform, dtype=np.float64)
        # Points of a plane in front of the camera all lie on one side of its horizon.
        depth = source @ matrix[2, :2] + matrix[2, 2]
        if depth.min() * depth.max() <= 0:
            raise SettingsError("The plane's four points are not in the same order in pixels and in millimetres.")
        first, second, third = ((float(a), float(b), float(c)) for a, b, c in matrix)
        area = abs(np.linalg.det(jacobians(matrix, source.mean(axis=0)[np.newaxis])))[0]
        sides = np.hypot(*(source - np.roll(source, 1, axis=0)).T)
        uncertainty = min(0.99, math.sqrt(2) * CLICK_PX / float(sides.mean()))
        return cls(math.sqrt(float(area)), "four points of a plane", uncertainty, (first, second, third))

    @classmethod
    def from_marker(cls, image: NDArray[np.uint8], side_mm: float) -> Self:
        """A printed ArUco or AprilTag marker beside the crack, on the same surface, seen nearly straight on.

        Args:
            image: uint8 (H, W) or (H, W, 3).
            side_mm: outer side of the marker's black square. Several markers must have the same size.

        Raises:
            SettingsError: the side is not above 0, or no marker is found.
        """
        _require_positive("The marker's side", side_mm, "mm")
        sides = _marker_sides(image)
        if not sides.size:
            raise SettingsError(
                f"No ArUco or AprilTag marker was found in the image of {image.shape[1]} x {image.shape[0]} px; "
                "show a whole, sharp marker with a white margin around it, or give the scale in another way."
            )
        mean = float(sides.mean())
        # Unequal sides are a marker seen at an angle: the scale then differs over the image by as much.
        return cls(side_mm / mean, "marker", min(0.99, math.hypot(CORNER_PX / mean, float(sides.std()) / mean)))

    def points_mm(self, points: Points) -> Points:
        """Places on the surface, float64 (N, 2), millimetres; without perspective from the image's corner."""
        if self.to_plane is None:
            return points * self.mm_per_px
        return project(np.array(self.to_plane), points)

    def widths_mm(self, widths_px: NDArray[np.float64], points: Points, tangents: Points) -> NDArray[np.float64]:
        """Widths across a line in millimetres.

        Args:
            widths_px: float64 (N,).
            points: float64 (N, 2), where.
            tangents: float64 (N, 2), unit vectors along the line.
        """
        if self.to_plane is None:
            return widths_px * self.mm_per_px
        return project_widths(np.array(self.to_plane), widths_px, points, tangents)


def _marker_sides(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Sides in pixels of all markers of the first family that is found, empty without any."""
    grey = as_grey(image)
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    for family in MARKER_FAMILIES:
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, family))
        corners, _, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(grey)
        if len(corners):
            quads = np.concatenate([np.asarray(quad, dtype=np.float64).reshape(1, 4, 2) for quad in corners])
            return np.asarray(np.hypot(*np.moveaxis(quads - np.roll(quads, 1, axis=1), 2, 0))).ravel()
    return np.empty(0)


def _require_positive(what: str, value: float, unit: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise SettingsError(f"{what} is {value:g} {unit}; it must be above 0.")


def _triangle_areas(points: Points) -> list[float]:
    """Areas of the four triangles among four points."""
    areas = []
    for left_out in range(4):
        a, b, c = np.delete(points, left_out, axis=0)
        areas.append(abs(float(np.cross(np.append(b - a, 0), np.append(c - a, 0))[2])) / 2)
    return areas
