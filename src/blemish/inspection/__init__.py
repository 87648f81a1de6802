"""Inspection: many images through one detector, into findings or figures."""

from blemish.inspection.calibrating import calibrate, calibrate_groups
from blemish.inspection.drifting import DriftWatch, Suspension
from blemish.inspection.evaluating import Answer, choose_split, evaluate_each
from blemish.inspection.findings import read_findings, to_line
from blemish.inspection.folder import Tally, inspect_images
from blemish.inspection.measuring import MeasuredInspection, Measuring
from blemish.inspection.portfolio import Portfolio
from blemish.inspection.provenance import describe_run
from blemish.inspection.submission import Submission
from blemish.inspection.thresholds import set_thresholds

__all__ = [
    "Answer",
    "DriftWatch",
    "MeasuredInspection",
    "Measuring",
    "Portfolio",
    "Submission",
    "Suspension",
    "Tally",
    "calibrate",
    "calibrate_groups",
    "choose_split",
    "describe_run",
    "evaluate_each",
    "inspect_images",
    "read_findings",
    "set_thresholds",
    "to_line",
]
