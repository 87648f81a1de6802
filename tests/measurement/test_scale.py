"""Every way of saying how large a pixel is, each against geometry worked out by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.errors import SettingsError
from blemish.measurement import Scale, measure_cracks
from blemish.measurement.homography import project, project_widths


def with_marker(side_px: int, family: int = cv2.aruco.DICT_4X4_250, turn_deg: float = 0.0) -> np.ndarray:
    image = np.full((400, 500), 220, np.uint8)
    marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(family), 7, side_px)
    image[100 : 100 + side_px, 150 : 150 + side_px] = marker
    turn = cv2.getRotationMatrix2D((150 + side_px / 2, 100 + side_px / 2), turn_deg, 1.0)
    return cv2.warpAffine(image, turn, image.shape[::-1], borderValue=220)


def test_a_given_scale_multiplies_everything(drawing):
    mask = drawing.mask(drawing.bar(110, 110, 30, 150, 5))
    (crack,) = measure_cracks(mask, scale=Scale.given(0.2))
    assert crack.mm is not None
    assert crack.mm.length == pytest.approx(0.2 * crack.length_px)
    assert crack.mm.mean_width == pytest.approx(0.2 * crack.mean_width_px)
    assert crack.mm.median_width == pytest.approx(0.2 * crack.median_width_px)
    assert crack.mm.p95_width == pytest.approx(0.2 * crack.p95_width_px)
    assert crack.mm.max_width == pytest.approx(0.2 * crack.max_width_px)
    assert crack.mm.max_width_at == crack.max_width_at
    assert crack.mm.width_uncertainty == pytest.approx(0.2 * crack.width_uncertainty_px)
    assert np.allclose(crack.widths_mm(Scale.given(0.2)), 0.2 * crack.widths_px, equal_nan=True)


def test_without_a_scale_there_are_only_pixels(drawing):
    (crack,) = measure_cracks(drawing.mask(drawing.bar(110, 110, 30, 150, 5)))
    assert crack.mm is None


def test_an_uncertain_scale_makes_widths_uncertain(drawing):
    mask = drawing.mask(drawing.bar(110, 110, 30, 150, 5))
    (sure,) = measure_cracks(mask, scale=Scale.given(0.2))
    (unsure,) = measure_cracks(mask, scale=Scale.given(0.2, uncertainty=0.1))
    assert unsure.mm.width_uncertainty == pytest.approx(np.hypot(sure.mm.width_uncertainty, 0.2 * sure.mm.max_width))


@pytest.mark.parametrize("value", [0, -1, 1e6, 1e-9, float("nan"), float("inf")])
def test_an_absurd_scale_is_refused(value: float):
    with pytest.raises(SettingsError, match="cannot be right"):
        Scale.given(value)


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_an_impossible_uncertainty_is_refused(value: float):
    with pytest.raises(SettingsError, match="give 0 to 1"):
        Scale.given(0.2, uncertainty=value)


def test_two_points_and_their_distance():
    scale = Scale.from_points((10, 20), (310, 420), 250)
    assert scale.mm_per_px == pytest.approx(0.5)
    assert scale.uncertainty == pytest.approx(np.sqrt(2) / 500)


@pytest.mark.parametrize(
    ("points", "length", "said"),
    [
        (((1, 1), (1, 1)), 10, "lie on one another"),
        (((0, 0), (100, 0)), 0, "above 0"),
        (((0, 0), (100, 0)), float("nan"), "above 0"),
        (((0, 0), (float("inf"), 0)), 10, "lie on one another"),
    ],
)
def test_two_points_that_tell_nothing(points, length: float, said: str):
    with pytest.raises(SettingsError, match=said):
        Scale.from_points(*points, length)


def test_a_camera_by_the_lens_equation():
    # 1 / f = 1 / d + 1 / b; an object of size s is s b / d large on the sensor.
    distance, focal, sensor, pixels = 1500.0, 35.0, 23.5, 6000
    image_distance = 1 / (1 / focal - 1 / distance)
    expected = sensor / pixels * distance / image_distance
    scale = Scale.from_camera(distance_mm=distance, focal_mm=focal, sensor_width_mm=sensor, width_px=pixels)
    assert scale.mm_per_px == pytest.approx(expected)
    assert scale.uncertainty > 0


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        ({"distance_mm": 40, "focal_mm": 50, "sensor_width_mm": 36}, "in focus"),
        ({"distance_mm": -1, "focal_mm": 50, "sensor_width_mm": 36}, "distance is -1 mm"),
        ({"distance_mm": 1000, "focal_mm": 0, "sensor_width_mm": 36}, "focal length is 0 mm"),
        ({"distance_mm": 1000, "focal_mm": 50, "sensor_width_mm": float("nan")}, "sensor width"),
    ],
)
def test_an_impossible_camera_is_refused(camera: dict, said: str):
    with pytest.raises(SettingsError, match=said):
        Scale.from_camera(**camera, width_px=4000)


@pytest.mark.parametrize("family", [cv2.aruco.DICT_4X4_250, cv2.aruco.DICT_6X6_250, cv2.aruco.DICT_APRILTAG_36h11])
@pytest.mark.parametrize("turn_deg", [0, 17])
def test_a_marker_of_known_size(family: int, turn_deg: float):
    scale = Scale.from_marker(with_marker(120, family, turn_deg), 60)
    assert scale.mm_per_px == pytest.approx(0.5, rel=0.02)
    assert 0 < scale.uncertainty < 0.03


def test_a_marker_seen_at_an_angle_is_as_uncertain_as_its_sides_are_unequal():
    narrow = cv2.resize(with_marker(120), None, fx=0.8, fy=1)
    scale = Scale.from_marker(narrow, 60)
    assert scale.mm_per_px == pytest.approx(60 / 108, rel=0.02)
    assert scale.uncertainty == pytest.approx(12 / 108, rel=0.05)


def test_an_image_without_a_marker_says_so():
    with pytest.raises(SettingsError, match="No ArUco or AprilTag marker was found in the image of 500 x 400 px"):
        Scale.from_marker(np.full((400, 500, 3), 220, np.uint8), 60)
    with pytest.raises(SettingsError, match="above 0"):
        Scale.from_marker(with_marker(120), 0)


CORNERS_PX = [(40, 30), (200, 50), (180, 190), (30, 170)]
CORNERS_MM = [(0, 0), (100, 0), (100, 80), (0, 80)]


def test_four_points_of_a_plane_lay_themselves_on_their_places():
    scale = Scale.from_plane(CORNERS_PX, CORNERS_MM)
    assert np.allclose(scale.points_mm(np.array(CORNERS_PX, float)), CORNERS_MM, atol=1e-3)
    assert scale.to_plane is not None


def test_a_crack_seen_at_an_angle_is_measured_on_the_surface(drawing):
    # A strip of 2 mm on the plane from (20, 20) to (80, 60) mm, as the camera sees it.
    scale = Scale.from_plane(CORNERS_PX, CORNERS_MM)
    to_plane = np.array(scale.to_plane)
    start, step = np.array([20.0, 20.0]), np.array([60.0, 40.0])
    unit = step / np.hypot(*step)

    def inside(px, py):
        places = np.column_stack(
            [np.broadcast_to(p, np.broadcast_shapes(px.shape, py.shape)).ravel() for p in (px, py)]
        )
        on_plane = project(to_plane, places.astype(float)) - start
        along, across = on_plane @ unit, on_plane @ [-unit[1], unit[0]]
        strip = (along >= 0) & (along <= np.hypot(*step)) & (np.abs(across) <= 1.0)
        return strip.reshape(np.broadcast_shapes(px.shape, py.shape))

    (crack,) = measure_cracks(drawing.mask(inside), drawing.image(inside, noise=0.02), scale=scale)
    assert crack.mm.length == pytest.approx(np.hypot(*step), rel=0.02)
    assert crack.mm.mean_width == pytest.approx(2.0, abs=0.1)
    assert crack.mm.max_width == pytest.approx(2.0, abs=0.25)
    # Nearer to the camera, the same strip is wider in pixels.
    assert crack.max_width_px - np.nanmin(crack.widths_px) > 0.1


@given(x=st.floats(40, 180), y=st.floats(50, 160), deg=st.floats(0, 180))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_widths_on_a_plane_agree_with_projecting_both_edges(x: float, y: float, deg: float):
    matrix = np.array(Scale.from_plane(CORNERS_PX, CORNERS_MM).to_plane)
    along = np.array([np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))])
    middle, across, small = np.array([x, y]), np.array([-along[1], along[0]]), 1e-4
    width = project_widths(matrix, np.array([small]), middle[np.newaxis], along[np.newaxis])[0]
    a, b, one, other = project(
        matrix,
        np.array(
            [middle + offset for offset in (-small * along, small * along, -small / 2 * across, small / 2 * across)]
        ),
    )
    direction = (b - a) / np.hypot(*(b - a))
    by_hand = abs(direction[0] * (other - one)[1] - direction[1] * (other - one)[0])
    assert width == pytest.approx(by_hand, rel=1e-3)


@pytest.mark.parametrize(
    ("corners_px", "corners_mm", "said"),
    [
        (CORNERS_PX[:3], CORNERS_MM[:3], "exactly four points"),
        ([(0, 0), (1, 1), (2, 2), (5, 0)], CORNERS_MM, "one line in the image"),
        (CORNERS_PX, [(0, 0), (1, 0), (2, 0), (0, 5)], "one line in the plane"),
        (CORNERS_PX, [CORNERS_MM[i] for i in (0, 2, 1, 3)], "same order"),
        ([(0, 0), (float("nan"), 1), (2, 2), (5, 0)], CORNERS_MM, "exactly four points"),
    ],
)
def test_four_points_that_are_no_plane(corners_px, corners_mm, said: str):
    with pytest.raises(SettingsError, match=said):
        Scale.from_plane(corners_px, corners_mm)
