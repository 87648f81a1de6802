"""What a camera or drone wrote about lens, sensor and distance: enough, at times, to tell how large a pixel is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags

# What drones write, each maker in a name space of its own.
_XMP = re.compile(
    rb"[\w-]+:(RelativeAltitude|GimbalPitchDegree|GimbalYawDegree|LRFTargetDistance|LRFStatus)"
    rb"(?:\s*=\s*[\"']|>)\s*([-+\w.]{1,24})"
)
_XMP_BYTES = 1 << 18
# No lens, distance or picture has more millimetres, metres or pixels.
_MAX = 1e6
_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}


@dataclass(frozen=True, slots=True)
class Optics:
    """As the file says; None where it does not.

    Attributes:
        recorded_px: (width, height) of the picture that the camera took, which may have been resized or cropped since.
        focal_mm: the lens's true focal length.
        focal_35mm: the focal length that sees as much on a picture of 36 x 24 mm, by the diagonal.
        pitch_mm: distance of two pixels of the picture as taken, on the sensor.
        laser_m: distance that a laser rangefinder measured.
        subject_m: distance that the camera focused at.
        height_m: above the place of take-off.
        tilt_deg: where the camera looked, from -90, straight down, over 0, level, to 90.
        turn_deg: the compass direction of the picture's upper edge, or of the view where the camera looks level.
        f_number: focal length over the width of the aperture.
        exposure_s: how long the shutter was open.
        iso: the sensor's speed.
    """

    recorded_px: tuple[int, int] | None = None
    focal_mm: float | None = None
    focal_35mm: float | None = None
    pitch_mm: float | None = None
    laser_m: float | None = None
    subject_m: float | None = None
    height_m: float | None = None
    tilt_deg: float | None = None
    turn_deg: float | None = None
    f_number: float | None = None
    exposure_s: float | None = None
    iso: float | None = None


def optics_of(details: Mapping[int, Any], xmp: bytes) -> Optics | None:
    """From the EXIF block of the photograph and its XMP packet; None where neither says anything."""
    said = {name.decode(): value.decode() for name, value in reversed(_XMP.findall(xmp[:_XMP_BYTES]))}
    base = ExifTags.Base
    width, height = (_positive(details.get(tag)) for tag in (base.ExifImageWidth, base.ExifImageHeight))
    unit = _MM_PER_UNIT.get(details.get(base.FocalPlaneResolutionUnit, 2))
    per_unit = _positive(details.get(base.FocalPlaneXResolution))
    laser = None if said.get("LRFStatus", "Normal") != "Normal" else _positive(said.get("LRFTargetDistance"))
    optics = Optics(
        recorded_px=None if width is None or height is None else (round(width), round(height)),
        focal_mm=_positive(details.get(base.FocalLength)),
        focal_35mm=_positive(details.get(base.FocalLengthIn35mmFilm)),
        pitch_mm=None if unit is None or per_unit is None else unit / per_unit,
        laser_m=laser,
        subject_m=_positive(details.get(base.SubjectDistance)),
        height_m=_number(said.get("RelativeAltitude")),
        tilt_deg=_number(said.get("GimbalPitchDegree")),
        turn_deg=_number(said.get("GimbalYawDegree")),
        f_number=_positive(details.get(base.FNumber)),
        exposure_s=_positive(details.get(base.ExposureTime)),
        iso=_positive(_first(details.get(base.ISOSpeedRatings))),
    )
    return None if optics == Optics() else optics


def _first(value: Any) -> Any:
    """Some cameras write a list of one."""
    return value[0] if isinstance(value, tuple | list) and value else value


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and abs(number) < _MAX else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None
