"""Blur, motion, noise and noise removal, where each was put in by known amounts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.images.sharpness import MAX_BLUR_PX, sharpness


def blobs(shape: tuple[int, int] = (420, 520), size: float = 6.0) -> np.ndarray:
    """Shapes with sharp edges in all directions, float32."""
    chance = np.random.default_rng(0)
    field = cv2.GaussianBlur(chance.normal(size=shape).astype(np.float32), (0, 0), size)
    return np.where(field > 0, 150, 110).astype(np.float32)


def taken(picture: np.ndarray, noise: float = 1.0, seed: int = 1) -> np.ndarray:
    noisy = picture + np.random.default_rng(seed).normal(size=picture.shape) * noise
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("blur", [0.7, 1.0, 1.5, 2.0])
def test_the_blur_of_edges_is_found(blur: float):
    found = sharpness(taken(cv2.GaussianBlur(blobs(), (0, 0), blur)))
    assert found.blur_px == pytest.approx(blur, rel=0.15)
    assert not found.moved


def test_a_colour_image_and_a_large_one_tell_the_same():
    picture = taken(cv2.GaussianBlur(blobs((2300, 2400)), (0, 0), 1.2))
    whole = sharpness(picture).blur_px
    assert whole == pytest.approx(1.2, rel=0.15)
    assert sharpness(np.dstack([picture] * 3)).blur_px == pytest.approx(whole, rel=0.02)


@pytest.mark.parametrize("upright", [False, True])
def test_blur_in_one_direction_is_motion(upright: bool):
    kernel = np.zeros((9, 9), np.float32)
    kernel[4] = 1 / 9
    moved = sharpness(taken(cv2.filter2D(blobs(), -1, kernel.T if upright else kernel)))
    assert moved.moved
    assert moved.blur_px > 1.5


@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0, 8.0])
def test_the_noise_of_plain_parts_is_found(noise: float):
    assert sharpness(taken(cv2.GaussianBlur(blobs(), (0, 0), 1.5), noise)).noise_levels == pytest.approx(
        noise, rel=0.15
    )


def test_what_noise_removal_took_is_noticed():
    picture = taken(blobs(size=20.0), 3.0)
    assert not sharpness(picture).smoothed
    assert sharpness(cv2.fastNlMeansDenoising(picture, None, 12, 5, 11)).smoothed
    # Out of focus is another matter.
    assert not sharpness(taken(cv2.GaussianBlur(blobs(), (0, 0), 3.0), 0.2)).smoothed


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((1, 1), np.uint8), np.zeros((3, 400, 3), np.uint8), np.full((200, 200), 255, np.uint8)],
    ids=["one pixel", "a strip", "white"],
)
def test_an_image_without_edges_tells_no_blur(pixels: np.ndarray):
    found = sharpness(pixels)
    assert (found.blur_px, found.moved, found.soft, found.noise_levels, found.smoothed) == (
        None,
        False,
        False,
        0,
        False,
    )


def test_no_blur_is_beyond_what_can_be_told():
    assert sharpness(taken(cv2.GaussianBlur(blobs(), (0, 0), 30), 0.0)).blur_px in (None, MAX_BLUR_PX)


def rough(shape: tuple[int, int] = (300, 400)) -> np.ndarray:
    """A surface of grain of all sizes, as concrete is, without any edge, float32."""
    chance = np.random.default_rng(5)
    grains = (
        size * cv2.GaussianBlur(chance.normal(size=shape).astype(np.float32), (0, 0), size)
        for size in (0.7, 1.4, 2.8, 5.6)
    )
    return 130 + 14 * sum(grains)


def test_the_texture_of_a_rough_surface_tells_what_its_edges_cannot():
    sharp = sharpness(taken(rough(), 2.0))
    assert (sharp.moved, sharp.soft) == (False, False)
    blurred = sharpness(taken(cv2.GaussianBlur(rough(), (0, 0), 3), 2.0))
    assert (blurred.moved, blurred.soft) == (False, True)


@pytest.mark.parametrize("direction", ["along x", "along y", "aslant"])
def test_texture_smeared_along_one_direction_is_motion(direction: str):
    kernel = {"along x": np.ones((1, 21)), "along y": np.ones((21, 1)), "aslant": np.eye(13)}[direction]
    assert sharpness(taken(cv2.filter2D(rough(), -1, kernel / kernel.sum()), 2.0)).moved


def test_a_crack_or_a_joint_in_a_rough_surface_is_no_motion():
    surface = rough()
    surface[:, 60:66] = surface[:, 300:312] = 40
    assert not sharpness(taken(surface, 2.0)).moved
