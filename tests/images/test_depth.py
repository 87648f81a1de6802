from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.errors import ImageError
from blemish.images import ReadOptions, decode_image


def _three(values):
    return values if values.ndim == 3 else np.dstack([values] * 3)


def _pgm(values, white):
    magic = b"P6" if values.ndim == 3 else b"P5"
    head = b"%s\n# a line-scan camera\n%d %d\n%d\n" % (magic, values.shape[1], values.shape[0], white)
    return head + values.astype(">u2").tobytes()


def _files(values, make_png, make_tiff):
    bgr = values[..., ::-1] if values.ndim == 3 else values
    return {
        "png": make_png(values),
        "tiff": make_tiff(values),
        "tiff lzw": cv2.imencode(".tiff", bgr, [cv2.IMWRITE_TIFF_COMPRESSION, 5])[1].tobytes(),
        "ppm": _pgm(values, 65535),
    }


@pytest.mark.parametrize("grey", [True, False])
def test_sixteen_bit_is_scaled_from_its_full_range(deep_scene, make_png, make_tiff, grey):
    values = np.ascontiguousarray(deep_scene[..., 0] if grey else deep_scene)
    values.flat[:2] = 0, 65535
    for name, data in _files(values, make_png, make_tiff).items():
        image = decode_image(data, name)
        np.testing.assert_allclose(image.pixels, _three(values) / 257, atol=0.5001, err_msg=name)
        assert image.notes == ("16-bit: 0 to 65535 scaled to 0 to 255",), name


@pytest.mark.parametrize("grey", [True, False])
def test_sixteen_bit_is_kept_where_asked(read_deep, tmp_path, deep_scene, make_png, make_tiff, grey):
    values = np.ascontiguousarray(deep_scene[..., 0] if grey else deep_scene)
    for name, data in _files(values, make_png, make_tiff).items():
        path = tmp_path / name
        path.write_bytes(data)
        np.testing.assert_array_equal(read_deep(path), _three(values), err_msg=name)


@pytest.mark.parametrize("grey", [True, False])
def test_a_twelve_bit_camera_is_not_clipped_but_told_about_its_range(deep_scene, make_png, make_tiff, grey):
    values = np.ascontiguousarray(deep_scene[..., 0] if grey else deep_scene) // 16
    values.flat[:2] = 0, 4095
    for name, data in _files(values, make_png, make_tiff).items():
        image = decode_image(data, name)
        assert image.pixels.max() == 16, name
        assert image.notes == (
            "16-bit: 0 to 65535 scaled to 0 to 255; only 0 to 4095 is used: "
            "give --bit-range 0,4095 if that is the camera's range",
        )
        ranged = decode_image(data, name, ReadOptions((0, 4095)))
        np.testing.assert_allclose(ranged.pixels, _three(values) / 4095 * 255, atol=0.5001, err_msg=name)
        assert ranged.notes == ("16-bit: 0 to 4095 scaled to 0 to 255",)


def test_values_beyond_a_given_range_are_clipped_and_counted(make_png):
    values = np.full((10, 10), 1000, np.uint16)
    values[0, :3], values[1, :2] = 5000, 10
    image = decode_image(make_png(values), "image.png", ReadOptions((100, 4095)))
    assert (image.pixels[0, :3] == 255).all()
    assert (image.pixels[1, :2] == 0).all()
    assert (image.pixels[5] == round(900 / 3995 * 255)).all()
    assert image.notes == (
        "16-bit: 100 to 4095 scaled to 0 to 255; 2 values below 100 drawn black; 3 values above 4095 drawn white",
    )


def test_a_range_above_what_the_file_can_hold_is_refused(make_png):
    with pytest.raises(ImageError, match=r"70000,80000.*65535"):
        decode_image(make_png(np.ones((4, 4), np.uint16)), "image.png", ReadOptions((70000, 80000)))


def test_a_range_may_reach_beyond_the_type(make_png):
    values = np.full((4, 4), 65535, np.uint16)
    assert decode_image(make_png(values), "image.png", ReadOptions((-65535, 65535 * 4))).pixels[0, 0, 0] == 102


@pytest.mark.parametrize("grey", [True, False])
@pytest.mark.parametrize("white", [1023, 4095])
def test_the_range_that_a_ppm_states_is_taken(read_deep, tmp_path, deep_scene, grey, white):
    values = np.ascontiguousarray(deep_scene[..., 0] if grey else deep_scene) % (white + 1)
    values.flat[0] = white
    data = _pgm(values, white)
    image = decode_image(data, "image.ppm")
    np.testing.assert_allclose(image.pixels, _three(values) / white * 255, atol=0.5001)
    assert image.notes == (f"{white.bit_length()}-bit: 0 to {white} scaled to 0 to 255",)
    path = tmp_path / "image.ppm"
    path.write_bytes(data)
    np.testing.assert_array_equal(read_deep(path), _three(values))


