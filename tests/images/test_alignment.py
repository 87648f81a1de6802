"""Laying images over a reference: the movement is found, images and maps are moved by it, misfits are left."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blemish.images import Placement, find_placement, to_reference

HEIGHT, WIDTH = 300, 400
POINTS = np.array([[160, 150, 1], [300, 100, 1], [320, 220, 1]], np.float64).T


def part() -> NDArray[np.uint8]:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.circle(image, (160, 150), 90, (180, 170, 160), -1, cv2.LINE_AA)
    cv2.circle(image, (160, 150), 30, (60, 60, 60), -1, cv2.LINE_AA)
    cv2.rectangle(image, (270, 60), (350, 130), (200, 200, 210), -1)
    cv2.line(image, (260, 250), (380, 200), (30, 30, 30), 6, cv2.LINE_AA)
    return image


def movement(degrees: float, x: float, y: float) -> NDArray[np.float64]:
    matrix = np.asarray(cv2.getRotationMatrix2D(((WIDTH - 1) / 2, (HEIGHT - 1) / 2), degrees, 1.0), np.float64)
    matrix[:, 2] += (x, y)
    return matrix


def moved(image: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE), np.uint8)


@settings(max_examples=30, deadline=None)
@given(st.floats(-18, 18), st.floats(-50, 50), st.floats(-40, 40), st.floats(0.6, 1.2), st.integers(0, 1000))
def test_shift_and_rotation_are_found_in_another_light(degrees: float, x: float, y: float, light: float, seed: int):
    matrix = movement(degrees, x, y)
    noise = np.random.default_rng(seed).normal(0, 6, (HEIGHT, WIDTH, 3))
    image = np.clip(moved(part(), matrix) * light + noise, 0, 255).astype(np.uint8)
    found = find_placement(image, to_reference(part(), (120, 160)))
    assert found is not None
    assert np.abs(found.matrix @ POINTS - matrix @ POINTS).max() < 1.5


def test_an_image_of_other_size_and_proportions_than_the_reference():
    small = cv2.resize(moved(part(), movement(6, 20, -12)), (200, 180), interpolation=cv2.INTER_AREA)
    found = find_placement(np.asarray(small, np.uint8), to_reference(part(), (120, 160)))
    assert found is not None
    scale = np.array([[200 / WIDTH], [180 / HEIGHT]])
    expected = movement(6, 20, -12) @ POINTS
    there = np.vstack([(POINTS[:2] + 0.5) * scale - 0.5, np.ones(3)])
    assert np.abs(found.matrix @ there - ((expected + 0.5) * scale - 0.5)).max() < 1.0


def test_a_large_image_is_turned_about_the_middle_of_its_pixels():
    """A reference of a tenth of the size: half a pixel of it, forgotten, would shift a turned image by a pixel."""
    size = (1600, 1200)
    large = cv2.GaussianBlur(cv2.resize(part(), size, interpolation=cv2.INTER_LINEAR), (0, 0), 5)
    matrix = np.asarray(cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), 15.0, 1.0), np.float64)
    turned = np.asarray(cv2.warpAffine(large, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    found = find_placement(turned, to_reference(np.asarray(large, np.uint8), (120, 160)))
    assert found is not None
    places = np.vstack([4 * POINTS[:2], np.ones(3)])
    off = (found.matrix @ places - matrix @ places).mean(axis=1)
    assert np.abs(off).max() < 0.35


def test_laying_and_moving_back_undo_one_another():
    matrix = movement(7, 15, -20)
    placement = Placement(matrix)
    middle = (slice(60, 240), slice(70, 330))
    laid = placement.lay(moved(part(), matrix)).astype(int)
    assert np.abs(laid - part())[middle].mean() < 2
    anomaly = np.zeros((HEIGHT, WIDTH), np.float32)
    anomaly[140:160, 150:170] = 1
    back = placement.back(anomaly)
    weight = back / back.sum()
    seen = np.array([(weight * axis).sum() for axis in np.mgrid[:HEIGHT, :WIDTH]])[::-1]
    assert seen == pytest.approx(matrix @ [159.5, 149.5, 1], abs=0.2)


def test_what_a_moved_image_does_not_show_has_the_least_heat():
    back = Placement(movement(0, 100, 0)).back(
        np.full((HEIGHT, WIDTH), 3, np.float32) + np.eye(HEIGHT, WIDTH, dtype="f")
    )
    assert back[:, :90].max() == back.min() == 3


@pytest.mark.parametrize(
    "image",
    [
        np.full((HEIGHT, WIDTH, 3), 128, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8),
        part()[::-1, ::-1].copy(),
    ],
    ids=["blank", "one pixel", "noise", "upside down"],
)
def test_what_does_not_fit_is_left_as_it_lies(image: NDArray[np.uint8]):
    assert find_placement(image, to_reference(part(), (120, 160))) is None


def test_an_image_that_lies_too_far_off_is_left_as_it_lies():
    far = moved(part(), movement(0, 190, 0))
    assert find_placement(far, to_reference(part(), (120, 160))) is None


def test_a_blank_reference_fits_nothing():
    assert find_placement(part(), np.full((120, 160), 90, np.uint8)) is None
