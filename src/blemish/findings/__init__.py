"""Findings: what an inspection says about images, in one shape for the runner, the reports, exports and services."""

from blemish.findings.verdict import VERDICTS, Verdict

__all__ = ["VERDICTS", "Verdict"]
