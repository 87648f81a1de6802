"""Small files that claim much: refused from their headers, in no time, whatever the format."""

from __future__ import annotations

import struct
import time
import zlib
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from blemish.errors import ImageError
from blemish.images import ReadOptions, decode_image, limits
from blemish.images.header import MAX_PAGES
from blemish.images.structure import gif_frames, jpeg_facts

SIDE = 22_000


def png(colour, bits):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, bits, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    data = chunk(b"IDAT", zlib.compress(bytes(10_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + data + chunk(b"IEND", b"")


def jpeg(**options):
    stream = BytesIO()
    Image.new(options.pop("mode", "RGB"), (64, 64), 90).save(stream, "JPEG", **options)
    data = bytearray(stream.getvalue())
    frame = data.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", SIDE, SIDE)
    return bytes(data)


def gif(frames=1):
    head = b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0x80, 0, 0) + bytes(6)
    return head + (b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2D\1\0") * frames + b";"


def tiff(compression, dtype=np.uint8):
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(np.zeros((1, 16), dtype), compression=compression, rowsperstrip=1, metadata=None)
    data = stream.getvalue()
    with tifffile.TiffFile(BytesIO(data)) as file:
        places = [file.pages[0].tags[tag] for tag in (256, 257, 278)]
    out = bytearray(data)
    for tag in places:
        code = {3: "<H", 4: "<I"}[tag.dtype]
        struct.pack_into(code, out, tag.valueoffset, SIDE)
    return bytes(out)


def bmp():
    stream = BytesIO()
    Image.new("P", (4, 4)).save(stream, "BMP")
    data = bytearray(stream.getvalue())
    data[18:26] = struct.pack("<ii", SIDE, SIDE)
    return bytes(data)


def jpeg_2000():
    data = bytearray(imagecodecs.jpeg2k_encode(np.zeros((64, 64), np.uint8), level=0, codecformat="j2k"))
    data[8:16] = struct.pack(">II", SIDE, SIDE)
    return bytes(data)


def jpeg_xl():
    return imagecodecs.jpegxl_encode(np.zeros((6000, 6000), np.uint8), lossless=True, effort=1)


CLAIMS = {
    "grey png": lambda: png(0, 8),
    "1-bit png": lambda: png(0, 1),
    "colour png": lambda: png(2, 8),
    "palette png": lambda: png(3, 8),
    "16-bit grey png": lambda: png(0, 16),
    "baseline jpeg": jpeg,
    "grey jpeg": lambda: jpeg(mode="L"),
    "progressive jpeg": lambda: jpeg(progressive=True),
    "gif": gif,
    "tiff": lambda: tiff(None),
    "deflate tiff": lambda: tiff("zlib"),
    "lzw tiff": lambda: tiff("lzw"),
    "zstd tiff": lambda: tiff("zstd"),
    "bmp": bmp,
    "jpeg 2000": jpeg_2000,
    "pgm": lambda: b"P5 22000 22000 255\n" + bytes(100),
    "ppm as text": lambda: b"P3 12000 12000 255\n" + b"0 " * 100,
    "jpeg xl": jpeg_xl,
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("kind", CLAIMS)
def test_a_small_file_with_a_giant_canvas_is_refused_at_once(kind):
    data = CLAIMS[kind]()
    assert len(data) < 200_000
    started = time.perf_counter()
    with pytest.raises(ImageError, match="as files do that are made to fill the memory; give --max-megapixels"):
        decode_image(data, "bomb")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("kind", ["16-bit colour png", "16-bit png with opacity", "double tiff"])
def test_deep_pixels_count_for_more(kind):
    data = {
        "16-bit colour png": lambda: png(2, 16),
        "16-bit png with opacity": lambda: png(6, 16),
        "double tiff": lambda: tiff(None, np.float64),
    }[kind]()
    with pytest.raises(ImageError, match=r"pixels of (6|8) bytes each, more than the limit of 500 megapixels"):
        decode_image(data, "bomb")


def test_a_limit_that_is_given_is_the_only_one(monkeypatch):
    monkeypatch.setattr(limits, "_FREE_PX", 1000)
    stream = BytesIO()
    Image.new("L", (200, 200)).save(stream, "PNG")
    with pytest.raises(ImageError, match=r"200 x 200 pixels in 0\.1 kB, as files do.*give --max-megapixels 1 if"):
        decode_image(stream.getvalue(), "blank.png")
    assert decode_image(stream.getvalue(), "blank.png", ReadOptions(max_megapixels=1)).pixels.shape == (200, 200, 3)


@pytest.mark.parametrize("quality", [30, 75])
def test_photographs_are_far_from_suspicious(monkeypatch, quality):
    monkeypatch.setattr(limits, "_FREE_PX", 0)
    rows, columns = np.mgrid[:400, :600]
    rng = np.random.default_rng(0)
    smooth = 120 + 60 * np.sin(rows / 90) * np.cos(columns / 70)
    image = Image.fromarray(np.clip(smooth[..., None] + rng.normal(0, 2, (400, 600, 3)), 0, 255).astype(np.uint8))
    for kind, options in [("JPEG", {"quality": quality}), ("WEBP", {"quality": quality}), ("PNG", {}), ("GIF", {})]:
        stream = BytesIO()
        image.save(stream, kind, **options)
        assert decode_image(stream.getvalue(), kind).pixels.shape == (400, 600, 3)


def repeated_scans(size, count):
    stream = BytesIO()
    Image.new("L", size, 90).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    begin, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:begin] + data[begin:end] * count + data[end:]


def test_a_jpeg_that_goes_over_its_canvas_for_minutes_is_refused():
    data = repeated_scans((2000, 2000), 300)
    assert jpeg_facts(data).scans > 300
    with pytest.raises(ImageError, match=r"a JPEG of 30\d scans, as files are that are made to take minutes"):
        decode_image(data, "a.jpg")
    assert decode_image(repeated_scans((2000, 2000), 10), "a.jpg").pixels.shape == (2000, 2000, 3)
    assert decode_image(repeated_scans((40, 40), 300), "a.jpg").pixels.shape == (40, 40, 3)


def test_a_million_frames_are_not_counted():
    head = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0x80, 0, 0) + bytes(6)
    frame = b"\x21\xf9\4\0\1\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2D\1\0"
    started = time.perf_counter()
    loaded = decode_image(head + frame * 1_000_000 + b";", "a.gif")
    assert time.perf_counter() - started < 1
    assert loaded.notes == (f"first of more than {MAX_PAGES} pages",)


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_frames_are_counted_as_pillow_counts_them(frames):
    images = [Image.fromarray(np.full((9, 11), 20 * number, np.uint8)) for number in range(frames)]
    stream = BytesIO()
    images[0].save(stream, "GIF", save_all=True, append_images=images[1:], comment=b"made for a test")
    assert gif_frames(stream, MAX_PAGES) == Image.open(stream).n_frames == frames
    for length in range(len(stream.getvalue())):
        assert 1 <= gif_frames(BytesIO(stream.getvalue()[:length]), MAX_PAGES) <= frames


def test_unusual_jpegs_are_refused_by_their_names():
    deep = imagecodecs.jpeg8_encode(np.full((40, 40), 2000, np.uint16), bitspersample=12)
    with pytest.raises(ImageError, match=r"a JPEG of an unusual kind \(12-bit\)"):
        decode_image(deep, "a.jpg")
    lossless = imagecodecs.ljpeg_encode(np.full((40, 40), 2000, np.uint16), bitspersample=16)
    with pytest.raises(ImageError, match=r"a JPEG of an unusual kind \(16-bit, lossless\)"):
        decode_image(lossless, "a.jpg")
