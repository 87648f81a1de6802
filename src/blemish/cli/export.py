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
from blemish.cli.panels import INPUT, OUTPUT, THRESHOLDS, option


class TargetChoice(StrEnum):
    """What a detector can be written as."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    INT8 = "int8"


_To = Annotated[
    TargetChoice,
    option(OUTPUT, "The graph alone for onnx and openvino, a detector for int8.", "--to", kind=TargetChoice),
]
_Out = Annotated[
    Path, option(OUTPUT, "File to write: .onnx, .xml (and .bin beside it) or .blemish.", "--out", kind="FILE")
]
_Data = Annotated[
    list[Path] | None,
    option(
        INPUT,
        "For int8: images like those that it will see, or folders of them; may be repeated.",
        "--data",
        kind="PATH",
    ),
]
_MaxDrift = Annotated[
    float,
    option(
        THRESHOLDS,
        "For int8: refuse if scores (in standard deviations), verdicts or outlines change by more.",
        "--max-drift",
        kind="FRACTION",
    ),
]


def export(
    detector: DetectorOption,
    to: _To,
    out: _Out,
    data: _Data = None,
    max_drift: _MaxDrift = 0.05,
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
