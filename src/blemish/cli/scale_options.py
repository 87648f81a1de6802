"""How large a pixel is, as options: one of seven ways, the same for every verb that measures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from blemish.cli.completion import grade_names
from blemish.cli.panels import SCALE, option
from blemish.errors import SettingsError

if TYPE_CHECKING:
    from blemish.measurement import GradeScale, Scale, ScalePerImage

MmPerPxOption = Annotated[float | None, option(SCALE, "Scale: millimetres per pixel.", "--mm-per-px", kind="MM")]
PointsOption = Annotated[
    str | None, option(SCALE, "Scale: two points and their distance.", "--scale-points", kind="X1,Y1,X2,Y2,MM")
]
MarkerOption = Annotated[
    float | None, option(SCALE, "Scale: side of an ArUco marker in each image.", "--scale-marker", kind="MM")
]
CameraOption = Annotated[
    str | None,
    option(SCALE, "Scale: distance, focal length, sensor width.", "--scale-camera", kind="MM,MM,MM"),
]
PlaneOption = Annotated[
    str | None,
    option(
        SCALE,
        "Scale: the corners of a rectangle, clockwise, then its sides.",
        "--scale-plane",
        kind="X1,Y1,…,Y4,MM,MM",
    ),
]
TableOption = Annotated[
    Path | None,
    option(SCALE, "Scale: a CSV table of images or folders and mm_per_px.", "--scale-table", kind="FILE"),
]
MetadataOption = Annotated[
    bool, option(SCALE, "Scale: from each image's own EXIF and XMP data, where complete.", "--scale-metadata")
]
GradeOption = Annotated[
    str | None,
    option(
        SCALE,
        "Grade widths by this scale: a name, or a YAML file.",
        "--grade",
        kind="NAME|FILE",
        autocompletion=grade_names,
    ),
]


def grade_scale(name: str | None) -> GradeScale | None:
    """The grade scale of an option; None without one. Raises SettingsError for one that does not exist."""
    if name is None:
        return None
    from blemish.measurement.grades import load_grades

    return load_grades(name)


def scale_source(
    mm_per_px: float | None = None,
    points: str | None = None,
    marker_mm: float | None = None,
    camera: str | None = None,
    plane: str | None = None,
    table: Path | None = None,
    metadata: bool = False,
) -> Scale | ScalePerImage | None:
    """From options to a scale, or to what tells that of each image; None without any of them.

    Raises:
        SettingsError: two ways at once, or numbers that cannot be right.
        DataError: the table cannot be right.
    """
    given = [
        name
        for name, value in (
            ("--mm-per-px", mm_per_px),
            ("--scale-points", points),
            ("--scale-marker", marker_mm),
            ("--scale-camera", camera),
            ("--scale-plane", plane),
            ("--scale-table", table),
            ("--scale-metadata", metadata or None),
        )
        if value is not None
    ]
    if not given:
        return None
    if len(given) > 1:
        raise SettingsError(f"Give the scale in one way only, not by {' and '.join(given)}.")

    from blemish import measurement

    if mm_per_px is not None:
        return measurement.Scale.given(mm_per_px)
    if points is not None:
        x0, y0, x1, y1, length_mm = _numbers("--scale-points", points, 5)
        return measurement.ScaleByPoints((x0, y0), (x1, y1), length_mm)
    if plane is not None:
        x0, y0, x1, y1, x2, y2, x3, y3, across_mm, down_mm = _numbers("--scale-plane", plane, 10)
        return measurement.ScaleByPlane(((x0, y0), (x1, y1), (x2, y2), (x3, y3)), across_mm, down_mm)
    if camera is not None:
        return measurement.ScaleByCamera(*_numbers("--scale-camera", camera, 3))
    if table is not None:
        return measurement.ScaleByTable.read(table)
    return measurement.ScaleByMetadata() if metadata else measurement.ScaleByMarker(marker_mm or 0.0)


def pair_of(option: str, text: str) -> tuple[float, float]:
    """The two numbers of an option such as ``0,4095``. Raises SettingsError for anything else."""
    low, high = _numbers(option, text, 2)
    return low, high


def _numbers(option: str, text: str, count: int) -> list[float]:
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise SettingsError(f'{option} wants {count} numbers with commas between them; got "{text}".')
    return numbers
