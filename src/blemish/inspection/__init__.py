"""Inspection: many images through one detector, into findings or metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blemish.lazy import lazily

if TYPE_CHECKING:
    from blemish.inspection.calibrating import CalibrationResult, calibrate
    from blemish.inspection.checking_images import check_images
    from blemish.inspection.drifting import DriftWatch
    from blemish.inspection.evaluating import evaluate
    from blemish.inspection.evaluation_data import choose_split
    from blemish.inspection.evaluation_result import EvaluationResult
    from blemish.inspection.exporting import ExportResult, export
    from blemish.inspection.folder import inspect_images
    from blemish.inspection.inspecting import inspect
    from blemish.inspection.job import Images, Job, JobOptions, assemble, merge_jobs, read_progress
    from blemish.inspection.masks import MaskMeasurement, measure
    from blemish.inspection.portfolio import Answer, EvaluatedImage
    from blemish.inspection.progress import JobEvent, Progress
    from blemish.inspection.provenance import describe_run
    from blemish.inspection.sources import SourceLike, file_sources
    from blemish.inspection.submission import Submission
    from blemish.inspection.summary import InspectionSummary
    from blemish.inspection.thresholds import set_thresholds

__all__ = [
    "Answer",
    "CalibrationResult",
    "DriftWatch",
    "EvaluatedImage",
    "EvaluationResult",
    "ExportResult",
    "Images",
    "InspectionSummary",
    "Job",
    "JobEvent",
    "JobOptions",
    "MaskMeasurement",
    "Progress",
    "SourceLike",
    "Submission",
    "assemble",
    "calibrate",
    "check_images",
    "choose_split",
    "describe_run",
    "evaluate",
    "export",
    "file_sources",
    "inspect",
    "inspect_images",
    "measure",
    "merge_jobs",
    "read_progress",
    "set_thresholds",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "calibrating": ("CalibrationResult", "calibrate"),
        "checking_images": ("check_images",),
        "drifting": ("DriftWatch",),
        "evaluating": ("evaluate",),
        "evaluation_data": ("choose_split",),
        "evaluation_result": ("EvaluationResult",),
        "exporting": ("ExportResult", "export"),
        "folder": ("inspect_images",),
        "inspecting": ("inspect",),
        "job": ("Images", "Job", "JobOptions", "assemble", "merge_jobs", "read_progress"),
        "masks": ("MaskMeasurement", "measure"),
        "portfolio": ("Answer", "EvaluatedImage"),
        "progress": ("JobEvent", "Progress"),
        "provenance": ("describe_run",),
        "sources": ("SourceLike", "file_sources"),
        "submission": ("Submission",),
        "summary": ("InspectionSummary",),
        "thresholds": ("set_thresholds",),
    },
)
