"""What all findings of a run say together: counts, the state of the guarantee, a likely bit range, a submission."""

from __future__ import annotations

from pathlib import Path

from blemish.detectors import Detector
from blemish.findings import Finding, Options, ReportDetails, RunRecord
from blemish.images import BitRange, range_warning
from blemish.inspection.drifting import DriftWatch
from blemish.inspection.job.counting import Count
from blemish.inspection.job.record import JobOptions
from blemish.inspection.job.shards import Entry
from blemish.inspection.progress import Progress, Say
from blemish.inspection.provenance import describe_run
from blemish.inspection.submission import Submission
from blemish.reports.problem_count import ProblemCount
from blemish.reports.scale_count import ScaleCount


class Gathering:
    """Gathers findings in order: `add` each, then `end`.

    Args:
        detector: whose findings they are.
        options: how it inspected.
        submission: a csv of run lengths to write; None writes none.

    Attributes:
        problems: of the images added so far.
    """

    def __init__(self, detector: Detector, options: JobOptions, submission: Path | None = None) -> None:
        self._detector = detector
        self._options = options
        self._count = Count(None)
        self._watch = DriftWatch.of(detector)
        self._likely: list[BitRange | None] = []
        self._scaled = ScaleCount()
        self.problems = ProblemCount()
        self._target = submission
        self._submission = None if submission is None else Submission(detector)

    def add(self, entry: Entry, finding: Finding) -> None:
        """Add one."""
        self._count.add(entry, now=False)
        if finding.error is None:
            self._likely.append(finding.likely_range)
            self._scaled.add(finding)
            self.problems.add(finding)
            if self._watch is not None:
                self._watch.add(finding)
        if self._submission is not None and entry.runs is not None:
            self._submission.add("" if finding.file is None else finding.file.name, entry.runs)

    @property
    def progress(self) -> Progress:
        """The counts."""
        return self._count.progress()

    def end(self, say: Say) -> None:
        """Write the submission, and say what should be known.

        Raises:
            BlemishError: it cannot be written.
        """
        for sentence in (range_warning(self._likely), self._scaled.said(self._options.measuring.told_scale)):
            if sentence is not None:
                say(sentence)
        if self._submission is not None and self._target is not None:
            self._submission.write(self._target)

    def record(self, report: ReportDetails | None, *, complete: bool) -> RunRecord:
        """The record of the run, which ends now.

        Args:
            report: what its report says about itself.
            complete: whether all images were inspected.
        """
        reading, measuring = self._detector.read_options(self._options.reading), self._options.measuring
        cracks = measuring.measures_cracks(self._detector.spec)
        return describe_run(
            self._detector,
            options=Options(
                measure=cracks,
                bit_range=reading.bit_range,
                max_megapixels=reading.max_megapixels,
                scale=measuring.told_scale,
            ),
            report=report,
            grades=measuring.grades if cracks else None,
            guarantee=None if self._watch is None else self._watch.record(),
            complete=complete,
        )
