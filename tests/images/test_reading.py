from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from blemish.errors import ImageError, SettingsError
from blemish.images import LoadedImage, ReadOptions, decode_image, image_size_px, load_image, read_image

LOSSLESS = [
    ("png", "PNG", {}),
    ("tif", "TIFF", {}),
    ("tif", "TIFF", {"compression": "tiff_lzw"}),
    ("tif", "TIFF", {"compression": "tiff_adobe_deflate"}),
    ("tif", "TIFF", {"compression": "packbits"}),
    ("tif", "TIFF", {"compression": "tiff_lzw", "big_tiff": True}),
    ("bmp", "BMP", {}),
    ("webp", "WEBP", {"lossless": True}),
    ("ppm", "PPM", {}),
]


@pytest.mark.parametrize(("suffix", "kind", "options"), LOSSLESS)
def test_colour_comes_back_exactly_from_lossless_files(tmp_path, scene, encode, suffix, kind, options):
    path = tmp_path / f"image.{suffix}"
    path.write_bytes(encode(scene, kind, **options))
    loaded = load_image(path)
    np.testing.assert_array_equal(loaded.pixels, scene)
    assert loaded.notes == ()
    assert image_size_px(path) == (61, 83)


@pytest.mark.parametrize(("suffix", "kind", "options"), LOSSLESS)
def test_grey_is_repeated_into_three_channels(tmp_path, scene, encode, suffix, kind, options):
    grey = np.ascontiguousarray(scene[..., 1])
    path = tmp_path / f"image.{suffix}"
    path.write_bytes(encode(grey, kind, **options))
    pixels = read_image(path)
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    np.testing.assert_array_equal(pixels, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 92},
        {"quality": 92, "subsampling": 0},
        {"quality": 50, "progressive": True},
        {"quality": 90, "restart_marker_rows": 1},
        {"quality": 90, "keep_rgb": True},
        {"quality": 90, "mode": "L"},
    ],
)
def test_a_jpeg_decodes_as_pillow_decodes_it(scene, encode, options):
    data = encode(scene, "JPEG", **options)
    expected = np.asarray(Image.open(BytesIO(data)).convert("RGB"))
    pixels = decode_image(data, "image.jpg").pixels
    assert np.abs(pixels.astype(int) - expected).max() <= 1  # two builds of libjpeg may round differently


def test_a_cmyk_jpeg_has_the_colours_of_the_image(scene, encode):
    # Pillow writes CMYK inverted with an Adobe marker, as Photoshop does.
    data = encode(scene, "JPEG", mode="CMYK", quality=95)
    assert b"Adobe" in data
    loaded = decode_image(data, "image.jpg")
    assert np.abs(loaded.pixels.astype(int) - scene).mean() < 6
    assert loaded.notes == ("CMYK turned into RGB without its colour profile",)


def test_a_cmyk_tiff_has_the_colours_of_the_image(scene, encode):
    loaded = decode_image(encode(scene, "TIFF", mode="CMYK"), "image.tif")
    assert np.abs(loaded.pixels.astype(int) - scene).max() <= 1
    assert loaded.notes == ("CMYK turned into RGB without its colour profile",)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "PPM"])
def test_one_bit_becomes_black_and_white(scene, encode, kind):
    bits = scene[..., 0] > 100
    pixels = decode_image(encode(bits, kind), "image").pixels
    np.testing.assert_array_equal(pixels, np.repeat(bits[..., None], 3, axis=2) * np.uint8(255))


def test_a_fax_tiff_becomes_black_and_white(scene, encode):
    bits = scene[..., 0] > 100
    pixels = decode_image(encode(bits, "TIFF", compression="group4"), "image.tif").pixels
    np.testing.assert_array_equal(pixels[..., 0], bits * np.uint8(255))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_a_palette_is_looked_up(scene, encode, kind):
    image = Image.fromarray(scene).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    stream = BytesIO()
    image.save(stream, kind)
    np.testing.assert_array_equal(decode_image(stream.getvalue(), "image").pixels, np.asarray(image.convert("RGB")))


def test_a_jpeg_compressed_tiff_is_read(scene, encode):
    loaded = decode_image(encode(scene, "TIFF", compression="jpeg", quality=95), "image.tif")
    assert np.abs(loaded.pixels.astype(int) - scene).mean() < 6


