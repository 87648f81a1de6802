"""``blemish export``: a detector's graph for other programs, or the detector in int8."""

from __future__ import annotations

from enum import StrEnum
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
    ThreadsOption,
    read_options,
)


class TargetChoice(StrEnum):
    """What a detector can be written as."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    INT8 = "int8"


def export(
    detector: DetectorOption,
    to: Annotated[TargetChoice, typer.Option(help="The graph alone for onnx and openvino, a detector for int8.")],
    out: Annotated[Path, typer.Option(help="File to write: .onnx, .xml (and .bin beside it) or .blemish.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="For int8: images like those that it will see, or folders of them; may be repeated."),
    ] = None,
    max_drift: Annotated[
        float,
        typer.Option(help="For int8: refuse if scores (in standard deviations), verdicts or outlines change by more."),
    ] = 0.05,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    force: ForceOption = False,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
) -> None:
    """Write a detector for other programs, or in int8, which is faster; says how much faster and what changes."""
    from blemish.cli.progress import progress
    from blemish.inspection import export as run

    options = read_options(bit_range, max_megapixels)
    with progress("Comparing") as on_progress:
        result = run(
            detector,
            to=to.value,
            out=out,
            data=data,
            max_drift=max_drift,
            bit_range=options.bit_range,
            max_megapixels=options.max_megapixels,
            force=force,
            threads=threads,
            runtime=runtime.value,
            say=speaking.note,
            on_progress=on_progress,
        )
    typer.echo(str(result))
