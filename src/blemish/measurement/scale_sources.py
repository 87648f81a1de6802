"""Scales that differ from image to image: two points, a plane, a camera, a marker, a table, the file's metadata."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError, SettingsError
from blemish.images import Capture
from blemish.images.optics import Optics
from blemish.measurement.scale import Pair, Scale

# Relative standard uncertainties of what metadata say.
LASER_UNCERTAINTY, SUBJECT_UNCERTAINTY, HEIGHT_UNCERTAINTY = 0.02, 0.1, 0.1
# Of a sensor that is known, of a focal length in whole millimetres of 35 mm film, and of the same where the picture is
# so wide that it may be a part of the sensor only.
PITCH_UNCERTAINTY, FILM_UNCERTAINTY, CROP_UNCERTAINTY = 0.02, 0.05, 0.1
# Pictures of cameras are 4:3 or 3:2; wider ones are often cut from such.
_WIDEST_SENSOR = 1.55
# The height above the place of take-off is the distance where the camera looks down, within so many degrees.
MAX_OFF_NADIR_DEG = 10.0
_FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)
# Two numbers for the same image that differ by no more than this are one.
_SAME_SHAPE = 0.01


@dataclass(frozen=True, slots=True)
class Seen:
    """An image of which the scale is asked.

    Attributes:
        pixels: uint8 RGB (H, W, 3).
        image: its path below its source, with forward slashes.
        path: its file; None where it is none.
        capture: what its file says about the camera; None where it says nothing.
    """

    pixels: NDArray[np.generic]
    image: str = ""
    path: str | None = None
    capture: Capture | None = None


class ScalePerImage(ABC):
    """What tells the scale of each image."""

    @abstractmethod
    def of(self, seen: Seen) -> Scale:
        """The scale of one image. Raises SettingsError, a sentence, where it cannot be told."""

    def check(self, width_px: int, height_px: int) -> None:  # noqa: B027 - most have nothing to refuse
        """Raise SettingsError where this cannot be right for an image of that size; asked of the first image."""


@dataclass(frozen=True, slots=True)
class ScaleByPoints(ScalePerImage):
    """Two points in the image, and the true distance between them."""

    first: Pair
    second: Pair
    length_mm: float

    def __post_init__(self) -> None:
        Scale.from_points(self.first, self.second, self.length_mm)

    def __str__(self) -> str:
        return f"two points {self.length_mm:g} mm apart"

    def of(self, seen: Seen) -> Scale:
        """Refuses an image that the points lie outside of."""
        self.check(seen.pixels.shape[1], seen.pixels.shape[0])
        return Scale.from_points(self.first, self.second, self.length_mm)

    def check(self, width_px: int, height_px: int) -> None:
        """Both points must lie in the image."""
        _check_inside("point of the scale", (self.first, self.second), width_px, height_px)


@dataclass(frozen=True, slots=True)
class ScaleByPlane(ScalePerImage):
    """The corners of a rectangle in the image, clockwise from the upper left, and its sides."""

    corners: tuple[Pair, Pair, Pair, Pair]
    across_mm: float
    down_mm: float

    def __post_init__(self) -> None:
        self._scale()

    def __str__(self) -> str:
        return f"the corners of a rectangle of {self.across_mm:g} x {self.down_mm:g} mm"

    def of(self, seen: Seen) -> Scale:
        """Refuses an image that a corner lies outside of."""
        self.check(seen.pixels.shape[1], seen.pixels.shape[0])
        return self._scale()

    def check(self, width_px: int, height_px: int) -> None:
        """All corners must lie in the image."""
        _check_inside("corner of the plane", self.corners, width_px, height_px)

    def _scale(self) -> Scale:
        across, down = self.across_mm, self.down_mm
        return Scale.from_plane(self.corners, [(0, 0), (across, 0), (across, down), (0, down)])


@dataclass(frozen=True, slots=True)
class ScaleByCamera(ScalePerImage):
    """A camera that looks straight at the surface, see `Scale.from_camera`."""

    distance_mm: float
    focal_mm: float
    sensor_width_mm: float

    def __post_init__(self) -> None:
        self._scale(4000)  # impossible optics are told at once, not image by image

    def __str__(self) -> str:
        return (
            f"a camera {self.distance_mm:g} mm away, focal length {self.focal_mm:g} mm, sensor "
            f"{self.sensor_width_mm:g} mm wide"
        )

    def of(self, seen: Seen) -> Scale:
        """By the image's longer side."""
        return self._scale(max(seen.pixels.shape[:2]))

    def _scale(self, width_px: int) -> Scale:
        return Scale.from_camera(
            distance_mm=self.distance_mm,
            focal_mm=self.focal_mm,
            sensor_width_mm=self.sensor_width_mm,
            width_px=width_px,
        )