def _rgba(scene):
    alpha = np.linspace(0, 255, scene.shape[1]).astype(np.uint8)
    return np.dstack([scene, np.broadcast_to(alpha, scene.shape[:2])])


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_transparency_is_drawn_on_white_and_said(scene, encode, kind, options):
    rgba = _rgba(scene)
    loaded = decode_image(encode(rgba, kind, **options), "image")
    weight = rgba[..., 3:] / 255
    np.testing.assert_allclose(loaded.pixels, rgba[..., :3] * weight + 255 * (1 - weight), atol=0.51)
    assert loaded.notes == ("transparent pixels drawn on white",)


def test_grey_with_alpha_is_drawn_on_white(scene, encode):
    grey = np.dstack([scene[..., 0], np.zeros(scene.shape[:2], np.uint8)])
    loaded = decode_image(encode(grey, "PNG"), "image.png")
    assert (loaded.pixels == 255).all()
    assert loaded.notes == ("transparent pixels drawn on white",)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_drawn_on_white(kind):
    image = Image.new("P", (20, 10), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 5, 10))
    stream = BytesIO()
    image.save(stream, kind, transparency=0)
    loaded = decode_image(stream.getvalue(), "image")
    assert (loaded.pixels[:, :5] == 255).all()
    assert (loaded.pixels[:, 5:] == (200, 100, 50)).all()
    assert loaded.notes == ("transparent pixels drawn on white",)


def test_a_transparent_colour_of_a_png_is_drawn_on_white(scene, encode):
    colour = tuple(int(v) for v in scene[3, 4])
    loaded = decode_image(encode(scene, "PNG", transparency=colour), "image.png")
    keyed = (scene == scene[3, 4]).all(axis=2)
    np.testing.assert_array_equal(loaded.pixels, np.where(keyed[..., None], np.uint8(255), scene))


def test_an_alpha_channel_that_hides_nothing_is_no_news(scene, encode):
    rgba = np.dstack([scene, np.full(scene.shape[:2], 255, np.uint8)])
    loaded = decode_image(encode(rgba, "PNG"), "image.png")
    np.testing.assert_array_equal(loaded.pixels, scene)
    assert loaded.notes == ()


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG"])
def test_of_several_pages_the_first_is_read_and_said(scene, kind):
    pages = [Image.fromarray(np.roll(scene, shift, axis=1)).convert("L") for shift in (0, 10, 20)]
    options = {"lossless": True} if kind == "WEBP" else {}
    stream = BytesIO()
    pages[0].save(stream, kind, save_all=True, append_images=pages[1:], **options)
    loaded = decode_image(stream.getvalue(), "image")
    np.testing.assert_array_equal(loaded.pixels[..., 0], np.asarray(pages[0]))
    assert loaded.notes == ("first of 3 pages",)


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_orientation_is_undone_in_every_format(tmp_path, scene, encode, orientation, kind, options):
    value, upright = orientation
    exif = Image.Exif()
    exif[274] = value
    path = tmp_path / "image"
    path.write_bytes(encode(scene, kind, exif=exif, **options))
    loaded = load_image(path)
    np.testing.assert_array_equal(loaded.pixels, upright(scene))
    assert loaded.pixels.flags.c_contiguous
    assert image_size_px(path) == upright(scene).shape[:2]


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_orientation_of_a_jpeg_is_undone_as_pillow_does(tmp_path, scene, encode, orientation, mode):
    exif = Image.Exif()
    exif[274] = orientation[0]
    data = encode(scene, "JPEG", mode=mode, exif=exif, quality=95)
    path = tmp_path / "image.jpg"
    path.write_bytes(data)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB"))
    assert np.abs(read_image(path).astype(int) - expected).max() <= 1
    assert image_size_px(path) == expected.shape[:2]


@pytest.mark.parametrize("grey", [True, False])
def test_orientation_of_deep_files_is_undone(read_deep, tmp_path, deep_scene, make_tiff, make_png, orientation, grey):
    value, upright = orientation
    exif = Image.Exif()
    exif[274] = value
    stored = np.ascontiguousarray(deep_scene[..., 0] if grey else deep_scene)
    expected = upright(np.dstack([stored] * 3) if grey else stored)
    files = {
        "tiff": make_tiff(stored, {274: value}),
        "png": make_png(stored, before=[(b"eXIf", exif.tobytes()[6:])]),
        "late": make_png(stored, behind=[(b"eXIf", exif.tobytes()[6:])]),
    }
    for name, data in files.items():
        path = tmp_path / name
        path.write_bytes(data)
        np.testing.assert_array_equal(read_deep(path), expected, err_msg=name)
        assert image_size_px(path) == expected.shape[:2]


