"""``blemish calibrate``: a guaranteed false-alarm rate from normal images, without training again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import (
    BitRangeOption,
    DetectorOption,
    ForceOption,
    MaxMegapixelsOption,
    RuntimeChoice,
    RuntimeOption,
    TailsChoice,
    ThreadsOption,
    ThresholdRuleOption,
    read_options,
)


def calibrate(
    detector: DetectorOption,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Normal images that did not train it, or folders of them; may be repeated.", metavar="PATH"),
    ] = None,
    job: Annotated[
        list[Path] | None,
        typer.Option(
            help="Instead of --data: what inspections of normal images with it wrote, on several machines for "
            "example; may be repeated.",
            metavar="DIR",
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(help="Reject at most this fraction of normal images.")] = 0.01,
    confidence: Annotated[float, typer.Option(help="With which that holds for this calibration.")] = 0.95,
    marginal: Annotated[
        bool, typer.Option("--marginal", help="The weaker guarantee: on average over calibrations only.")
    ] = False,
    review_alpha: Annotated[
        float | None, typer.Option(help="Reject or review at most this fraction; five times alpha by default.")
    ] = None,
    pixels: Annotated[
        bool, typer.Option("--pixels", help="Also set the pixel threshold: outlines on at most alpha of normal images.")
    ] = False,
    threshold_rule: ThresholdRuleOption = None,
    tails: Annotated[
        TailsChoice | None,
        typer.Option(help="both: flag unusually low scores too; auto chooses; as the detector decides if not given."),
    ] = None,
    defects: Annotated[
        list[Path] | None,
        typer.Option(help="Images of defects that did not train it: what fraction is caught?", metavar="PATH"),
    ] = None,
    recall: Annotated[
        float | None, typer.Option(help="Widen the review band until this fraction of such defects is flagged.")
    ] = None,
    groups: Annotated[
        bool,
        typer.Option("--groups", help="Also calibrate each sub-folder (or group of groups.csv) by itself: FILE-GROUP."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    force: ForceOption = False,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
) -> None:
    """Set thresholds from normal images, with a guarantee about false alarms."""
    from blemish.cli.printing import thresholds_line
    from blemish.cli.progress import progress
    from blemish.inspection import calibrate as run

    options = read_options(bit_range, max_megapixels)
    with progress("Calibrating") as on_progress:
        result = run(
            data or None,
            detector=detector,
            jobs=job or None,
            alpha=alpha,
            confidence=None if marginal else confidence,
            review_alpha=review_alpha,
            pixels=pixels,
            threshold_rule=threshold_rule,
            tails=None if tails is None else tails.value,
            defects=defects or None,
            recall=recall,
            bit_range=options.bit_range,
            max_megapixels=options.max_megapixels,
            groups=groups,
            out=out or detector,
            force=force,
            threads=threads,
            runtime=runtime.value,
            say=speaking.note,
            on_progress=on_progress,
        )
    for file, calibrated in result.files.items():
        typer.echo(f"{file}: {thresholds_line(calibrated.spec.thresholds)}")
    for sentence in [] if result.recall is None else result.recall.sentences():
        typer.echo(sentence)
