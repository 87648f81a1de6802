"""Measurement: cracks, with length, width and direction; other defects as regions; scale, grades, change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blemish.lazy import lazily

if TYPE_CHECKING:
    from blemish.measurement.change import CrackChange, compare_cracks
    from blemish.measurement.crack import Crack, Millimetres, doubts_of
    from blemish.measurement.grades import GradeScale, load_grades, shipped_grades
    from blemish.measurement.measure import Measurement, measure_cracks, measure_mask
    from blemish.measurement.regions import Region, find_regions
    from blemish.measurement.registration import Registration, register_images
    from blemish.measurement.scale import Scale
    from blemish.measurement.scale_sources import (
        ScaleByCamera,
        ScaleByMarker,
        ScaleByMetadata,
        ScaleByPlane,
        ScaleByPoints,
        ScaleByTable,
        ScalePerImage,
    )
    from blemish.measurement.width.single_profile import ProfileWidth, measure_profile

__all__ = [
    "Crack",
    "CrackChange",
    "GradeScale",
    "Measurement",
    "Millimetres",
    "ProfileWidth",
    "Region",
    "Registration",
    "Scale",
    "ScaleByCamera",
    "ScaleByMarker",
    "ScaleByMetadata",
    "ScaleByPlane",
    "ScaleByPoints",
    "ScaleByTable",
    "ScalePerImage",
    "compare_cracks",
    "doubts_of",
    "find_regions",
    "load_grades",
    "measure_cracks",
    "measure_mask",
    "measure_profile",
    "register_images",
    "shipped_grades",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "change": ("CrackChange", "compare_cracks"),
        "crack": ("Crack", "Millimetres", "doubts_of"),
        "grades": ("GradeScale", "load_grades", "shipped_grades"),
        "measure": ("Measurement", "measure_cracks", "measure_mask"),
        "regions": ("Region", "find_regions"),
        "registration": ("Registration", "register_images"),
        "scale": ("Scale",),
        "scale_sources": (
            "ScaleByCamera",
            "ScaleByMarker",
            "ScaleByMetadata",
            "ScaleByPlane",
            "ScaleByPoints",
            "ScaleByTable",
            "ScalePerImage",
        ),
        "width.single_profile": ("ProfileWidth", "measure_profile"),
    },
)
