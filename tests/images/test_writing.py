from __future__ import annotations

import numpy as np
import pytest

from blemish.errors import BlemishError, ImageError
from blemish.images import load_image, read_image, write_jpeg, write_png


@pytest.mark.parametrize("name", ["out.png", "새 폴더/깊이/균열 지도.png"])
def test_a_png_comes_back_exactly(tmp_path, scene, name):
    write_png(tmp_path / name, scene)
    np.testing.assert_array_equal(read_image(tmp_path / name), scene)


def test_a_grey_png_comes_back_exactly(tmp_path, scene):
    write_png(tmp_path / "out.png", scene[..., 0])
    np.testing.assert_array_equal(read_image(tmp_path / "out.png")[..., 2], scene[..., 0])


def test_a_mask_is_written_black_and_white(tmp_path, scene):
    mask = scene[..., 0] > 99
    write_png(tmp_path / "mask.png", mask)
    np.testing.assert_array_equal(read_image(tmp_path / "mask.png")[..., 0], mask * np.uint8(255))


def test_sixteen_bit_comes_back_exactly(read_deep, tmp_path, deep_scene):
    write_png(tmp_path / "deep.png", deep_scene)
    np.testing.assert_array_equal(read_deep(tmp_path / "deep.png"), deep_scene)


def test_transparency_is_kept(tmp_path, scene):
    write_png(tmp_path / "out.png", np.dstack([scene, np.zeros(scene.shape[:2], np.uint8)]))
    image = load_image(tmp_path / "out.png")
    assert (image.pixels == 255).all()
    assert image.notes


def test_a_jpeg_keeps_the_order_of_colours(tmp_path):
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 220
    write_jpeg(tmp_path / "빨강.jpg", red)
    np.testing.assert_allclose(read_image(tmp_path / "빨강.jpg"), red, atol=4)


def test_quality_costs_bytes(tmp_path, scene):
    write_jpeg(tmp_path / "a.jpg", scene, quality=95)
    write_jpeg(tmp_path / "b.jpg", scene, quality=20)
    assert (tmp_path / "a.jpg").stat().st_size > 2 * (tmp_path / "b.jpg").stat().st_size


def test_nothing_but_the_file_is_left(tmp_path, scene):
    write_png(tmp_path / "out.png", scene)
    write_png(tmp_path / "out.png", scene[::2])
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_a_jpeg_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(ImageError, match="at most 65535 px"):
        write_jpeg(tmp_path / "line.jpg", np.zeros((65536, 1, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_target_that_cannot_be_written_is_named(tmp_path, scene):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BlemishError, match="Cannot write"):
        write_png(tmp_path / "file" / "out.png", scene)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.int32),
    ],
)
@pytest.mark.parametrize("write", [write_png, write_jpeg])
def test_arrays_that_are_no_pictures_are_refused(tmp_path, write, array):
    with pytest.raises(ValueError, match="cannot write an array"):
        write(tmp_path / "out.png", array)
    assert not list(tmp_path.iterdir())
