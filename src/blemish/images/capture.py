"""When, where and with what an image was taken, as its EXIF data say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags

from blemish.images.header import Header
from blemish.images.optics import Optics, optics_of

_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_MAX_LETTERS = 80


@dataclass(frozen=True, slots=True)
class Capture:
    """What a camera wrote about an image; None where it wrote nothing, or nothing that can be.

    Attributes:
        taken: local time at the camera, ISO 8601 without a time zone.
        camera: maker and model.
        latitude_deg: WGS 84, north positive.
        longitude_deg: WGS 84, east positive.
        altitude_m: above sea level, as the camera took it to be.
        direction_deg: where the camera looked, clockwise from north.
        optics: lens, sensor and distance.
    """

    taken: str | None = None
    camera: str | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float | None = None
    direction_deg: float | None = None
    optics: Optics | None = None

    @property
    def position(self) -> tuple[float, float] | None:
        """(latitude, longitude) in degrees."""
        if self.latitude_deg is None or self.longitude_deg is None:
            return None
        return self.latitude_deg, self.longitude_deg


def capture_of(header: Header) -> Capture | None:
    """What an image's EXIF data say; None where there are none, or they are damaged."""
    try:
        exif = header.read_exif()
        if exif is None:
            return None
        details, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # a damaged EXIF block does not make the pixels unreadable
        return None
    latitude = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    longitude = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    # Cameras without reception write zeros.
    is_known = latitude is not None and longitude is not None and (latitude, longitude) != (0.0, 0.0)
    xmp = header.read_xmp()
    direction = _number(gps.get(ExifTags.GPS.GPSImgDirection))
    capture = Capture(
        taken=_time(details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)),
        camera=_camera(exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model)),
        latitude_deg=latitude if is_known else None,
        longitude_deg=longitude if is_known else None,
        altitude_m=_altitude(gps),
        direction_deg=direction if direction is not None and 0 <= direction <= 360 else None,
        optics=optics_of(details, xmp),
    )
    return None if capture == Capture() else capture


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return _UNPRINTED.sub(" ", value).strip()[:_MAX_LETTERS] if isinstance(value, str) else ""


def _camera(make: Any, model: Any) -> str | None:
    make, model = _text(make), _text(model)
    joined = model if model.casefold().startswith(make.casefold()) else f"{make} {model}"
    return joined.strip() or None


def _time(value: Any) -> str | None:
    try:
        return datetime.strptime(_text(value)[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:  # cameras whose clock was never set write zeros or blanks
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _degrees(gps: Mapping[int, Any], tag: int, reference: int, negative: str, limit: float) -> float | None:
    parts = gps.get(tag)
    numbers = [_number(part) for part in parts] if isinstance(parts, tuple | list) else []
    known = [number for number in numbers if number is not None]
    if not known or len(known) != len(numbers) or len(known) > 3:
        return None
    degrees = sum(number / 60**power for power, number in enumerate(known))
    sign = -1 if _text(gps.get(reference)).upper().startswith(negative) else 1
    return round(sign * degrees, 8) if 0 <= degrees <= limit else None


def _altitude(gps: Mapping[int, Any]) -> float | None:
    altitude = _number(gps.get(ExifTags.GPS.GPSAltitude))
    if altitude is None:
        return None
    below = gps.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\x01")
    return -altitude if below else altitude
