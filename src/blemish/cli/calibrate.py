"""``blemish calibrate``: a guaranteed false-alarm rate from normal images, without training again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import (
    BitRangeOption,
    ConfidenceOption,
    DetectorOption,
    ForceOption,
    MaxMegapixelsOption,
    NewFileOption,
    RuntimeChoice,
    RuntimeOption,
    ThreadsOption,
    ThresholdRuleOption,
    read_options,
)
from blemish.cli.panels import INPUT, THRESHOLDS, option


class TailsChoice(StrEnum):
    """Which scores are unusual, as on the command line."""

    UPPER = "upper"
    BOTH = "both"
    AUTO = "auto"


_Data = Annotated[
    list[Path] | None,
    option(
        INPUT,
        "Normal images that did not train it, or folders of them; may be repeated.",
        "--data",
        kind="PATH",
    ),
]
_Job = Annotated[
    list[Path] | None,
    option(
        INPUT,
        "Instead of --data: what inspections of normal images with it wrote, on several machines for example; may be "
        "repeated.",
        "--job",
        kind="DIR",
    ),
]
_Defects = Annotated[
    list[Path] | None,
    option(
        INPUT,
        "Images of defects that did not train it: what fraction is caught? May be repeated.",
        "--defects",
        kind="PATH",
    ),
]
_Groups = Annotated[
    bool,
    option(INPUT, "Also calibrate each sub-folder (or group of groups.csv) by itself: FILE-GROUP.", "--groups"),
]
_Alpha = Annotated[
    float, option(THRESHOLDS, "Reject at most this fraction of normal images.", "--alpha", kind="FRACTION")
]
_Marginal = Annotated[
    bool, option(THRESHOLDS, "The weaker guarantee: on average over calibrations only.", "--marginal")
]
_ReviewAlpha = Annotated[
    float | None,
    option(
        THRESHOLDS,
        "Reject or review at most this fraction; five times alpha by default.",
        "--review-alpha",
        kind="FRACTION",
    ),
]
_Pixels = Annotated[
    bool,
    option(THRESHOLDS, "Also set the pixel threshold: outlines on at most alpha of normal images.", "--pixels"),
]
_Tails = Annotated[
    TailsChoice | None,
    option(
        THRESHOLDS,
        "both: flag unusually low scores too; auto chooses; as the detector decides if not given.",
        "--tails",
        kind=TailsChoice,
    ),
]
_Recall = Annotated[
    float | None,
    option(
        THRESHOLDS,
        "Widen the review band until this fraction of such defects is flagged.",
        "--recall",
        kind="FRACTION",
    ),
]


def calibrate(
    detector: DetectorOption,
    data: _Data = None,
    job: _Job = None,
    alpha: _Alpha = 0.01,
    confidence: ConfidenceOption = 0.95,
    marginal: _Marginal = False,
    review_alpha: _ReviewAlpha = None,
    pixels: _Pixels = False,
    threshold_rule: ThresholdRuleOption = None,
    tails: _Tails = None,
    defects: _Defects = None,
    recall: _Recall = None,
    groups: _Groups = False,
    out: NewFileOption = None,
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
