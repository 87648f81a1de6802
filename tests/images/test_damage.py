from __future__ import annotations

import os
import struct
import threading
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from blemish.errors import ImageError
from blemish.images import ReadOptions, decode_image, image_size_px, load_image, read_image

KINDS = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("JPEG", {"restart_marker_rows": 1}),
    ("JPEG", {"mode": "L"}),
    ("JPEG", {"mode": "CMYK"}),
    ("PNG", {}),
    ("PNG", {"mode": "P"}),
    ("PNG", {"mode": "1"}),
    ("TIFF", {}),
    ("TIFF", {"mode": "L"}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "tiff_adobe_deflate", "strip_size": 2000}),
    ("TIFF", {"compression": "packbits"}),
    ("TIFF", {"compression": "jpeg"}),
    ("BMP", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("GIF", {"mode": "P"}),
    ("PPM", {}),
]


def _cuts(data):
    """Every length near the ends, and thirty between."""
    near = [*range(1, 30), *range(len(data) - 30, len(data))]
    return sorted({n for n in [*near, *np.linspace(30, len(data) - 30, 30).astype(int).tolist()] if 0 < n < len(data)})


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=lambda value: str(value))
def test_a_file_that_is_cut_short_is_an_error_wherever_it_is_cut(scene, encode, kind, options):
    data = encode(scene, kind, **options)
    whole = decode_image(data, "image").pixels
    for length in _cuts(data):
        try:
            pixels = decode_image(data[:length], "image").pixels
        except ImageError:
            continue
        # Only what holds no pixel may be missing, and only in formats that do not mark their end.
        assert kind not in ("JPEG", "PNG"), f"{length} of {len(data)} bytes were read"
        np.testing.assert_array_equal(pixels, whole, err_msg=f"{length} of {len(data)} bytes")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_deep_file_that_is_cut_short_is_an_error(deep_scene, make_png, make_tiff):
    ppm = b"P6 83 61 65535\n" + deep_scene.astype(">u2").tobytes()
    grey = np.ascontiguousarray(deep_scene[..., 0])
    for data in (make_png(deep_scene), make_tiff(deep_scene), make_tiff(grey), make_png(grey), ppm):
        whole = decode_image(data, "image").pixels
        for length in _cuts(data):
            try:
                pixels = decode_image(data[:length], "image").pixels
            except ImageError:
                continue
            # A TIFF's table stands at its end here; the last entry only repeats what is the default.
            assert data[:2] == b"II"
            assert length > len(data) - 8
            np.testing.assert_array_equal(pixels, whole)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
def test_an_interrupted_copy_that_was_filled_with_zeros_is_an_error(scene, encode, kind, part):
    data = encode(scene, kind)
    kept = int(len(data) * part)
    with pytest.raises(ImageError, match="cut short or damaged"):
        decode_image(data[:kept] + b"\0" * (len(data) - kept), "image")


@pytest.mark.parametrize(("kind", "options"), [entry for entry in KINDS if entry[0] != "GIF"], ids=str)
@pytest.mark.parametrize("tail", [b"\0" * 1000, b"\xff\xd9", b"SEFT trailer of a phone", b"\n"])
def test_bytes_behind_the_picture_are_harmless(scene, encode, kind, options, tail):
    data = encode(scene, kind, **options)
    np.testing.assert_array_equal(decode_image(data + tail, "image").pixels, decode_image(data, "image").pixels)


