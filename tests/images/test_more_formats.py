"""Formats beyond the usual: by Pillow (JPEG 2000, AVIF, MPO), and by the packages of the extra ``formats``."""

from __future__ import annotations

from io import BytesIO

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from blemish.errors import ImageError
from blemish.images import ReadOptions, decode_image, image_size_px
from blemish.images.opening import open_header

from heic_samples import HEIC, HEIC_TURNED


def camera_raw(values, orientation=1):
    """A DNG of an RGGB sensor, uint16 (H, W)."""
    stream = BytesIO()
    identity = [number for row in np.eye(3, dtype=int) for value in row for number in (int(value), 1)]
    tags = [
        (274, "H", 1, orientation, True),
        (272, "s", 0, "Camera 7", True),
        (50706, "B", 4, b"\1\4\0\0", True),
        (50708, "s", 0, "test camera", True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, b"\0\1\1\2", True),
        (50717, "I", 1, 65535, True),
        (50721, "2i", 9, identity, True),
        (50728, "2I", 3, (1, 1) * 3, True),
        (50778, "H", 1, 21, True),
    ]
    tifffile.imwrite(stream, values, photometric=32803, metadata=None, rowsperstrip=len(values), extratags=tags)
    return stream.getvalue()


def jpeg_2000(values, **options):
    return imagecodecs.jpeg2k_encode(values, level=0, **options)


def avif(values, **options):
    return imagecodecs.avif_encode(values, level=100, **options)


def jpeg_xl(values):
    return imagecodecs.jpegxl_encode(values, lossless=True)


@pytest.mark.parametrize(("encode", "name"), [(jpeg_2000, "a.jp2"), (jpeg_xl, "a.jxl")])
@pytest.mark.parametrize("channels", ["grey", "colour", "alpha"])
def test_eight_bit_comes_back_exactly(scene, encode, name, channels):
    values = {
        "grey": np.ascontiguousarray(scene[..., 0]),
        "colour": scene,
        "alpha": np.dstack([scene, np.full(scene.shape[:2], 255, np.uint8)]),
    }[channels]
    expected = scene if channels != "grey" else np.dstack([scene[..., 0]] * 3)
    loaded = decode_image(encode(values), name)
    np.testing.assert_array_equal(loaded.pixels, expected)
    assert loaded.notes == ()


def test_a_bare_codestream_of_jpeg_2000_is_read(scene):
    data = jpeg_2000(scene, codecformat="j2k")
    assert data[:2] == b"\xff\x4f"
    np.testing.assert_array_equal(decode_image(data, "a.j2k").pixels, scene)


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("grey", [True, False])
def test_deep_jpeg_2000_keeps_its_depth(read_deep, tmp_path, deep_scene, bits, grey):
    values = np.ascontiguousarray((deep_scene[..., 0] if grey else deep_scene) >> (16 - bits))
    path = tmp_path / "a.jp2"
    path.write_bytes(jpeg_2000(values, bitspersample=bits))
    np.testing.assert_array_equal(read_deep(path), values if values.ndim == 3 else np.dstack([values] * 3))
    assert decode_image(path.read_bytes(), "a").notes == (f"{bits}-bit: 0 to {2**bits - 1} scaled to 0 to 255",)


def test_signed_jpeg_2000_is_refused_by_its_name(scene):
    with pytest.raises(ImageError, match="JPEG 2000 image of 16-bit signed values"):
        decode_image(jpeg_2000(scene.astype(np.int16) - 100), "a.jp2")


def test_deep_jpeg_xl_is_scaled_from_its_full_range(deep_scene):
    loaded = decode_image(jpeg_xl(deep_scene), "a.jxl")
    np.testing.assert_allclose(loaded.pixels, deep_scene / 257, atol=0.5001)
    assert loaded.notes == ("16-bit: 0 to 65535 scaled to 0 to 255",)


def test_floating_point_jpeg_xl_is_refused_by_its_name(scene):
    with pytest.raises(ImageError, match="JPEG XL image of floating-point values"):
        decode_image(jpeg_xl(scene.astype(np.float32) / 255), "a.jxl")


def test_avif_is_read(scene):
    stream = BytesIO()
    Image.fromarray(scene).save(stream, "AVIF", quality=100, subsampling="4:4:4")
    loaded = decode_image(stream.getvalue(), "a.avif")
    assert np.abs(loaded.pixels.astype(int) - scene).max() <= 3
    assert loaded.notes == ()


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_avif_is_read_at_eight_bit_and_said(deep_scene, bits):
    values = deep_scene >> np.uint16(16 - bits)
    loaded = decode_image(avif(values, bitspersample=bits), "a.avif")
    assert np.abs(loaded.pixels.astype(int) - (deep_scene >> 8)).mean() < 3
    assert loaded.notes == (f"{bits}-bit AVIF read at 8 bit",)