@dataclass(frozen=True, slots=True)
class ScaleByMarker(ScalePerImage):
    """A printed ArUco or AprilTag marker in each image, see `Scale.from_marker`."""

    side_mm: float

    def __post_init__(self) -> None:
        if not 0 < self.side_mm < float("inf"):
            raise SettingsError(f"The marker's side is {self.side_mm:g} mm; it must be above 0.")

    def __str__(self) -> str:
        return f"a marker of {self.side_mm:g} mm in each image"

    def of(self, seen: Seen) -> Scale:
        """By the marker found."""
        return Scale.from_marker(np.asarray(seen.pixels, np.uint8), self.side_mm)


@dataclass(frozen=True, slots=True)
class ScaleByMetadata(ScalePerImage):
    """What the image's own file says of lens, sensor and distance; only where all of it is there."""

    def __str__(self) -> str:
        return "each image's metadata"

    def of(self, seen: Seen) -> Scale:
        """From EXIF and XMP data."""
        optics = None if seen.capture is None else seen.capture.optics
        if optics is None:
            raise SettingsError("The image's file says nothing of lens and distance, so it tells no scale.")
        height_px, width_px = seen.pixels.shape[:2]
        distance_m, of_distance, distance = _distance(optics)
        per_distance, of_lens, lens = _pixel_at_unit_distance(
            optics, max(width_px, height_px), min(width_px, height_px)
        )
        return Scale(
            distance_m * 1000 * per_distance, f"metadata: {distance}, {lens}", math.hypot(of_distance, of_lens)
        )


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a scale table: what it is for, and the scale."""

    entry: str
    line: int
    scale: Scale | ScaleByCamera


@dataclass(frozen=True, slots=True)
class ScaleByTable(ScalePerImage):
    """A table with a scale for images, folders or patterns; the row that says most about an image counts.

    Attributes:
        file: the table's name.
        rows: as they stand.
    """

    file: str
    rows: tuple[TableRow, ...]

    def __str__(self) -> str:
        return f'the table "{self.file}" ({len(self.rows)} rows)'

    @classmethod
    def read(cls, table: Path | str) -> ScaleByTable:
        """Read a CSV table: ``path`` and ``mm_per_px``, or ``path``, ``distance_mm``, ``focal_mm``, ``sensor_mm``.

        A path is that of an image or a folder, as given or below the source, or a pattern such as ``*_macro.jpg``.

        Raises:
            DataError: it cannot be read, lacks a column, or a row cannot be right.
        """
        from blemish.datasets.readers.csv_files import read_rows  # here, since it takes longer than a verdict

        table = Path(table)
        if not table.is_file():
            raise DataError(f'There is no table "{table}"; give a CSV file with the columns path and mm_per_px.')
        rows = tuple(_row(table, number, row) for number, row in enumerate(read_rows(table), start=2))
        entries: dict[str, int] = {}
        for row in rows:
            if (earlier := entries.setdefault(row.entry, row.line)) != row.line:
                raise DataError(f'Lines {earlier} and {row.line} of "{table}" are both for "{row.entry}"; leave one.')
        return cls(table.name, rows)

    def of(self, seen: Seen) -> Scale:
        """A row for the image itself counts before a pattern or folder, and of these the longer one."""
        fitting = [
            (specificity, row) for row in self.rows if (specificity := _specificity(row.entry, seen)) is not None
        ]
        if not fitting:
            raise SettingsError(f'The table "{self.file}" has no row for this image.')
        _, row = max(fitting, key=lambda each: each[0])
        scale = row.scale.of(seen) if isinstance(row.scale, ScaleByCamera) else row.scale
        return Scale(scale.mm_per_px, f'"{self.file}", row "{row.entry}"', scale.uncertainty)


def _check_inside(what: str, points: Sequence[Pair], width_px: int, height_px: int) -> None:
    for x, y in points:
        if not (-0.5 <= x <= width_px - 0.5 and -0.5 <= y <= height_px - 0.5):
            raise SettingsError(
                f"The {what} at {x:g}, {y:g} lies outside the image of {width_px} x {height_px} px; give x and y in "
                "pixels from the upper left corner of the image as it is shown."
            )


def looks_down(optics: Optics) -> bool:
    """Whether a camera looked straight down, within a few degrees; not where it does not say."""
    return optics.tilt_deg is not None and abs(optics.tilt_deg + 90) <= MAX_OFF_NADIR_DEG


def _distance(optics: Optics) -> tuple[float, float, str]:
    """Metres, relative uncertainty, and in words."""
    if optics.laser_m is not None:
        return optics.laser_m, LASER_UNCERTAINTY, f"laser distance {optics.laser_m:g} m"
    if optics.subject_m is not None:
        return optics.subject_m, SUBJECT_UNCERTAINTY, f"focus distance {optics.subject_m:g} m"
    if optics.height_m is None:
        raise SettingsError("The image's metadata hold no distance to the surface, so they tell no scale.")
    if not looks_down(optics):
        raise SettingsError(
            "The image's metadata hold a height above take-off, which is the distance to the surface only where the "
            "camera looks straight down, and it does not; so they tell no scale."
        )
    if optics.height_m <= 0:
        raise SettingsError(f"The image's metadata hold a height of {optics.height_m:g} m, so they tell no scale.")
    return optics.height_m, HEIGHT_UNCERTAINTY, f"height above take-off {optics.height_m:g} m, camera straight down"


def _pixel_at_unit_distance(optics: Optics, longer_px: int, shorter_px: int) -> tuple[float, float, str]:
    """Size of a pixel on a surface at distance 1, relative uncertainty, and in words."""
    recorded = None if optics.recorded_px is None else (max(optics.recorded_px), min(optics.recorded_px))
    if recorded is not None and abs(recorded[0] * shorter_px / (recorded[1] * longer_px) - 1) > _SAME_SHAPE:
        raise SettingsError(
            f"The image has {longer_px} x {shorter_px} px and was taken with {recorded[0]} x {recorded[1]}: it was "
            "cropped, so that its metadata tell no scale."
        )
    if optics.pitch_mm is not None and optics.focal_mm is not None and recorded is not None:
        pitch_mm = optics.pitch_mm * recorded[0] / longer_px
        lens = f"focal length {optics.focal_mm:g} mm, pixel pitch {1000 * pitch_mm:.3g} µm"
        return pitch_mm / optics.focal_mm, PITCH_UNCERTAINTY, lens
    if optics.focal_35mm is None:
        raise SettingsError("The image's metadata hold no focal length with a sensor size, so they tell no scale.")
    of_lens = FILM_UNCERTAINTY if longer_px / shorter_px <= _WIDEST_SENSOR else CROP_UNCERTAINTY
    lens = f"focal length {optics.focal_35mm:g} mm (35 mm film)"
    return _FILM_DIAGONAL_MM / (optics.focal_35mm * math.hypot(longer_px, shorter_px)), of_lens, lens


def _row(table: Path, line: int, row: dict[str, str]) -> TableRow:
    entry = row.get("path", "").replace("\\", "/").rstrip("/")
    numbers: dict[str, float] = {}
    for name in ("mm_per_px", "distance_mm", "focal_mm", "sensor_mm"):
        if row.get(name):
            try:
                numbers[name] = float(row[name])
            except ValueError:
                raise DataError(f'Line {line} of "{table}": "{row[name]}" in {name} is no number.') from None
    camera = [numbers.get(name) for name in ("distance_mm", "focal_mm", "sensor_mm")]
    if not entry:
        raise DataError(f'Line {line} of "{table}" has no path; the columns are path and mm_per_px.')
    try:
        if "mm_per_px" in numbers and not any(camera):
            return TableRow(entry, line, Scale.given(numbers["mm_per_px"]))
        if "mm_per_px" not in numbers and None not in camera:
            return TableRow(entry, line, ScaleByCamera(*(each or 0.0 for each in camera)))
    except SettingsError as error:
        raise DataError(f'Line {line} of "{table}": {error}') from error
    raise DataError(
        f'Line {line} of "{table}" must hold either mm_per_px, or distance_mm, focal_mm and sensor_mm, and not both.'
    )


def _specificity(entry: str, seen: Seen) -> tuple[int, int] | None:
    """How much an entry says about an image; None where it is not for it."""
    wanted = PurePosixPath(entry)
    names = [PurePosixPath(seen.image)]
    if seen.path is not None:
        names.append(PurePosixPath(seen.path.replace("\\", "/")))
    for name in names:
        if name.parts[-len(wanted.parts) :] == wanted.parts:
            return 2, len(entry)
    if any(sign in entry for sign in "*?["):
        return (1, sum(sign not in "*?[]" for sign in entry)) if any(name.match(entry) for name in names) else None
    width = len(wanted.parts)
    folders = [name.parent.parts for name in names]
    inside = any(parts[at : at + width] == wanted.parts for parts in folders for at in range(len(parts) - width + 1))
    return (1, len(entry)) if inside else None
