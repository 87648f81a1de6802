"""Findings: what an inspection says about images, in one shape for the runner, the reports, exports and services."""

from blemish.files import (
    MAPS_NAME,
    MASKS_NAME,
    OVERLAYS_NAME,
    PAGES_NAME,
    PICTURE_FOLDERS,
    RUN_RECORD_NAME,
    VERSION_1_NAME,
    VIEWS_NAME,
)
from blemish.findings.change import STATUSES, FindingChange, compare_findings
from blemish.findings.lines import FINDINGS_NAME, CutOffLineError, read_findings, to_line
from blemish.findings.run import DetectorRecord, GuaranteeRecord, Language, Options, ReportDetails, RunRecord, read_run
from blemish.findings.schema import Finding, crack_record
from blemish.findings.verdict import UNDECIDED, VERDICTS, Verdict

TABLE_NAME = "findings.csv"
REPORT_NAME = "report.html"

__all__ = [
    "FINDINGS_NAME",
    "MAPS_NAME",
    "MASKS_NAME",
    "OVERLAYS_NAME",
    "PAGES_NAME",
    "PICTURE_FOLDERS",
    "REPORT_NAME",
    "RUN_RECORD_NAME",
    "STATUSES",
    "TABLE_NAME",
    "UNDECIDED",
    "VERDICTS",
    "VERSION_1_NAME",
    "VIEWS_NAME",
    "CutOffLineError",
    "DetectorRecord",
    "Finding",
    "FindingChange",
    "GuaranteeRecord",
    "Language",
    "Options",
    "ReportDetails",
    "RunRecord",
    "Verdict",
    "compare_findings",
    "crack_record",
    "read_findings",
    "read_run",
    "to_line",
]