def test_twelve_bit_tiff_takes_the_range_of_its_bits(make_tiff):
    # 12-bit samples are packed: two pixels in three bytes.
    packed = np.array([[0xFF, 0xF8, 0x00], [0x00, 0x04, 0x00]], np.uint8)
    data = make_tiff(packed, {256: 2, 258: 12, 277: 1, 339: 1})
    image = decode_image(data, "image.tif")
    assert image.pixels[..., 0].tolist() == [[255, 128], [0, 64]]
    assert image.notes == ("12-bit: 0 to 4095 scaled to 0 to 255",)


def test_transparency_of_sixteen_bit_files_is_drawn_on_white(read_deep, tmp_path, deep_scene, make_png, make_tiff):
    alpha = np.linspace(0, 65535, 83).astype(np.uint16)
    rgba = np.dstack([deep_scene, np.broadcast_to(alpha, (61, 83))])
    weight = alpha[:, None] / 65535
    mixed = deep_scene * weight + 65535 * (1 - weight)
    for name, data in {"png": make_png(rgba), "tiff": make_tiff(rgba, {338: 2})}.items():
        image = decode_image(data, name)
        np.testing.assert_allclose(image.pixels, mixed / 257, atol=1.5, err_msg=name)
        assert "transparent pixels drawn on white" in image.notes
        path = tmp_path / name
        path.write_bytes(data)
        np.testing.assert_allclose(read_deep(path), mixed, atol=0.5001, err_msg=name)


def test_grey_with_alpha_of_sixteen_bit_is_drawn_on_white(make_png):
    values = np.zeros((4, 6, 2), np.uint16)
    values[:, 3:, 1] = 65535
    pixels = decode_image(make_png(values), "image.png").pixels
    assert (pixels[:, :3] == 255).all()
    assert (pixels[:, 3:] == 0).all()


def test_premultiplied_transparency_is_not_darkened_twice(read_deep, tmp_path, make_tiff):
    values = np.zeros((4, 6, 4), np.uint16)
    values[..., :3], values[..., 3] = 10000, 32768
    path = tmp_path / "image.tif"
    path.write_bytes(make_tiff(values, {338: 1}))
    np.testing.assert_allclose(read_deep(path), 10000 + 65535 - 32768, atol=2)


def test_a_fourth_channel_that_is_not_opacity_is_left_out(read_deep, tmp_path, deep_scene, make_tiff):
    values = np.dstack([deep_scene, np.zeros((61, 83), np.uint16)])
    path = tmp_path / "image.tif"
    path.write_bytes(make_tiff(values, {338: 0}))
    np.testing.assert_array_equal(read_deep(path), deep_scene)


def test_a_grey_scale_that_runs_from_white_to_black_is_turned_over(read_deep, tmp_path, make_tiff):
    values = np.array([[0, 1000], [4095, 65535]], np.uint16)
    data = make_tiff(values, {262: 0})
    assert decode_image(data, "image").pixels[..., 0].tolist() == [[255, 251], [239, 0]]
    ranged = decode_image(data, "image", ReadOptions((0, 4095)))
    assert ranged.pixels[..., 0].tolist() == [[255, 193], [0, 0]]
    assert "1 value above 4095 drawn black" in ranged.notes[0]
    path = tmp_path / "image.tif"
    path.write_bytes(data)
    assert read_deep(path)[..., 0].tolist() == [[65535, 64535], [61440, 0]]


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "uint32", "float32"])
def test_types_without_a_stated_range_ask_for_one(make_tiff, kind):
    values = np.array([[0, 40], [100, 20]]).astype(kind)
    data = make_tiff(values)
    with pytest.raises(ImageError, match=r"from 0 to 100; give --bit-range LOW,HIGH"):
        decode_image(data, "image.tif")
    image = decode_image(data, "image.tif", ReadOptions((0, 100)))
    assert image.pixels[..., 1].tolist() == [[0, 102], [255, 51]]


def test_negative_values_keep_their_place_in_the_range(make_tiff):
    values = np.array([[-100, 20], [100, -300]], np.int16)
    image = decode_image(make_tiff(values), "image.tif", ReadOptions((-100, 100)))
    assert image.pixels[..., 0].tolist() == [[0, 153], [255, 0]]
    assert image.notes == ("16-bit: -100 to 100 scaled to 0 to 255; 1 value below -100 drawn black",)


def test_large_unsigned_values_do_not_turn_negative(make_tiff):
    values = np.array([[0, 2**32 - 1]], np.uint32)
    image = decode_image(make_tiff(values), "image.tif", ReadOptions((0, 2**32 - 1)))
    assert image.pixels[..., 0].tolist() == [[0, 255]]


def test_floating_point_between_zero_and_one_needs_no_range(make_tiff):
    values = np.array([[0, 0.4], [1, 0.2]], np.float32)
    image = decode_image(make_tiff(values), "image.tif")
    assert image.pixels[..., 0].tolist() == [[0, 102], [255, 51]]
    assert image.notes == ("32-bit: 0 to 1 scaled to 0 to 255",)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floating_point_that_is_no_number_is_refused(make_tiff, bad):
    values = np.array([[0, bad]], np.float32)
    with pytest.raises(ImageError, match="not finite"):
        decode_image(make_tiff(values), "image.tif", ReadOptions((0, 1)))
