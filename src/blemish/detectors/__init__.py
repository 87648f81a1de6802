"""The ``.blemish`` file and what runs it."""

from blemish.calibration import Verdict
from blemish.detectors.container import Container, read_container, write_container
from blemish.detectors.detector import Detector, judge, load
from blemish.detectors.result import Inspection
from blemish.detectors.schema import Calibration, ClassThreshold, DetectorSpec, InputSpec, Provenance, Thresholds

__all__ = [
    "Calibration",
    "ClassThreshold",
    "Container",
    "Detector",
    "DetectorSpec",
    "InputSpec",
    "Inspection",
    "Provenance",
    "Thresholds",
    "Verdict",
    "judge",
    "load",
    "read_container",
    "write_container",
]
