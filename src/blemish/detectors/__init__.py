"""The ``.blemish`` file and what runs it."""

from blemish.detectors.container import Container, read_container, require_free, write_container
from blemish.detectors.detector import Detector, judge, load
from blemish.detectors.result import Inspection
from blemish.detectors.schema import (
    Calibration,
    ClassThreshold,
    DetectorSpec,
    InputSpec,
    Provenance,
    SeriesSpec,
    Thresholds,
)
from blemish.detectors.series import SeriesDetector, SeriesScores, load_series_detector

__all__ = [
    "Calibration",
    "ClassThreshold",
    "Container",
    "Detector",
    "DetectorSpec",
    "InputSpec",
    "Inspection",
    "Provenance",
    "SeriesDetector",
    "SeriesScores",
    "SeriesSpec",
    "Thresholds",
    "judge",
    "load",
    "load_series_detector",
    "read_container",
    "require_free",
    "write_container",
]
