"""``blemish inspect``: images in, findings and overlays out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.bundled import DEFAULT_DETECTOR
from blemish.cli import speaking
from blemish.cli.exit_codes import ExitCode
from blemish.cli.options import (
    BitRangeOption,
    DetectorOption,
    ForceOption,
    JsonOption,
    MaxMegapixelsOption,
    ReportOption,
    RuntimeChoice,
    RuntimeOption,
    ThreadsOption,
    read_options,
)
from blemish.cli.panels import FRAMES, JOB, OUTPUT, THRESHOLDS, argument, option
from blemish.cli.reporting import (
    ClientOption,
    DateOption,
    InspectorOption,
    LangOption,
    LogoOption,
    PlaceOption,
    TitleOption,
)
from blemish.cli.scale_options import (
    CameraOption,
    GradeOption,
    MarkerOption,
    MetadataOption,
    MmPerPxOption,
    PlaneOption,
    PointsOption,
    TableOption,
    scale_source,
)
from blemish.errors import BlemishError, SettingsError
from blemish.text import printable

if TYPE_CHECKING:
    from blemish.inspection.engines import Engine


class EngineChoice(StrEnum):
    """What does the work."""

    LOCAL = "local"
    RAY = "ray"


_Paths = Annotated[
    list[str],
    argument(
        "Images, folders, archives, videos, PDF files, patterns, @list.txt, - for stdin, addresses, camera:0.", "PATH"
    ),
]
_Out = Annotated[
    Path | None, option(OUTPUT, "Folder for findings, overlays, masks and the report.", "--out", kind="DIR")
]
_Overlays = Annotated[bool, option(OUTPUT, "Draw what was found.", "--overlays/--no-overlays")]
_Measure = Annotated[
    bool | None,
    option(
        OUTPUT,
        "Measure what was outlined as cracks; if not given, where the detector finds cracks.",
        "--measure/--no-measure",
        show_default=False,
    ),
]
_Submission = Annotated[
    Path | None, option(OUTPUT, "Write what was found as Severstal's csv of run lengths.", "--submission", kind="FILE")
]
_Every = Annotated[
    str,
    option(
        FRAMES,
        "Which frames of a video or camera: 25 for every 25th, 0.5s for two a second.",
        "--every",
        kind="STEP",
    ),
]
_AllPages = Annotated[bool, option(FRAMES, "Inspect every page of TIFF files.", "--all-pages")]
_Limit = Annotated[
    int | None, option(FRAMES, "How many images to take of a camera or a stream.", "--limit", kind="N", min=1)
]
_Sensitivity = Annotated[
    int | None,
    option(
        THRESHOLDS,
        "Outline more or less: a level of the detector's own, 1 the least; detector show prints them.",
        "--sensitivity",
        kind="LEVEL",
    ),
]
_Anew = Annotated[bool, option(JOB, "Discard what DIR holds, instead of going on with it.", "--anew")]
_KeepFailed = Annotated[bool, option(JOB, "Do not try failed images of an earlier run again.", "--keep-failed")]
_ByContent = Annotated[
    bool, option(JOB, "Know images again by content, not by size and time of change.", "--by-content")
]
_Shard = Annotated[str | None, option(JOB, "Inspect part K of N alone, as one of N machines.", "--shard", kind="K/N")]
_Engine = Annotated[
    EngineChoice, option(JOB, "What does the work: this process, or a Ray cluster.", "--engine", kind=EngineChoice)
]
_Address = Annotated[
    str | None,
    option(JOB, "Of the Ray cluster; one is started here if not given.", "--address", kind="HOST:PORT"),
]


def inspect(
    paths: _Paths,
    detector: DetectorOption = DEFAULT_DETECTOR,
    sensitivity: _Sensitivity = None,
    out: _Out = None,
    as_json: JsonOption = False,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
    overlays: _Overlays = True,
    measure: _Measure = None,
    report: ReportOption = True,
    submission: _Submission = None,
    anew: _Anew = False,
    keep_failed: _KeepFailed = False,
    by_content: _ByContent = False,
    every: _Every = "1s",
    all_pages: _AllPages = False,
    limit: _Limit = None,
    shard: _Shard = None,
    engine: _Engine = EngineChoice.LOCAL,
    address: _Address = None,
    mm_per_px: MmPerPxOption = None,
    scale_points: PointsOption = None,
    scale_marker: MarkerOption = None,
    scale_camera: CameraOption = None,
    scale_plane: PlaneOption = None,
    scale_table: TableOption = None,
    scale_metadata: MetadataOption = False,
    grade: GradeOption = None,
    title: TitleOption = None,
    client: ClientOption = None,
    place: PlaceOption = None,
    inspector: InspectorOption = None,
    date: DateOption = None,
    logo: LogoOption = None,
    lang: LangOption = None,
    force: ForceOption = False,
) -> None:
    """Inspect images: a score, a verdict, outlined regions, measured cracks, and a report."""
    if out is None and submission is None and not as_json:
        raise SettingsError("Say where the findings go: --out DIR, or --json to print them.")
    options = read_options(bit_range, max_megapixels)
    scale = scale_source(mm_per_px, scale_points, scale_marker, scale_camera, scale_plane, scale_table, scale_metadata)

    from blemish.cli.job_progress import job_progress
    from blemish.cli.reporting import report_details
    from blemish.files import require_absent
    from blemish.findings import Finding, to_line
    from blemish.inspection import inspect as run
    from blemish.reports.messages import Messages

    if submission is not None:
        require_absent(submission, force=force)

    def print_finding(finding: Finding) -> None:
        if as_json:
            typer.echo(to_line(finding))
        said = t.quoted(finding.error) or t(finding.verdict or "scored")
        said += "" if finding.score is None else ", " + t("score {score}", score=f"{finding.score:.4g}")
        speaking.detail(f"{printable(finding.image)}: {said}")

    details = report_details(None, title, client, place, inspector, date, logo, lang)
    speaking.speak(details.lang)
    t = Messages(details.lang)
    part = (1, 1) if shard is None else part_of(shard)
    chosen = _engine_of(engine, address, out)
    with job_progress() as on_progress:
        summary = run(
            paths,
            detector=detector,
            sensitivity=sensitivity,
            out=out,
            bit_range=options.bit_range,
            max_megapixels=options.max_megapixels,
            measure=measure,
            scale=scale,
            grades=grade,
            overlays=overlays,
            report=report and details,
            submission=submission,
            threads=threads,
            runtime=runtime.value,
            anew=anew,
            again=not keep_failed,
            by_content=by_content,
            part=part,
            every=every,
            all_pages=all_pages,
            limit=limit,
            engine=chosen,
            say=speaking.note,
            on_finding=print_finding,
            on_progress=on_progress,
        )
    if summary.warning is not None:
        speaking.warn(summary.warning)
    typer.echo(summary.told(details.lang), err=as_json)
    if not summary.inspected:
        raise BlemishError("None of the images could be inspected.")
    if summary.failed:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _engine_of(engine: EngineChoice, address: str | None, out: Path | None) -> Engine | None:
    """What works at the images; None for this process. Raises SettingsError for options that do not go together."""
    if engine is EngineChoice.LOCAL:
        if address is not None:
            raise SettingsError("--address is that of a Ray cluster: give --engine ray as well.")
        return None
    if out is None:
        raise SettingsError("Workers of a cluster write into one folder: give --out DIR.")
    from blemish.inspection.engines.cluster import RayEngine

    return RayEngine(address)


def part_of(shard: str) -> tuple[int, int]:
    """The two numbers of ``--shard 2/4``. Raises SettingsError for anything else."""
    number, _, count = shard.partition("/")
    if not (number.isdecimal() and count.isdecimal()):
        raise SettingsError(f'--shard wants a part and the number of parts, such as 1/4, not "{shard}".')
    return int(number), int(count)
