"""PBM, PGM, PPM and PFM in all their ways of writing."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest

from blemish.errors import ImageError
from blemish.images import decode_image
from blemish.images.decoding import decode


def stored(data):
    return decode(BytesIO(data), "a.ppm", 1)


def samples(white, colour):
    rng = np.random.default_rng(5)
    values = rng.integers(0, white + 1, (7, 11, 3) if colour else (7, 11))
    values.flat[0], values.flat[1] = 0, white
    return values


def written(values, white, *, text, gap=b" ", comment=b""):
    colour = values.ndim == 3
    magic = {(True, False): b"P2", (True, True): b"P3", (False, False): b"P5", (False, True): b"P6"}[text, colour]
    head = gap.join([magic, comment + b"11", b"7", b"%d" % white]) + b"\n"
    body = (
        " ".join(map(str, values.ravel())).encode() if text else values.astype(">u2" if white > 255 else "u1").tobytes()
    )
    return head + body


@pytest.mark.parametrize("white", [1, 7, 100, 255, 256, 1023, 4095, 65535])
@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("text", [True, False])
def test_every_full_scale_is_read(white, colour, text):
    values = samples(white, colour)
    got = stored(written(values, white, text=text))
    if white > 255:
        np.testing.assert_array_equal(got.values, values)
        assert got.white == white
    else:
        np.testing.assert_array_equal(got.values, np.round(values * 255 / white))


@pytest.mark.parametrize("gap", [b" ", b"\n", b"\r\n", b"\t ", b"\n# a line-scan camera\n", b" #\n#\n "])
@pytest.mark.parametrize("text", [True, False])
def test_headers_with_gaps_and_comments_are_read(gap, text):
    values = samples(255, True)
    np.testing.assert_array_equal(stored(written(values, 255, text=text, gap=gap)).values, values)


@pytest.mark.parametrize("body", [b"0 1 1\n0 0 1", b"011001", b"01 1\n001", b"0 1 1 # the first row\n0 0 1"])
def test_bitmaps_as_text_are_black_where_set(body):
    assert stored(b"P1\n3 2\n" + body).values.tolist() == [[255, 0, 0], [255, 255, 0]]


def test_binary_bitmaps_begin_rows_at_full_bytes():
    assert stored(b"P4 3 2\n" + bytes([0b01100000, 0b00100000])).values.tolist() == [[255, 0, 0], [255, 255, 0]]


@pytest.mark.parametrize("kind", [".ppm", ".pgm", ".pbm", ".pfm"])
def test_what_opencv_writes_is_read(scene, kind):
    values = scene if kind in (".ppm", ".pfm") else scene[..., 0]
    given = values.astype(np.float32) / 255 if kind == ".pfm" else values
    data = cv2.imencode(kind, given[..., ::-1] if given.ndim == 3 else given)[1].tobytes()
    got = decode_image(data, "a").pixels
    expected = np.where(values > 0, 255, 0) if kind == ".pbm" else values
    expected = expected if expected.ndim == 3 else np.dstack([expected] * 3)
    assert np.abs(got.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("scale", [b"-1.0", b"1.0", b"-2.5e3"])
def test_floating_point_rows_come_from_below(scale):
    values = np.arange(6, dtype="<f4" if scale.startswith(b"-") else ">f4").reshape(2, 3)
    assert stored(b"Pf\n3 2\n" + scale + b"\n" + values[::-1].tobytes()).values.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    "data",
    [
        b"P5 3 2 255\n\1\2\3", b"P2 3 2 255\n1 2 3", b"P4 30 2\n\1", b"P1 3 2\n0 1", b"Pf 3 2 -1\n\0\0", b"P5 3 2\n",
        b"P5 3 2 0\n123456", b"P5 0 2 255\n", b"P5 3 2 70000\n123456", b"P5 x 2 255\n123456", b"P5 -3 2 255\n123456",
        b"P2 3 2 255\n1 2 3 4 5 x", b"P2 3 2 9\n1 2 3 4 5 60", b"P2 3 2 9\n1 2 3 4 5 -6", b"P5 3 2 100\n123\xff56",
        b"P6 1e999 2 255\n", b"Pf 3 2 0\n" + bytes(24), b"P2 3 2 255\n",
    ],
)  # fmt: skip
def test_damage_is_an_error(data):
    with pytest.raises(ImageError, match=r"cut short|damaged"):
        decode_image(data, "a.ppm")
