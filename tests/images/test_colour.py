from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.errors import ImageError
from blemish.images import as_rgb_uint8
from blemish.images.colour import drop_alpha, scale_to_uint8

RAMP = np.array([[0, 51, 255], [255, 102, 0]], np.uint8)
GREY = np.dstack([RAMP] * 3)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (RAMP, GREY),
        (RAMP[..., None], GREY),
        (GREY, GREY),
        (GREY[:, ::-1], GREY[:, ::-1]),
        (RAMP.astype(np.uint16) * 257, GREY),
        (GREY.astype(np.uint16) * 257, GREY),
        (RAMP > 100, (GREY > 100) * np.uint8(255)),
        (RAMP / np.float32(255), GREY),
        (RAMP / np.float64(255), GREY),
        (GREY / np.float64(255), GREY),
        ((RAMP > 100).astype(np.float16), (GREY > 100) * np.uint8(255)),
        (np.dstack([GREY, np.full((2, 3), 255, np.uint8)]), GREY),
        (np.dstack([GREY, np.zeros((2, 3), np.uint8)]), np.full((2, 3, 3), 255, np.uint8)),
        (np.dstack([GREY / 255, np.zeros((2, 3))]), np.full((2, 3, 3), 255, np.uint8)),
        (np.zeros((1, 1), np.uint8), np.zeros((1, 1, 3), np.uint8)),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}",
)
def test_every_usual_array_becomes_rgb(array, expected):
    pixels = as_rgb_uint8(array)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    np.testing.assert_array_equal(pixels, expected)


def test_what_is_already_right_is_not_copied():
    assert as_rgb_uint8(GREY) is GREY or np.shares_memory(as_rgb_uint8(GREY), GREY)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5, np.uint8), r"must be \(H, W\).*not of shape \(5,\)"),
        (np.zeros((2, 3, 2), np.uint8), "not of shape"),
        (np.zeros((3, 4, 5), np.uint8), "not of shape"),
        (np.zeros((1, 4, 5, 3), np.uint8), "not of shape"),
        (np.zeros((0, 5, 3), np.uint8), "has no pixels"),
        (np.zeros((4, 5), np.int64), "not int64"),
        (np.zeros((4, 5), np.complex64), "not complex64"),
        (np.array([["a"]]), "not <U1"),
        (np.array([[0.5, 1.2]]), "from 0.5 to 1.2"),
        (np.array([[-0.1, 1.0]]), "from -0.1 to 1"),
        (np.array([[0.0, 255.0]]), "scale it or give uint8"),
        (np.array([[0.5, np.nan]]), "not finite"),
        (np.array([[0.5, np.inf]]), "not finite"),
    ],
)
def test_other_arrays_are_refused_in_one_sentence(array, message):
    with pytest.raises(ImageError, match=message):
        as_rgb_uint8(array)


@settings(deadline=None)
@given(
    values=st.lists(st.integers(0, 65535), min_size=1, max_size=20),
    low=st.integers(-70000, 65000),
    length=st.integers(1, 140000),
)
def test_scaling_agrees_with_its_definition(values, low, length):
    array = np.array([values], np.uint16)
    expected = np.clip((array.astype(np.float64) - low) / length * 255, 0, 255)
    np.testing.assert_allclose(scale_to_uint8(array, low, low + length), expected, atol=0.5001)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_drawing_on_white_rounds_to_the_nearest(kind):
    white = np.iinfo(kind).max
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, white + 1, (50, 40, 4)).astype(kind)
    pixels[0, 0], pixels[0, 1] = (white, white, white, white), (0, 0, 0, white)
    weight = pixels[..., 3:] / white
    np.testing.assert_allclose(drop_alpha(pixels), pixels[..., :3] * weight + white * (1 - weight), atol=0.501)
