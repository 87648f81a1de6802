"""``blemish inspect``: images in, findings and overlays out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.bundled import DEFAULT_DETECTOR
from blemish.cli.measure import DEFAULT_GRADES
from blemish.cli.options import DetectorOption, JsonOption, RuntimeChoice, RuntimeOption, ThreadsOption
from blemish.cli.scaling import (
    CameraOption,
    GradeOption,
    MarkerOption,
    MmPerPxOption,
    PlaneOption,
    PointsOption,
    grade_scale,
    scale_source,
)
from blemish.errors import BlemishError, SettingsError


def inspect(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Images, or folders of images.")],
    detector: DetectorOption = DEFAULT_DETECTOR,
    out: Annotated[
        Path | None, typer.Option(help="Folder for findings, overlays, masks and the report.", metavar="DIR")
    ] = None,
    as_json: JsonOption = False,
    bit_range: Annotated[
        str | None,
        typer.Option(help="Raw values shown as black and white in 16-bit images.", metavar="LOW,HIGH"),
    ] = None,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
    overlays: Annotated[bool, typer.Option("--overlays/--no-overlays", help="Draw what was found.")] = True,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Measure cracks in what was outlined.")
    ] = True,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    submission: Annotated[
        Path | None,
        typer.Option(help="Write what was found as Severstal's csv of run lengths.", metavar="FILE"),
    ] = None,
    mm_per_px: MmPerPxOption = None,
    scale_points: PointsOption = None,
    scale_marker: MarkerOption = None,
    scale_camera: CameraOption = None,
    scale_plane: PlaneOption = None,
    grade: GradeOption = None,
) -> None:
    """Inspect images: a score, a verdict, outlined regions, measured cracks, and a report."""
    if out is None and submission is None and not as_json:
        raise SettingsError("Say where the findings go: --out DIR, or --json to print them.")
    limits = _limits(bit_range)
    scale_of = scale_source(mm_per_px, scale_points, scale_marker, scale_camera, scale_plane)
    if grade is not None and scale_of is None:
        raise SettingsError("Widths are graded in millimetres; say how large a pixel is, for instance --mm-per-px 0.2.")
    grades = grade_scale(grade or (None if scale_of is None else DEFAULT_GRADES))

    from blemish.cli.progress import progress
    from blemish.cpu import images_at_once
    from blemish.detectors import load
    from blemish.images import list_images
    from blemish.inspection import DriftWatch, Measuring, Submission, Tally, describe_run, inspect_images, to_line

    listing = list_images(paths)
    for sentence in listing.sentences:
        typer.echo(sentence, err=True)
    # What is left out has its line in the findings too: reading it ends in the same reason.
    left_out = [path for path, _ in listing.left_out]
    images = [*listing.images, *left_out]
    at_once = images_at_once(len(images), threads)
    loaded = load(detector, threads=threads, images_at_once=at_once, runtime=runtime.value)
    measuring = Measuring(cracks=measure, scale_of=scale_of, grades=grades)
    tally, watch = Tally(), DriftWatch.of(loaded)
    handed_in = None if submission is None else Submission(loaded)
    with progress("Inspecting", len(images)) as advance:
        answers = inspect_images(
            loaded, images, out=out, bit_range=limits, overlays=overlays, measuring=measuring, watch=watch
        )
        for inspection in answers:
            tally.add(inspection)
            if handed_in is not None:
                handed_in.add(inspection)
            if as_json:
                typer.echo(to_line(inspection))
            elif inspection.error is not None and inspection.path not in left_out:
                typer.echo(f"Skipped: {inspection.error}", err=True)
            advance()
    place = ""
    if handed_in is not None and submission is not None:
        handed_in.write(submission)
        place = f" Run lengths are in {submission}."
    if out is not None:
        place += f" Findings are in {out}."
        settings = {
            "measure": measure,
            "bit-range": bit_range,
            "mm-per-px": mm_per_px,
            "scale-points": scale_points,
            "scale-marker": scale_marker,
            "scale-camera": scale_camera,
            "scale-plane": scale_plane,
        }
        if watch is not None:
            settings["guarantee"] = "not in doubt" if watch.suspension is None else watch.suspension.sentence
        asked = {name: value for name, value in settings.items() if value is not None}
        describe_run(loaded, settings=asked, grades=grades).write(out)
        if report:
            from blemish.reports.document import read_document
            from blemish.reports.page import write_page

            (page,) = write_page(read_document(out), out)
            place = place.replace("Findings are", f"Findings and {page.name} ({page.stat().st_size / 1e6:.1f} MB) are")
    if watch is not None and watch.suspension is not None:
        typer.echo(watch.suspension.sentence, err=True)
    typer.echo(f"{tally}.{place}", err=as_json)
    if not tally.inspected:
        raise BlemishError("None of the images could be inspected.")


def _limits(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    low, _, high = text.partition(",")
    try:
        return int(low), int(high)
    except ValueError:
        raise SettingsError(f'--bit-range wants two whole numbers, as in 0,4095; got "{text}".') from None
