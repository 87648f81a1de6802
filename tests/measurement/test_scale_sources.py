"""The scale of each image: from points, a table, a marker, and from what its file says of lens and distance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blemish.errors import DataError, SettingsError
from blemish.images import Capture
from blemish.images.optics import Optics
from blemish.measurement import ScaleByCamera, ScaleByMarker, ScaleByMetadata, ScaleByPlane, ScaleByPoints, ScaleByTable
from blemish.measurement.scale_sources import Seen


def seen(
    image: str = "a.jpg", path: str | None = None, size_px: tuple[int, int] = (4000, 3000), **optics: object
) -> Seen:
    capture = Capture(optics=Optics(**optics)) if optics else None
    return Seen(np.broadcast_to(np.uint8(0), (*size_px[::-1], 3)), image, path, capture)


@pytest.mark.parametrize("point", [(-1, 5), (5, -0.6), (4000, 5), (5, 2999.6)])
def test_points_outside_the_image_are_refused(point: tuple[float, float]):
    scale = ScaleByPoints((100, 100), point, 50)
    with pytest.raises(SettingsError, match=r"lies outside the image of 4000 x 3000 px"):
        scale.of(seen())


@pytest.mark.parametrize("corner", [(-1, 2500), (10, 3000)])
def test_a_plane_beyond_the_image_is_refused(corner: tuple[float, float]):
    plane = ScaleByPlane(((10, 10), (3000, 20), (2900, 2500), corner), 100, 80)
    with pytest.raises(SettingsError, match=r"The corner of the plane at .* lies outside the image"):
        plane.of(seen())


def test_points_on_the_border_are_inside():
    assert ScaleByPoints((0, 0), (3999, 0), 3999).of(seen()).mm_per_px == pytest.approx(1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ScaleByPoints((1, 1), (1, 1), 5), "lie on one another"),
        (lambda: ScaleByMarker(0), "it must be above 0"),
        (lambda: ScaleByCamera(10, 35, 23.5), "cannot be in focus"),
        (lambda: ScaleByPlane(((0, 0), (10, 0), (20, 0), (5, 5)), 10, 10), "lie on one line"),
    ],
)
def test_what_cannot_be_right_for_any_image_is_refused_at_once(make, said: str):
    with pytest.raises(SettingsError, match=said):
        make()


TABLE = """path;mm_per_px;distance_mm;focal_mm;sensor_mm
*;9;;;
pier 2;0.5;;;
pier 2/north;0.4;;;
pier 2/*_macro.jpg;0.1;;;
pier 2\\north\\IMG_7.jpg;0.3;;;
far;;5000;50;36
"""


@pytest.mark.parametrize(
    ("image", "path", "mm_per_px"),
    [
        ("pier 2/IMG_1.jpg", None, 0.5),
        ("pier 2/north/IMG_1.jpg", None, 0.4),
        ("pier 2/north/IMG_7.jpg", None, 0.3),
        ("IMG_7.jpg", "/photos/pier 2/north/IMG_7.jpg", 0.3),
        ("IMG_9.jpg", "/photos/pier 2/north/IMG_9.jpg", 0.4),
        ("pier 2/x_macro.jpg", None, 0.1),
        ("x_macro.jpg", "drone/pier 2/x_macro.jpg", 0.1),
        ("pier 22/IMG_1.jpg", None, 9),
        ("far/a.jpg", None, 36 / 4000 * 4950 / 50),
    ],
)
def test_the_row_that_says_most_about_an_image_counts(tmp_path: Path, image: str, path: str | None, mm_per_px: float):
    (tmp_path / "scales.csv").write_text(TABLE, encoding="utf-8-sig")
    scale = ScaleByTable.read(tmp_path / "scales.csv").of(seen(image, path))
    assert scale.mm_per_px == pytest.approx(mm_per_px)
    assert scale.source.startswith('"scales.csv", row "')


def test_an_image_without_a_row_is_said(tmp_path: Path):
    (tmp_path / "scales.csv").write_text("path,mm_per_px\nwall,0.2\n")
    with pytest.raises(SettingsError, match=r'"scales.csv" has no row for this image'):
        ScaleByTable.read(tmp_path / "scales.csv").of(seen("floor/a.jpg"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,mm_per_px\nwall,x\n", 'Line 2 of .*: "x" in mm_per_px is no number'),
        ("path,mm_per_px\nwall,0\n", "Line 2 of .*: A scale of 0 mm per pixel"),
        ("path,mm_per_px\n,0.2\n", "Line 2 of .* has no path"),
        ("name,mm_per_px\nwall,0.2\n", "Line 2 of .* has no path"),
        ("path,mm_per_px\nwall,\n", "must hold either mm_per_px, or distance_mm"),
        ("path,mm_per_px,distance_mm,focal_mm,sensor_mm\nwall,0.2,500,35,36\n", "and not both"),
        ("path,distance_mm,focal_mm,sensor_mm\nwall,500,35,\n", "must hold either"),
        ("path,distance_mm,focal_mm,sensor_mm\nwall,10,35,36\n", "Line 2 of .*cannot be in focus"),
        ("path,mm_per_px\nwall,0.2\nwall/,0.3\n", 'Lines 2 and 3 of .* are both for "wall"'),
        ("path,mm_per_px\n", "has no rows"),
    ],
)
def test_tables_that_cannot_be_right_are_one_sentence_with_the_line(tmp_path: Path, text: str, said: str):
    (tmp_path / "scales.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        ScaleByTable.read(tmp_path / "scales.csv")


def test_a_table_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(DataError, match="There is no table"):
        ScaleByTable.read(tmp_path / "scales.csv")


NADIR = {"height_m": 40.0, "tilt_deg": -89.9}
# 4/3 inch: 17.3 x 13 mm, 5280 px, a lens of 12.29 mm that is called 24 mm.
M3E_PX = 17.3 / 5280 / 12.29
M3E = {"focal_mm": 12.29, "focal_35mm": 24.0, "recorded_px": (5280, 3956)}


@pytest.mark.parametrize(
    ("optics", "size_px", "mm_per_px", "source"),
    [
        (
            {**M3E, "laser_m": 10.0},
            (5280, 3956),
            10_000 * M3E_PX,
            "laser distance 10 m, focal length 24",
        ),
        ({**M3E, "laser_m": 10.0}, (1320, 989), 4 * 10_000 * M3E_PX, "laser distance"),
        (
            {**M3E, **NADIR},
            (5280, 3956),
            40_000 * M3E_PX,
            "height above take-off 40 m, camera",
        ),
        ({**M3E, "subject_m": 2.0}, (3956, 5280), 2000 * M3E_PX, "focus distance 2 m"),
        ({**M3E, "laser_m": 10.0, "subject_m": 3.0, **NADIR}, (5280, 3956), 10_000 * M3E_PX, "laser"),
        (
            {"focal_mm": 35.0, "pitch_mm": 0.006, "recorded_px": (6000, 4000), "subject_m": 2.0},
            (3000, 2000),
            2000 * 0.012 / 35,
            "pixel pitch 12 µm",
        ),
    ],
)
def test_metadata_that_are_complete_tell_the_scale(
    optics: dict[str, object], size_px: tuple[int, int], mm_per_px: float, source: str
):
    scale = ScaleByMetadata().of(seen(size_px=size_px, **optics))
    assert scale.mm_per_px == pytest.approx(mm_per_px, rel=0.03)
    assert source in scale.source
    assert 0.02 < scale.uncertainty < 0.2


@pytest.mark.parametrize(
    ("optics", "said"),
    [
        ({}, "says nothing of lens and distance"),
        (M3E, "hold no distance"),
        ({**M3E, "height_m": 40.0}, "only where the camera looks straight down"),
        ({**M3E, "height_m": 40.0, "tilt_deg": -45.0}, "only where the camera looks straight down"),
        ({**M3E, "height_m": -3.0, "tilt_deg": -90.0}, "a height of -3 m"),
        ({"laser_m": 10.0, "focal_mm": 12.29}, "no focal length with a sensor size"),
        ({**M3E, "recorded_px": (5280, 2970), "laser_m": 10.0}, "it was cropped"),
    ],
)
def test_metadata_with_a_gap_tell_none_and_say_which(optics: dict[str, object], said: str):
    with pytest.raises(SettingsError, match=said):
        ScaleByMetadata().of(seen(**optics))
