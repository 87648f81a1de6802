"""How large a pixel is, as options: one of five ways, the same for every verb that measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.cli.completion import grade_names
from blemish.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from blemish.measurement.grades import GradeScale
    from blemish.measurement.scale import Scale

MmPerPxOption = Annotated[
    float | None,
    typer.Option(
        "--mm-per-px",
        help="Scale: millimetres per pixel.",
        metavar="S",
        show_default=False,
        rich_help_panel="Scale and grades",
    ),
]
PointsOption = Annotated[
    str | None,
    typer.Option(
        "--scale-points",
        help="Scale: two points and their distance.",
        metavar="X1,Y1,X2,Y2,MM",
        rich_help_panel="Scale and grades",
    ),
]
MarkerOption = Annotated[
    float | None,
    typer.Option(
        "--scale-marker",
        help="Scale: side of an ArUco marker in each image.",
        metavar="MM",
        show_default=False,
        rich_help_panel="Scale and grades",
    ),
]
CameraOption = Annotated[
    str | None,
    typer.Option(
        "--scale-camera",
        help="Scale: distance, focal length, sensor width.",
        metavar="MM,MM,MM",
        rich_help_panel="Scale and grades",
    ),
]
PlaneOption = Annotated[
    str | None,
    typer.Option(
        "--scale-plane",
        help="Scale: the corners of a rectangle, clockwise, then its sides.",
        metavar="X1,Y1,…,Y4,MM,MM",
        rich_help_panel="Scale and grades",
    ),
]
GradeOption = Annotated[
    str | None,
    typer.Option(
        "--grade",
        help="Grade widths by this scale: a name, or a YAML file.",
        metavar="NAME|FILE",
        rich_help_panel="Scale and grades",
        autocompletion=grade_names,
    ),
]


@dataclass(frozen=True, slots=True)
class ScaleByImage:
    """A scale that each image tells.

    Attributes:
        said: how, in words.
        tell: from pixels, uint8 RGB (H, W, 3); raises SettingsError where they do not tell it.
    """

    said: str
    tell: Callable[[NDArray[np.uint8]], Scale]

    def __call__(self, pixels: NDArray[np.uint8]) -> Scale:
        """The scale of one image."""
        return self.tell(pixels)

    def __str__(self) -> str:
        return self.said


def grade_scale(name: str | None) -> GradeScale | None:
    """The grade scale of an option; None without one. Raises SettingsError for one that does not exist."""
    if name is None:
        return None
    from blemish.measurement.grades import load_grades

    return load_grades(name)


def scale_source(
    mm_per_px: float | None, points: str | None, marker_mm: float | None, camera: str | None, plane: str | None
) -> Scale | ScaleByImage | None:
    """From options to a scale, or to what tells it from an image; None without any of them.

    Raises:
        SettingsError: two ways at once, or numbers that cannot be right.
    """
    given = [
        name
        for name, value in (
            ("--mm-per-px", mm_per_px),
            ("--scale-points", points),
            ("--scale-marker", marker_mm),
            ("--scale-camera", camera),
            ("--scale-plane", plane),
        )
        if value is not None
    ]
    if not given:
        return None
    if len(given) > 1:
        raise SettingsError(f"Give the scale in one way only, not by {' and '.join(given)}.")

    from blemish.measurement.scale import Scale

    if mm_per_px is not None:
        return Scale.given(mm_per_px)
    if points is not None:
        x0, y0, x1, y1, length_mm = _numbers("--scale-points", points, 5)
        return Scale.from_points((x0, y0), (x1, y1), length_mm)
    if plane is not None:
        *corners, across_mm, down_mm = _numbers("--scale-plane", plane, 10)
        corners_px = list(zip(corners[0::2], corners[1::2], strict=True))
        return Scale.from_plane(corners_px, [(0, 0), (across_mm, 0), (across_mm, down_mm), (0, down_mm)])
    if camera is not None:
        distance_mm, focal_mm, sensor_mm = _numbers("--scale-camera", camera, 3)

        def by_camera(width_px: int) -> Scale:
            return Scale.from_camera(
                distance_mm=distance_mm, focal_mm=focal_mm, sensor_width_mm=sensor_mm, width_px=width_px
            )

        by_camera(4000)  # impossible optics are told at once, not image by image
        said = f"a camera {distance_mm:g} mm away, focal length {focal_mm:g} mm, sensor {sensor_mm:g} mm wide"
        return ScaleByImage(said, lambda pixels: by_camera(max(pixels.shape[:2])))
    side_mm = marker_mm or 0.0
    if not 0 < side_mm < float("inf"):
        raise SettingsError(f"The marker's side is {side_mm:g} mm; it must be above 0.")
    return ScaleByImage(f"a marker of {side_mm:g} mm in each image", lambda pixels: Scale.from_marker(pixels, side_mm))


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
