"""The verb `inspect`: images in; findings, overlays, masks, the run's record and a report out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from blemish.bundled import DEFAULT_DETECTOR
from blemish.detectors import Detector, Measuring, ScaleOf
from blemish.detectors.runtime import RuntimeName
from blemish.errors import SettingsError
from blemish.findings import Finding, Options, ReportDetails
from blemish.images import BitRange, ReadOptions, image_size_px, range_warning
from blemish.inspection.drifting import DriftWatch
from blemish.inspection.folder import inspect_images
from blemish.inspection.progress import OnProgress, Say, silent
from blemish.inspection.provenance import describe_run
from blemish.inspection.ready import ready
from blemish.inspection.sources import SourceLike, find_sources
from blemish.inspection.submission import Submission
from blemish.inspection.summary import InspectionSummary, Tally
from blemish.measurement import GradeScale, Scale
from blemish.reports.document import read_document
from blemish.reports.page import write_page


def inspect(
    source: SourceLike,
    *,
    detector: Detector | Path | str = DEFAULT_DETECTOR,
    out: Path | str | None = None,
    bit_range: BitRange | None = None,
    max_megapixels: float | None = None,
    measure: bool | None = None,
    scale: float | Scale | ScaleOf | None = None,
    grades: GradeScale | Path | str | None = None,
    overlays: bool = True,
    report: bool | ReportDetails = True,
    submission: Path | str | None = None,
    threads: int | None = None,
    runtime: RuntimeName = "onnxruntime",
    say: Say = silent,
    on_finding: Callable[[Finding], None] = silent,
    on_progress: OnProgress = silent,
) -> InspectionSummary:
    """Inspect images, measure, and write findings and a report. An image that cannot be inspected stops nothing.

    Args:
        source: image files, folders of them, bytes, open binary files or arrays; one or several.
        detector: one that is loaded, with its own threads and runtime, or a file, or the name of a bundled one.
        out: folder for tables, report, overlays and masks, in place of an earlier run's; None keeps findings in memory.
        bit_range: raw values that become black and white in images of more than 8 bits; None takes the detector's own.
        max_megapixels: larger images are refused; None refuses those above 500, or of a suspicious size.
        measure: whether to measure what was outlined as cracks; None: by a detector that finds cracks.
        scale: millimetres per pixel, a `Scale`, or a function that tells an image's scale from its pixels.
        grades: a grade scale, or the name or file of one; ``eurocode-2`` where there is a scale and nothing else said.
        overlays: whether to write them into ``out``.
        report: whether to write it into ``out``, or what it should say about itself: title, client, language, …
        submission: a csv of run lengths to write, in the format of Severstal's steel challenge.
        threads, runtime: what the detector may use, and what runs its graph; see `Detector`.
        say, on_finding, on_progress: told what is left out, each finding as it is made, and how far the run is.

    Raises:
        BlemishError: no image, no detector, options that cannot be right, or ``out`` cannot be written to.

    Example:
        >>> import blemish
        >>> from blemish.synthesis import draw_image
        >>> wall = draw_image(5, size_px=256, cracked=True).image
        >>> summary = blemish.inspect(wall, scale=0.2)
        >>> print(summary)
        1 inspected (0 pass, 0 review, 1 reject).
        >>> crack = summary.findings[0].cracks[0]
        >>> 0 < crack.mm.max_width < 10
        True
    """
    measuring = Measuring.of(scale, grades, cracks=measure)
    reading = ReadOptions(bit_range, max_megapixels)
    details = report if isinstance(report, ReportDetails) else ReportDetails()
    if details.logo:
        image_size_px(details.logo)  # an error here comes before the work and not after it
    sources = find_sources(source, say)
    loaded = ready(detector, len(sources), threads=threads, runtime=runtime)
    if grades is not None and not measuring.measures_cracks(loaded.spec):
        raise SettingsError(
            f"Grades are of cracks' widths, and {loaded.spec.method} finds regions; leave the grades out, or have "
            "everything measured as cracks, with --measure (in Python measure=True)."
        )
    folder = None if out is None else Path(out)
    tally, watch = Tally(keep=folder is None), DriftWatch.of(loaded)
    likely: list[BitRange | None] = []
    handed_in = None if submission is None else Submission(loaded)
    answers = inspect_images(
        loaded, sources, out=folder, options=reading, overlays=overlays, measuring=measuring, watch=watch
    )
    for number, (one, answer) in enumerate(zip(sources, answers, strict=True), start=1):
        tally.add(answer.finding, left_out=one.left_out)
        if answer.error is None:
            likely.append(answer.finding.likely_range)
        if answer.error is not None and not one.left_out:
            say(f"Skipped: {answer.error}")
        if handed_in is not None:
            handed_in.add(answer)
        on_finding(answer.finding)
        on_progress(number, len(sources))
    if (depth := range_warning(likely)) is not None:
        say(depth)
    table = None if submission is None else Path(submission)
    if handed_in is not None and table is not None:
        handed_in.write(table)
    record = describe_run(
        loaded,
        options=Options(
            measure=measuring.measures_cracks(loaded.spec),
            bit_range=loaded.read_options(reading).bit_range,
            max_megapixels=max_megapixels,
            scale=measuring.told_scale,
        ),
        report=details,
        grades=measuring.grades if measuring.measures_cracks(loaded.spec) else None,
        guarantee=None if watch is None else watch.record(),
    )
    page = None
    if folder is not None:
        record.write(folder)
        if report:
            (page,) = write_page(read_document(folder), folder)
    return tally.summary(record, out=folder, page=page, submission=table)
