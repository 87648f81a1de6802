"""The ``.blemish`` file and what runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blemish.lazy import lazily

if TYPE_CHECKING:
    from blemish.detectors.container import Container, read_container, require_free, write_container
    from blemish.detectors.detector import Detector, failed, load
    from blemish.detectors.measuring import Measuring, ScaleOf
    from blemish.detectors.result import Inspection
    from blemish.detectors.schema import (
        Calibration,
        ClassThreshold,
        DetectorSpec,
        InputSpec,
        Provenance,
        Sensitivity,
        SensitivityLevel,
        SeriesSpec,
        Thresholds,
    )
    from blemish.detectors.sensitivity import at_sensitivity
    from blemish.detectors.series_detector import SeriesDetector, SeriesScores, load_series_detector
    from blemish.detectors.sources import ImageLike, ImageSource, source_of

__all__ = [
    "Calibration",
    "ClassThreshold",
    "Container",
    "Detector",
    "DetectorSpec",
    "ImageLike",
    "ImageSource",
    "InputSpec",
    "Inspection",
    "Measuring",
    "Provenance",
    "ScaleOf",
    "Sensitivity",
    "SensitivityLevel",
    "SeriesDetector",
    "SeriesScores",
    "SeriesSpec",
    "Thresholds",
    "at_sensitivity",
    "failed",
    "load",
    "load_series_detector",
    "read_container",
    "require_free",
    "source_of",
    "write_container",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "container": ("Container", "read_container", "require_free", "write_container"),
        "detector": ("Detector", "failed", "load"),
        "measuring": ("Measuring", "ScaleOf"),
        "result": ("Inspection",),
        "schema": (
            "Calibration",
            "ClassThreshold",
            "DetectorSpec",
            "InputSpec",
            "Provenance",
            "Sensitivity",
            "SensitivityLevel",
            "SeriesSpec",
            "Thresholds",
        ),
        "sensitivity": ("at_sensitivity",),
        "series_detector": ("SeriesDetector", "SeriesScores", "load_series_detector"),
        "sources": ("ImageLike", "ImageSource", "source_of"),
    },
)