def test_a_thumbnail_inside_a_cut_jpeg_does_not_pass_for_its_end(scene, encode):
    thumbnail = encode(scene[::4, ::4], "JPEG")
    exif = b"Exif\0\0" + b"MM\0*\0\0\0\x08\0\0\0\0\0\0" + thumbnail
    data = encode(scene, "JPEG", exif=exif)
    assert thumbnail in data
    assert decode_image(data, "image").pixels.shape == scene.shape
    with pytest.raises(ImageError):
        decode_image(data[: len(data) * 3 // 4], "image")


def test_the_further_pictures_of_a_phone_image_are_passed_over(scene):
    stream = BytesIO()
    image = Image.fromarray(scene)
    image.save(stream, "MPO", save_all=True, append_images=[image.resize((20, 15))])
    loaded = decode_image(stream.getvalue(), "image.jpg")
    assert loaded.pixels.shape == scene.shape
    assert loaded.notes == ()


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("read", [load_image, read_image, image_size_px])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "없음.png", "There is no file"),
        (lambda folder: folder, "is a folder, not an image"),
        (lambda folder: folder / "a\0b.png", "There is no file|Cannot open"),
        (lambda folder: folder / ("x" * 300), "There is no file|Cannot open"),
        (lambda folder: _written(folder / "empty.jpg", b""), "is empty"),
        (lambda folder: _written(folder / "text.jpg", b"not an image at all"), "is not an image"),
        (lambda folder: _written(folder / "zeros.png", bytes(5000)), "is not an image"),
        (lambda folder: _written(folder / "one.png", b"\x89"), "is not an image"),
        (lambda folder: _written(folder / "page.svg", b"<svg xmlns='...'/>"), "is a vector drawing"),
        (lambda folder: _written(folder / "a.heic", b"\0\0\0\x18ftypheic" + bytes(50)), "damaged"),
        (lambda folder: _written(folder / "bm.txt", b"BMW drives on"), "damaged"),
        (lambda folder: _written(folder / "head.jpg", b"\xff\xd8\xff\xe0"), "damaged"),
        (lambda folder: _written(folder / "head.png", b"\x89PNG\r\n\x1a\n"), "damaged"),
        (lambda folder: _written(folder / "head.tif", b"II*\0\x08\0\0\0"), "damaged"),
    ],
)
def test_what_is_not_an_image_is_named_in_one_sentence(tmp_path, read, make, message):
    path = make(tmp_path)
    with pytest.raises(ImageError, match=message) as raised:
        read(path)
    text = str(raised.value)
    assert str(path) in text
    assert text.endswith(".")
    assert "\n" not in text


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_named(tmp_path, scene, encode):
    path = _written(tmp_path / "secret.png", encode(scene, "PNG"))
    path.chmod(0)
    with pytest.raises(ImageError, match=r"Cannot open .*Permission denied"):
        read_image(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    with pytest.raises(ImageError, match="not a regular file"):
        read_image(path)


@pytest.mark.parametrize("target", ["gone.png", "link.png"])
def test_a_link_to_nothing_or_itself_is_told_from_a_missing_file(tmp_path, target):
    path = tmp_path / "link.png"
    path.symlink_to(tmp_path / target)
    with pytest.raises(ImageError, match="leads to no file"):
        read_image(path)


@pytest.mark.parametrize("tags", [{254: 1}, {50706: 0x01040000}])
def test_the_preview_of_a_camera_raw_file_does_not_pass_for_the_image(scene, make_tiff, tags):
    with pytest.raises(ImageError, match="camera raw"):
        decode_image(make_tiff(scene, tags), "image.nef")


def _bombs(make_png, make_tiff, encode):
    dot = np.zeros((1, 1, 3), np.uint8)
    png = bytearray(make_png(dot))
    png[16:24] = struct.pack(">II", 60000, 60000)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    jpeg = bytearray(encode(np.zeros((8, 8, 3), np.uint8), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 60000, 60000)
    bmp = bytearray(encode(dot, "BMP"))
    bmp[18:26] = struct.pack("<ii", 60000, 60000)
    return {
        "png": bytes(png),
        "jpeg": bytes(jpeg),
        "bmp": bytes(bmp),
        "tiff": make_tiff(dot, {256: 60000, 257: 60000}),
        "ppm": b"P6 60000 60000 255\n" + bytes(100),
        "deep ppm": b"P6 60000 60000 65535\n" + bytes(100),
    }


def test_a_decompression_bomb_is_refused_from_its_header(make_png, make_tiff, encode):
    for name, data in _bombs(make_png, make_tiff, encode).items():
        with pytest.raises(
            ImageError, match=r"60000 x 60000 pixels.*, more than the limit of 500 megapixels"
        ) as raised:
            decode_image(data, name)
        assert f"--max-megapixels {7200 if name == 'deep ppm' else 3600}" in str(raised.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM"])
def test_the_limit_is_the_callers(scene, encode, kind):
    data = encode(scene, kind)
    pixels = scene.shape[0] * scene.shape[1]
    assert decode_image(data, "image", ReadOptions(max_megapixels=pixels / 1e6)).pixels.shape == scene.shape
    with pytest.raises(ImageError, match="83 x 61 pixels"):
        decode_image(data, "image", ReadOptions(max_megapixels=(pixels - 1) / 1e6))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM"])
def test_pillows_own_limit_neither_stops_an_image_nor_changes(monkeypatch, scene, encode, kind):
    data = encode(scene, kind)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode_image(data, "image")
    assert Image.MAX_IMAGE_PIXELS == 10
    with pytest.raises(Image.DecompressionBombError):
        Image.open(BytesIO(encode(scene, "PNG")))


def test_pillows_own_limit_survives_many_threads(monkeypatch, scene, encode):
    data = encode(scene, "TIFF", compression="tiff_lzw")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(40):
                decode_image(data, "image")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.fixture(scope="module")
def originals(scene, encode, make_tiff, deep_scene):
    """One small file of each kind, for damage at random places."""
    small = scene[:20, :24]
    files = [encode(small, kind, **options) for kind, options in KINDS]
    return [*files, make_tiff(deep_scene[:20, :24])]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_ends_in_a_picture_or_an_image_error(originals, data):
    content = bytearray(data.draw(st.sampled_from(originals)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        loaded = decode_image(bytes(content), "image", ReadOptions(max_megapixels=1))
    except ImageError:
        return
    assert loaded.pixels.dtype == np.uint8
    assert loaded.pixels.ndim == 3
    assert loaded.pixels.shape[2] == 3
