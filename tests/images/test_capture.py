"""EXIF data of every make give what they say, and damaged ones give nothing and stop nothing."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image

from blemish.images import Capture, decode_image
from blemish.images.capture import capture_of
from blemish.images.opening import open_header
from blemish.images.optics import Optics, optics_of

GPS = ExifTags.GPS
SEOUL = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (37.0, 33.0, 59.4)}
SEOUL |= {GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: (126.0, 58.0, 41.88)}


def image_with(tags: dict[int, Any], gps: dict[int, Any], suffix: str = "JPEG") -> bytes:
    image = Image.new("RGB", (32, 32), (120, 120, 120))
    exif = Image.Exif()
    exif.update({tag: value for tag, value in tags.items() if tag != ExifTags.Base.DateTimeOriginal})
    taken = tags.get(ExifTags.Base.DateTimeOriginal)
    if taken is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    out = BytesIO()
    image.save(out, suffix, exif=exif.tobytes())
    return out.getvalue()


CASES: dict[str, tuple[dict[int, Any], dict[int, Any], Capture | None]] = {
    "nothing": ({}, {}, None),
    "date taken": ({ExifTags.Base.DateTimeOriginal: "2026:03:01 09:08:07"}, {}, Capture(taken="2026-03-01T09:08:07")),
    "date of the file": ({ExifTags.Base.DateTime: "2026:03:01 09:08:07"}, {}, Capture(taken="2026-03-01T09:08:07")),
    "a clock never set": ({ExifTags.Base.DateTime: "0000:00:00 00:00:00"}, {}, None),
    "blanks for a date": ({ExifTags.Base.DateTime: "    :  :     :  :  "}, {}, None),
    "maker and model": ({ExifTags.Base.Make: "DJI", ExifTags.Base.Model: "FC300S"}, {}, Capture(camera="DJI FC300S")),
    "the maker twice": (
        {ExifTags.Base.Make: "Canon", ExifTags.Base.Model: "Canon EOS R5"},
        {},
        Capture(camera="Canon EOS R5"),
    ),
    "padded with zeros": (
        {ExifTags.Base.Make: "DJI\0\0\0", ExifTags.Base.Model: "M3E\0"},
        {},
        Capture(camera="DJI M3E"),
    ),
    "terminal escapes": ({ExifTags.Base.Model: "A\x1b[2J"}, {}, Capture(camera="A [2J")),
    "a position": ({}, SEOUL, Capture(latitude_deg=37.5665, longitude_deg=126.9783)),
    "south and west": (
        {},
        SEOUL | {GPS.GPSLatitudeRef: "S", GPS.GPSLongitudeRef: "W"},
        Capture(latitude_deg=-37.5665, longitude_deg=-126.9783),
    ),
    "half a position": ({}, {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (37.0, 0.0, 0.0)}, None),
    "no reception": ({}, {GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)}, None),
    "beyond the pole": ({}, SEOUL | {GPS.GPSLatitude: (97.0, 0.0, 0.0)}, None),
    "height and direction": (
        {},
        {GPS.GPSAltitude: 53.5, GPS.GPSImgDirection: 270.0},
        Capture(altitude_m=53.5, direction_deg=270.0),
    ),
    "below the sea": ({}, {GPS.GPSAltitude: 3.0, GPS.GPSAltitudeRef: b"\x01"}, Capture(altitude_m=-3.0)),
    "an impossible direction": ({}, {GPS.GPSImgDirection: 999.0}, None),
}


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("tags", "gps", "wanted"), CASES.values(), ids=CASES)
def test_exif_data_are_told_as_they_stand(tags: dict, gps: dict, wanted: Capture | None, suffix: str):
    assert decode_image(image_with(tags, gps, suffix), "wall").capture == wanted


def test_damaged_exif_data_give_nothing_and_the_pixels_are_read():
    data = image_with({ExifTags.Base.Model: "Camera"}, SEOUL)
    begin = data.index(b"Exif\0\0") + 6
    assert decode_image(data[:begin] + b"\xff" * 20 + data[begin + 20 :], "wall").capture is None


def test_without_a_view_of_the_file_nothing_is_known():
    header = open_header(BytesIO(b"P5 1 1 255\n0"), "a.pgm")
    assert capture_of(header) is None
    assert capture_of(replace(header, exif_bytes=b"Exif\0\0 no such thing")) is None


def test_exif_data_of_formats_that_pillow_does_not_read_are_known():
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", "Phone 7"
    header = open_header(BytesIO(b"P5 1 1 255\n0"), "a.pgm")
    capture = capture_of(replace(header, exif_bytes=exif.tobytes()))
    assert capture is not None
    assert capture.camera == "Maker Phone 7"


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description drone-dji:RelativeAltitude="+40.10"
 drone-dji:GimbalPitchDegree="-89.90" drone-dji:GimbalYawDegree = "+42.80" {more}/></x:xmpmeta>"""


@pytest.mark.parametrize(
    ("more", "laser_m"),
    [
        ("", None),
        ('drone-dji:LRFStatus="Normal" drone-dji:LRFTargetDistance="12.5"', 12.5),
        ('drone-dji:LRFStatus="TooFar" drone-dji:LRFTargetDistance="999"', None),
        ('drone-dji:LRFTargetDistance="0"', None),
        ('drone-dji:LRFTargetDistance="nan"', None),
    ],
)
def test_what_a_drone_writes_of_lens_and_distance_is_read(more: str, laser_m: float | None):
    image, exif = Image.new("RGB", (32, 32)), Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update({0x920A: 3.61, 0xA405: 20, 0xA002: 4000, 0xA003: 2250, 0x9206: 0.0})
    out = BytesIO()
    image.save(out, "JPEG", exif=exif.tobytes(), xmp=XMP.format(more=more).encode())
    capture = decode_image(out.getvalue(), "drone.jpg").capture
    assert capture is not None
    assert capture.optics == Optics(
        recorded_px=(4000, 2250),
        focal_mm=pytest.approx(3.61),
        focal_35mm=20,
        laser_m=laser_m,
        height_m=40.1,
        tilt_deg=-89.9,
        turn_deg=42.8,
    )


@pytest.mark.parametrize(("unit", "pitch_mm"), [(2, 25.4 / 5000), (3, 10 / 5000), (4, 1 / 5000), (9, None)])
def test_the_pixel_pitch_is_told_in_any_unit(unit: int, pitch_mm: float | None):
    optics = optics_of({0xA20E: 5000.0, 0xA210: unit, 0x920A: 50.0}, b"")
    assert optics is not None
    assert optics.pitch_mm == (None if pitch_mm is None else pytest.approx(pitch_mm))


@pytest.mark.parametrize(
    "xmp", [b"", b"\xff\xfe" * 999, b'a:RelativeAltitude="' + b"9" * 10_000, b"a:LRFStatus>Normal<"]
)
def test_damaged_packets_give_nothing(xmp: bytes):
    assert optics_of({}, xmp) is None
