"""The verb `inspect`: images in; findings, overlays, masks, the run's record and a report out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from blemish.bundled import DEFAULT_DETECTOR
from blemish.detectors import Detector, Measuring, ScaleOf, at_sensitivity
from blemish.detectors.runtime import RuntimeName
from blemish.errors import SettingsError
from blemish.findings import Finding, ReportDetails
from blemish.images import BitRange, ReadOptions, image_size_px
from blemish.inspection.engines import Engine
from blemish.inspection.engines.local import answers_of, entry_of
from blemish.inspection.job.gathering import Gathering
from blemish.inspection.job.images import Images
from blemish.inspection.job.job import Job
from blemish.inspection.job.record import JobOptions
from blemish.inspection.progress import JobEvent, Progress, Say, silent
from blemish.inspection.ready import ready
from blemish.inspection.scales import check_scale
from blemish.inspection.sources import SourceLike, Sourcing
from blemish.inspection.sources.videos import Step
from blemish.inspection.submission import Submission
from blemish.inspection.summary import InspectionSummary
from blemish.measurement import GradeScale, Scale


def inspect(
    source: SourceLike,
    *,
    detector: Detector | Path | str = DEFAULT_DETECTOR,
    sensitivity: int | None = None,
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
    anew: bool = False,
    again: bool = True,
    by_content: bool = False,
    part: tuple[int, int] = (1, 1),
    every: str = "1s",
    all_pages: bool = False,
    limit: int | None = None,
    engine: Engine | None = None,
    say: Say = silent,
    on_finding: Callable[[Finding], None] = silent,
    on_progress: Callable[[Progress], None] = silent,
) -> InspectionSummary:
    """Inspect images, measure, and write findings and a report. An image that cannot be inspected stops nothing.

    Args:
        source: image files, folders of them, archives, videos, PDF files, addresses, bytes, open binary files or
            arrays; one or several; see `SourceLike`.
        detector: one that is loaded, with its own threads and runtime, or a file, or the name of a bundled one.
        sensitivity: which of the detector's levels decides what is outlined, 1 the least; None: its own thresholds.
        out: folder for tables, report, overlays and masks: a job that goes on where an earlier run of it ended, however
            that ended, and to which images can be added. None keeps findings in memory.
        bit_range: raw values that become black and white in images of more than 8 bits; None takes the detector's own.
        max_megapixels: larger images are refused; None refuses those above 500, or of a suspicious size.
        measure: whether to measure what was outlined as cracks; None: by a detector that finds cracks.
        scale: millimetres per pixel, a `Scale`, or what tells it for each image: `blemish.measurement.ScaleByTable`,
            `ScaleByMetadata`, `ScaleByMarker`, …, or a function of its pixels.
        grades: a grade scale, or the name or file of one; ``eurocode-2`` where there is a scale and nothing else said.
        overlays: whether to write them into ``out``.
        report: whether to write it into ``out``, or what it should say about itself: title, client, language, …
        submission: a csv of run lengths to write, in the format of Severstal's steel challenge.
        anew: discard what ``out`` holds; otherwise findings made in another way are refused.
        again: try images anew that an earlier run could not inspect.
        by_content: know images again by their content, which reads every file, and not by size and time of change.
        part: (k, n) inspects the k-th of n parts of the images, as many machines do, each into a folder of its own.
        every: which frames of a video are looked at: ``25`` for every 25th, ``0.5s`` for one in half a second.
        all_pages: each page of a TIFF is an image; otherwise its first is.
        limit: how many images are taken of a camera or a stream, which have no end.
        engine: what does the work of a job, such as a `RayEngine`; None does it in this process.
        threads, runtime: what the detector may use, and what runs its graph; see `Detector`.
        say, on_finding, on_progress: told what is left out, each finding as it is made, and how far the job is.

    Raises:
        BlemishError: no image, no detector, options that cannot be right, or ``out`` cannot be written to, is at work,
            or holds what was inspected in another way.

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
    details = report if isinstance(report, ReportDetails) else ReportDetails()
    if details.logo:
        image_size_px(details.logo)  # an error here comes before the work and not after it
    options = JobOptions(
        reading=ReadOptions(bit_range, max_megapixels),
        measuring=measuring,
        overlays=overlays,
        submission=submission is not None,
        by_content=by_content,
    )
    table = None if submission is None else Path(submission)
    sourcing = Sourcing(Step.of(every), all_pages, limit=limit)
    with Images(source, say, by_content=by_content, part=part, sourcing=sourcing) as images:
        loaded = ready(detector, len(images), threads=threads, runtime=runtime)
        if sensitivity is not None:
            loaded = loaded.with_spec(at_sensitivity(loaded.spec, sensitivity))
        if grades is not None and not measuring.measures_cracks(loaded.spec):
            raise SettingsError(
                f"Grades are of cracks' widths, and {loaded.spec.method} finds regions; leave the grades out, or have "
                "everything measured as cracks, with --measure (in Python measure=True)."
            )

        check_scale(measuring, images)

        def tell(event: JobEvent) -> None:
            if event.finding.error is not None and not event.left_out:
                say(f"Skipped: {event.finding.error}")
            on_finding(event.finding)
            on_progress(event.progress)

        if out is None:
            return _in_memory(loaded, images, options, details, table, tell, say)
        with Job(out, loaded, options, report=details, anew=anew, again=again, engine=engine) as job:
            for event in job.run(images):
                tell(event)
            return job.finish(report=bool(report), submission=table, say=say)


def _in_memory(
    detector: Detector,
    images: Images,
    options: JobOptions,
    details: ReportDetails,
    submission: Path | None,
    tell: Callable[[JobEvent], None],
    say: Say,
) -> InspectionSummary:
    """An inspection that keeps its findings instead of writing them."""
    gathering, kept = Gathering(detector, options, submission), []
    images.index.name_all()
    count = images.index.count()
    runs = None if submission is None else Submission(detector)
    for wanted, answer in answers_of(detector, images.open, images.index.to_do(), options):
        entry = entry_of(wanted, answer, runs)
        gathering.add(entry, answer.finding)
        kept.append(answer.finding)
        count.add(entry)
        tell(JobEvent(answer.finding, wanted.left_out, wanted.key, wanted.stamp, count.progress()))
    gathering.end(say)
    record = gathering.record(details, complete=True)
    return InspectionSummary.of(gathering.progress, gathering.problems, record, kept=tuple(kept), submission=submission)
