"""Inspection: many images through one detector, into findings or figures."""

from blemish.inspection.calibrating import calibrate, calibrate_groups
from blemish.inspection.drifting import DriftWatch
from blemish.inspection.evaluating import Answer, choose_split, evaluate_each
from blemish.inspection.folder import inspect_images
from blemish.inspection.inspecting import inspect
from blemish.inspection.masks import MaskMeasurement, measure
from blemish.inspection.portfolio import Portfolio
from blemish.inspection.provenance import describe_run
from blemish.inspection.sources import SourceLike, file_sources, find_sources
from blemish.inspection.submission import Submission
from blemish.inspection.summary import InspectionSummary
from blemish.inspection.thresholds import set_thresholds

__all__ = [
    "Answer",
    "DriftWatch",
    "InspectionSummary",
    "MaskMeasurement",
    "Portfolio",
    "SourceLike",
    "Submission",
    "calibrate",
    "calibrate_groups",
    "choose_split",
    "describe_run",
    "evaluate_each",
    "file_sources",
    "find_sources",
    "inspect",
    "inspect_images",
    "measure",
    "set_thresholds",
]
