"""TIFF in every arrangement: what is stored is what is read, and what is not read is refused by its name."""

from __future__ import annotations

import itertools
import struct
from io import BytesIO

import numpy as np
import pytest
import tifffile
from PIL import Image

from blemish.errors import ImageError
from blemish.images import ReadOptions, decode_image, image_size_px, load_image
from blemish.images.decoding import decode
from blemish.images.tiff.directory import MAX_PAGES

SIZE = (37, 53)
SEED = 3


def tiff(values, **options):
    """A TIFF by tifffile, the independent writer here."""
    stream = BytesIO()
    tifffile.imwrite(stream, values, metadata=None, **options)
    return stream.getvalue()


def samples(dtype, channels=1, bits=None):
    """Smooth values with noise over the whole range of a type, (H, W) or (H, W, C)."""
    rng = np.random.default_rng(SEED)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    wave = np.stack([(np.sin(rows / 5 + k) + np.cos(columns / 7 + k) + 2) / 4 for k in range(channels)], axis=2)
    wave = np.clip(wave + rng.normal(0, 0.02, wave.shape), 0, 1)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        values = (wave * 300 - 100).astype(kind)
    else:
        low, high = (0, 2**bits - 1) if bits else (np.iinfo(kind).min, np.iinfo(kind).max)
        values = (low + wave * (float(high) - float(low)) * 0.999).astype(kind)
    return values[..., 0] if channels == 1 else values


def stored(data):
    return decode(BytesIO(data), "a.tif", 500)


ARRANGEMENTS = [
    {},
    {"rowsperstrip": 5},
    {"tile": (16, 32)},
    {"compression": "zlib", "rowsperstrip": 8},
    {"compression": "lzw", "tile": (16, 16)},
    {"compression": "packbits", "rowsperstrip": 7},
    {"compression": "zstd", "rowsperstrip": 4},
    {"compression": "lzma"},
    {"compression": "zlib", "predictor": True, "tile": (32, 16)},
    {"compression": "zstd", "predictor": True, "rowsperstrip": 6},
    {"compression": "lzw", "predictor": True},
    {"bigtiff": True},
    {"bigtiff": True, "compression": "lzw", "rowsperstrip": 3},
]
DTYPES = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "f2", "f4", "f8"]
# Strips, tiles, compressions × byte orders × types, in grey.
GREY = [
    (options, order, dtype)
    for options, order, dtype in itertools.product(ARRANGEMENTS, "<>", DTYPES)
    if not (dtype == "u8" and "predictor" in options)
]


def named(options):
    return "-".join(f"{key}{value}" for key, value in options.items()).replace(" ", "") or "plain"


@pytest.mark.parametrize(
    ("options", "order", "dtype"), GREY, ids=[f"{named(options)}-{order}-{dtype}" for options, order, dtype in GREY]
)
def test_grey_of_any_type_is_read_as_it_is_stored(options, order, dtype):
    values = samples(dtype)
    got = stored(tiff(values, photometric="minisblack", byteorder=order, **options))
    np.testing.assert_array_equal(got.values, values)
    assert got.values.dtype == np.dtype(dtype)
    assert got.notes == ()


# Colour in one piece or in planes.
COLOUR = list(itertools.product(ARRANGEMENTS, ["<", ">"], ["u1", "u2", "f4"], ["contig", "separate"]))


@pytest.mark.parametrize(
    ("options", "order", "dtype", "planes"),
    COLOUR,
    ids=[f"{named(options)}-{order}-{dtype}-{planes}" for options, order, dtype, planes in COLOUR],
)
def test_colour_in_any_arrangement_is_read_as_it_is_stored(options, order, dtype, planes):
    values = samples(dtype, 3)
    given = values if planes == "contig" else np.ascontiguousarray(np.moveaxis(values, 2, 0))
    got = stored(tiff(given, photometric="rgb", planarconfig=planes, byteorder=order, **options))
    np.testing.assert_array_equal(got.values, values)
    assert got.notes == ()


@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("channels", [3, 4, 5, 8])
@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_of_many_bands_the_first_three_are_the_colours(dtype, channels, planes, photometric):
    values = samples(dtype, channels)
    given = values if planes == "contig" else np.ascontiguousarray(np.moveaxis(values, 2, 0))
    spare = channels - (1 if photometric == "minisblack" else 3)
    got = stored(tiff(given, photometric=photometric, planarconfig=planes, extrasamples=[0] * spare))
    np.testing.assert_array_equal(got.values, values[..., :3])
    taken = ("bands 1 to 3 taken for red, green and blue",) * (photometric == "minisblack")
    left = (f"{channels - 3} of {channels} bands left out",) * (channels > 3)
    assert got.notes == (*taken, *left)