def test_heic_is_read_upright(tmp_path):
    for data, size in ((HEIC, (16, 24)), (HEIC_TURNED, (24, 16))):
        path = tmp_path / "a.heic"
        path.write_bytes(data)
        pixels = decode_image(data, "a.heic").pixels
        assert pixels.shape == (*size, 3)
        assert image_size_px(path) == size
    upright, turned = decode_image(HEIC, "a").pixels, decode_image(HEIC_TURNED, "a").pixels
    assert np.abs(upright[-2, 2].astype(int) - (200, 40, 30)).max() < 9
    assert np.abs(upright[-2, -2].astype(int) - (30, 60, 210)).max() < 9
    assert np.abs(turned.astype(int) - np.rot90(upright, -1)).mean() < 4


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_camera_raw_file_is_developed_upright(tmp_path, orientation):
    values = np.full((64, 96), 6000, np.uint16)
    values[:32, :48] = 40000
    path = tmp_path / "a.dng"
    path.write_bytes(camera_raw(values, orientation))
    loaded = decode_image(path.read_bytes(), str(path))
    assert loaded.pixels.shape == ((96, 64, 3) if orientation in (6, 8) else (64, 96, 3))
    assert image_size_px(path) == loaded.pixels.shape[:2]
    corners = [loaded.pixels[y, x].mean() for y, x in ((9, 9), (9, -9), (-9, -9), (-9, 9))]
    assert int(np.argmax(corners)) == {1: 0, 6: 1, 3: 2, 8: 3}[orientation]
    assert loaded.notes == ("camera raw developed with the camera's white balance",)
    assert loaded.capture is not None
    assert loaded.capture.camera == "Camera 7"


def test_a_raw_file_that_libraw_does_not_know_is_named(make_tiff, scene):
    with pytest.raises(ImageError, match="camera raw file of a kind that LibRaw does not read"):
        decode_image(make_tiff(scene), "a.dng")


def test_an_mpo_is_an_ordinary_jpeg(scene):
    stream = BytesIO()
    image = Image.fromarray(scene)
    image.save(stream, "MPO", save_all=True, append_images=[image.rotate(180)])
    loaded = decode_image(stream.getvalue(), "DJI_0002.MPO")
    assert np.abs(loaded.pixels.astype(int) - scene).mean() < 6
    assert loaded.notes == ()


SIZES = [(1, 1), (8, 8), (61, 83), (600, 800), (256, 8), (1024, 1280), (257, 1030), (8200, 16)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("encode", "suffix"), [(jpeg_2000, "jp2"), (jpeg_xl, "jxl")])
def test_the_size_is_told_from_the_header(tmp_path, size, encode, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encode(np.zeros(size, np.uint8)))
    assert image_size_px(path) == size


def test_a_jpeg_xl_in_boxes_is_read(scene):
    code = jpeg_xl(scene)
    box = lambda kind, content: (len(content) + 8).to_bytes(4, "big") + kind + content  # noqa: E731
    data = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ") + box(b"jxlc", code)
    np.testing.assert_array_equal(decode_image(data, "a.jxl").pixels, scene)
    assert open_header(BytesIO(data), "a.jxl").size_px == scene.shape[:2]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(lambda scene: jpeg_2000(scene), "a.jp2", id="jp2"),
        pytest.param(lambda scene: jpeg_2000(scene, codecformat="j2k"), "a.j2k", id="j2k"),
        pytest.param(lambda scene: jpeg_xl(scene), "a.jxl", id="jxl"),
        pytest.param(lambda scene: avif(scene), "a.avif", id="avif"),
        pytest.param(lambda scene: HEIC, "a.heic", id="heic"),
        pytest.param(lambda scene: camera_raw(np.ones((64, 96), np.uint16)), "a.dng", id="dng"),
    ],
)
def test_what_is_cut_short_is_an_error(scene, data, name):
    whole = data(scene)
    for part in (0.1, 0.3, 0.5, 0.8, 0.95):
        with pytest.raises(ImageError):
            decode_image(whole[: int(len(whole) * part)], name)


@pytest.mark.parametrize(
    ("data", "name"), [(jpeg_2000, "a.jp2"), (jpeg_xl, "a.jxl"), (avif, "a.avif"), (lambda scene: HEIC, "a.heic")]
)
def test_the_limit_of_pixels_holds(scene, data, name):
    with pytest.raises(ImageError, match="more than the limit"):
        decode_image(data(scene), name, ReadOptions(max_megapixels=0.0001))