def test_orientation_behind_the_pixels_of_a_png_counts(tmp_path, scene, make_png):
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "image.png"
    path.write_bytes(make_png(scene, behind=[(b"eXIf", exif.tobytes()[6:])]))
    np.testing.assert_array_equal(read_image(path), np.rot90(scene, -1))
    assert image_size_px(path) == (83, 61)


@pytest.mark.parametrize("value", [0, 9, 77])
def test_an_orientation_that_does_not_exist_means_upright(scene, encode, value):
    exif = Image.Exif()
    exif[274] = value
    np.testing.assert_array_equal(decode_image(encode(scene, "PNG", exif=exif), "image").pixels, scene)


def test_a_damaged_exif_block_leaves_the_image_readable(scene, make_png):
    loaded = decode_image(make_png(scene, before=[(b"eXIf", b"no such thing")]), "image.png")
    np.testing.assert_array_equal(loaded.pixels, scene)
    assert loaded.notes == ("EXIF data damaged: taken to be upright",)


@pytest.mark.parametrize("folder", ["with space", "벽 사진", "größe"])
def test_any_file_name_works(tmp_path, scene, encode, folder):
    path = tmp_path / folder / "균열 01.jpg"
    path.parent.mkdir()
    path.write_bytes(encode(scene, "JPEG"))
    assert read_image(path).shape == (61, 83, 3)
    assert read_image(str(path)).shape == (61, 83, 3)
    assert image_size_px(path) == (61, 83)


def test_the_content_decides_and_not_the_suffix(tmp_path, scene, encode):
    path = tmp_path / "image.jpg"
    path.write_bytes(encode(scene, "PNG"))
    np.testing.assert_array_equal(read_image(path), scene)


def test_one_pixel_is_an_image(encode):
    assert decode_image(encode(np.full((1, 1, 3), 9, np.uint8), "PNG"), "dot.png").pixels.tolist() == [[[9, 9, 9]]]


def test_bytes_and_files_read_alike(tmp_path, scene, encode):
    data = encode(scene, "JPEG")
    path = tmp_path / "image.jpg"
    path.write_bytes(data)
    np.testing.assert_array_equal(decode_image(data, "upload").pixels, read_image(path))


def test_eight_bit_is_widened_so_that_white_stays_white(read_deep, tmp_path, scene, encode):
    path = tmp_path / "image.png"
    path.write_bytes(encode(scene, "PNG"))
    np.testing.assert_array_equal(read_deep(path), scene.astype(np.uint16) * 257)


def test_a_range_for_an_eight_bit_file_is_said_to_be_useless(scene, encode):
    loaded = decode_image(encode(scene, "PNG"), "image.png", ReadOptions((0, 4095)))
    np.testing.assert_array_equal(loaded.pixels, scene)
    assert loaded.notes == ("8-bit: the bit range does not apply",)


@pytest.mark.parametrize("bit_range", [(5, 5), (10, 2)])
def test_a_range_that_does_not_rise_is_refused(scene, encode, bit_range):
    with pytest.raises(SettingsError, match="rising"):
        decode_image(encode(scene, "PNG"), "image.png", ReadOptions(bit_range))


def test_an_image_keeps_its_array_out_of_its_text():
    assert "pixels" not in repr(LoadedImage(np.zeros((2, 2, 3), np.uint8), ("said",)))


def test_the_size_comes_from_the_header_alone(tmp_path, encode):
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3)).astype(np.uint8)
    path = tmp_path / "cut.jpg"
    data = encode(noise, "JPEG", quality=95)
    path.write_bytes(data[: len(data) // 50])
    assert image_size_px(path) == (600, 800)
    with pytest.raises(ImageError):
        read_image(path)


def test_opencv_written_files_are_read(tmp_path, scene):
    for suffix in (".png", ".bmp", ".tiff", ".webp", ".jpg"):
        data = cv2.imencode(suffix, scene[..., ::-1])[1].tobytes()
        assert np.abs(decode_image(data, "image").pixels.astype(int) - scene).mean() < 6