@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("colours", [1, 3, 4])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_opacity_is_kept_straight(dtype, colours, planes, kind):
    white = int(np.iinfo(dtype).max)
    values = samples(dtype, colours + 1)
    values[..., colours] = np.linspace(white // 4, white, SIZE[1]).astype(dtype)
    if kind == "assocalpha" and colours < 4:
        values[..., :colours] = values[..., :colours] * (values[..., colours:] / white)
    photometric = {1: "minisblack", 3: "rgb", 4: "separated"}[colours]
    given = values if planes == "contig" else np.ascontiguousarray(np.moveaxis(values, 2, 0))
    got = stored(tiff(given, photometric=photometric, planarconfig=planes, extrasamples=[kind]))
    assert got.values.shape == (*SIZE, 4)
    np.testing.assert_array_equal(got.values[..., 3], values[..., colours])
    if colours == 4 or kind == "assocalpha":
        return
    np.testing.assert_array_equal(got.values[..., :3], np.broadcast_to(values[..., :colours], (*SIZE, 3)))


def test_premultiplied_colours_are_divided_again():
    values = np.zeros((4, 4, 4), np.uint8)
    values[...] = (50, 100, 128, 128)
    got = stored(tiff(values, photometric="rgb", extrasamples=["assocalpha"]))
    assert got.values[0, 0].tolist() == [100, 199, 255, 128]


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_cmyk_is_turned_as_pillow_turns_it(dtype):
    values = samples("u1", 4)
    expected = np.asarray(Image.frombytes("CMYK", SIZE[::-1], values.tobytes()).convert("RGB"))
    given = values if dtype == "u1" else values.astype(np.uint16) * np.uint16(257)
    loaded = decode_image(tiff(given, photometric="separated"), "a.tif")
    assert np.abs(loaded.pixels.astype(int) - expected).max() <= 1
    assert loaded.notes[0] == "CMYK turned into RGB without its colour profile"


def packed(values, bits):
    """Rows of samples packed without gaps, the highest bit first."""
    flat = values.reshape(len(values), -1)
    singles = (flat[..., None] >> np.arange(bits - 1, -1, -1).astype(flat.dtype)) & flat.dtype.type(1)
    return np.packbits(singles.reshape(len(values), -1).astype(np.uint8), axis=1)


PACKED = list(itertools.product(["<", ">"], [1, 2, 3, 4, 6, 7, 9, 10, 12, 14, 15], [1, 3]))


@pytest.mark.parametrize(("order", "bits", "channels"), PACKED)
def test_packed_samples_are_read(make_tiff, order, bits, channels):
    values = samples("u2" if bits > 8 else "u1", channels, bits)
    data = make_tiff(
        packed(values, bits), {256: SIZE[1], 258: (bits,) * channels, 262: 2 if channels == 3 else 1, 277: channels}
    )
    if order == ">":
        data = big_endian(data)
    got = stored(data)
    if bits > 8:
        np.testing.assert_array_equal(got.values, values)
        assert (got.bits, got.white) == (bits, 2**bits - 1)
    else:
        np.testing.assert_allclose(got.values, values / (2**bits - 1) * 255, atol=0.9999)


def big_endian(data):
    """A file of `make_tiff` with numbers the other way round; its pixels stay."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    out = bytearray(b"MM\0*" + struct.pack(">I", start) + data[8:start] + struct.pack(">H", count))
    tail = bytearray(data[start + 2 + 12 * count + 4 :])
    for tag, kind, number, raw in struct.iter_unpack("<HHI4s", data[start + 2 : start + 2 + 12 * count]):
        code, size = {3: ("H", 2), 4: ("I", 4)}[kind]
        if size * number > 4:
            (where,) = struct.unpack("<I", raw)
            begin = where - (start + 2 + 12 * count + 4)
            swapped = struct.pack(f">{number}{code}", *struct.unpack_from(f"<{number}{code}", tail, begin))
            tail[begin : begin + len(swapped)] = swapped
            inside = struct.pack(">I", where)
        else:
            inside = struct.pack(f">{number}{code}", *struct.unpack_from(f"<{number}{code}", raw)).ljust(4, b"\0")
        out += struct.pack(">HHI", tag, kind, number) + inside
    return bytes(out + b"\0" * 4 + tail)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_grey_scale_from_white_to_black_is_turned_over(read_deep, tmp_path, dtype):
    values = samples(dtype)
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(values, photometric="miniswhite"))
    wide = values.astype(np.uint16) * np.uint16(257) if dtype == "u1" else values
    np.testing.assert_array_equal(read_deep(path)[..., 0], 65535 - wide)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_bits_in_reversed_order_are_read(make_tiff, compression):
    values = samples("u1")
    reverse = np.array([int(f"{byte:08b}"[::-1], 2) for byte in range(256)], np.uint8)
    data = tiff(values, compression=compression)
    page = tifffile.TiffFile(BytesIO(data)).pages[0]
    begin, size = page.dataoffsets[0], page.databytecounts[0]
    coded = reverse[np.frombuffer(data[begin : begin + size], np.uint8)]
    made = make_tiff(
        coded.reshape(1, -1), {256: SIZE[1], 257: SIZE[0], 278: SIZE[0], 259: int(page.compression), 266: 2, 279: size}
    )
    np.testing.assert_array_equal(stored(made).values, values)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
@pytest.mark.parametrize("channels", [1, 3])
def test_orientation_is_undone(tmp_path, orientation, dtype, channels):
    values = samples(dtype, channels)
    data = tiff(
        values, photometric="rgb" if channels == 3 else "minisblack", extratags=[(274, 3, 1, orientation, True)]
    )
    upright = {
        1: values,
        2: values[:, ::-1],
        3: values[::-1, ::-1],
        4: values[::-1],
        5: values.swapaxes(0, 1),
        6: np.rot90(values, -1),
        7: values.swapaxes(0, 1)[::-1, ::-1],
        8: np.rot90(values, 1),
    }[orientation]
    np.testing.assert_array_equal(stored(data).values, upright)
    (tmp_path / "a.tif").write_bytes(data)
    assert image_size_px(tmp_path / "a.tif") == upright.shape[:2]


@pytest.mark.parametrize("mode", ["P", "1", "RGB", "L", "CMYK", "YCbCr"])
@pytest.mark.parametrize("compression", ["raw", "jpeg", "group4", "tiff_lzw"])
def test_what_pillow_writes_is_read_as_pillow_reads_it(scene, mode, compression):
    possible = {"jpeg": ("RGB", "L", "CMYK", "YCbCr"), "group4": ("1",)}
    if mode not in possible.get(compression, (mode,)) or (mode == "YCbCr" and compression == "raw"):
        return
    stream = BytesIO()
    Image.fromarray(scene).convert(mode).save(stream, "TIFF", compression=compression)
    expected = np.asarray(Image.open(BytesIO(stream.getvalue())).convert("RGB"))
    assert np.abs(load_bytes(stream.getvalue()).pixels.astype(int) - expected).max() <= 1


def load_bytes(data):
    return decode_image(data, "a.tif")


def test_what_libtiff_cannot_decode_is_not_just_called_damaged():
    planes = np.ascontiguousarray(np.moveaxis(samples("u1", 3), 2, 0))
    data = tiff(planes, photometric="ycbcr", planarconfig="separate", subsampling=(1, 1))
    with pytest.raises(ImageError, match="or a TIFF of 8-bit YCbCr values of a kind that is not read"):
        load_bytes(data)


def test_a_preview_before_the_image_is_passed_over(scene):
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(np.ascontiguousarray(scene[::4, ::4]), photometric="rgb", subfiletype=1, metadata=None)
        writer.write(scene, photometric="rgb", metadata=None)
    loaded = load_bytes(stream.getvalue())
    np.testing.assert_array_equal(loaded.pixels, scene)
    assert loaded.notes == ()


def test_overviews_behind_the_image_are_no_pages(scene):
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(scene, photometric="rgb", metadata=None, tile=(16, 16), compression="zlib")
        for step in (2, 4):
            writer.write(np.ascontiguousarray(scene[::step, ::step]), photometric="rgb", subfiletype=1, metadata=None)
    loaded = load_bytes(stream.getvalue())
    np.testing.assert_array_equal(loaded.pixels, scene)
    assert loaded.notes == ()


def test_an_image_that_a_preview_names_as_its_own_is_read(scene):
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        small = np.ascontiguousarray(scene[::4, ::4])
        writer.write(small, photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(scene, photometric="rgb", metadata=None)
    np.testing.assert_array_equal(load_bytes(stream.getvalue()).pixels, scene)


def test_a_hundred_thousand_pages_are_not_counted_for_ever(make_tiff):
    data = make_tiff(np.arange(6, dtype=np.uint8).reshape(2, 3))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    length = 2 + 12 * count + 4
    table = data[start : start + length - 4]
    many = bytearray(data)
    many += b"\0" * (len(many) % 2)
    struct.pack_into("<I", many, start + length - 4, len(many))
    begin = len(many)
    for number in range(100_000):
        many += table + struct.pack("<I", begin + (number + 1) * length)
    assert load_bytes(bytes(many)).notes == (f"first of more than {MAX_PAGES} pages",)


def test_pages_in_a_circle_end(make_tiff):
    data = bytearray(make_tiff(np.zeros((2, 3), np.uint8)))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    assert load_bytes(bytes(data)).notes == ()


def test_a_tile_that_was_never_written_is_black(scene):
    data = bytearray(tiff(scene, photometric="rgb", tile=(32, 32)))
    with tifffile.TiffFile(BytesIO(bytes(data))) as file:
        sizes = file.pages[0].tags[325]
    code = {3: "<H", 4: "<I"}[sizes.dtype]
    struct.pack_into(code, data, sizes.valueoffset + struct.calcsize(code), 0)
    expected = scene.copy()
    expected[:32, 32:64] = 0
    np.testing.assert_array_equal(load_bytes(bytes(data)).pixels, expected)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({258: (5, 6, 5), 277: 3, 262: 2}, r"differ in kind or depth \(5, 6 bit\)"),
        ({258: 24}, "of 24-bit unsigned values"),
        ({258: 20}, "of 20-bit unsigned values"),
        ({258: 24, 339: 3}, "of 24-bit floating-point values"),
        ({258: 12, 339: 2}, "of 12-bit signed values"),
        ({258: 64, 339: 6}, "of 64-bit complex values"),
        ({259: 34887}, "of 8-bit grey values in LERC"),
        ({259: 34712}, "of 8-bit grey values in JPEG 2000"),
        ({259: 34892}, "of 8-bit grey values in lossy JPEG"),
        ({259: 50001}, "of 8-bit grey values in WebP"),
        ({259: 4242}, r"in an unknown compression \(4242\)"),
        ({262: 8, 277: 3, 258: (8, 8, 8)}, "of 8-bit CIELab values"),
        ({262: 32845, 277: 3, 258: (16, 16, 16)}, "of 16-bit LogLuv values"),
        ({32997: 5}, "of 5 layers, a volume"),
        ({262: 777}, r"of 8-bit unknown \(777\) values"),
        ({262: 3, 258: 16}, "of 16-bit palette values"),
        ({259: 7, 258: 12}, "of 12-bit grey values in JPEG"),
        ({262: 5, 277: 5, 258: (8,) * 5, 332: 2}, "of 8-bit inks that are not CMYK"),
        ({262: 2, 277: 2, 258: (8, 8)}, "of 2 samples for 3 colours"),
        ({317: 34892}, "of 8-bit values with predictor 34892"),
        ({317: 2, 258: 12}, "of 12-bit values with predictor 2"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(make_tiff, tags, said):
    data = make_tiff(np.zeros((40, 60), np.uint8), {256: 4, 257: 4, 278: 4, **tags})
    with pytest.raises(ImageError, match=said) as raised:
        load_bytes(data)
    assert "damaged" not in str(raised.value)
    assert str(raised.value).endswith("save it as 8- or 16-bit grey or RGB.")


@pytest.mark.parametrize("options", [*ARRANGEMENTS, {"planarconfig": "separate"}], ids=named)
def test_what_is_cut_short_is_an_error(options):
    values = samples("u2", 3)
    if "planarconfig" in options:
        values = np.ascontiguousarray(np.moveaxis(values, 2, 0))
    data = tiff(values, photometric="rgb", **options)
    for part in (0.02, 0.3, 0.6, 0.97):
        with pytest.raises(ImageError, match="cut short"):
            load_bytes(data[: int(len(data) * part)])


def test_a_large_strip_is_read_in_bands():
    values = np.zeros((3000, 4000, 3), np.uint8)
    values[::7, ::5] = 200
    np.testing.assert_array_equal(load_bytes(tiff(values, photometric="rgb", rowsperstrip=3000)).pixels, values)


def test_a_range_of_floating_point_colours_is_asked_for():
    data = tiff(samples("f4", 3), photometric="rgb")
    with pytest.raises(ImageError, match="32-bit floating-point values"):
        load_bytes(data)
    ranged = decode_image(data, "a.tif", ReadOptions((-100, 200)))
    np.testing.assert_allclose(ranged.pixels, (samples("f4", 3) + 100) / 300 * 255, atol=0.51)


def test_files_and_bytes_read_alike(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(samples("u1", 3), photometric="rgb", compression="lzw"))
    np.testing.assert_array_equal(load_image(path).pixels, load_bytes(path.read_bytes()).pixels)
