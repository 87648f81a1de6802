"""``blemish gate``: an exit code that says whether a detector may be used."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.exit_codes import ExitCode
from blemish.cli.options import (
    ConfidenceOption,
    DetectorOption,
    JsonOption,
    LabelledOption,
    LayoutOption,
    NormalOption,
    RuntimeChoice,
    RuntimeOption,
    SplitOption,
    ThreadsOption,
)
from blemish.cli.panels import THRESHOLDS, option

_MaxFalseAlarms = Annotated[
    float,
    option(THRESHOLDS, "Largest rate of normal images that do not pass.", "--max-false-alarms", kind="FRACTION"),
]
_MinRecall = Annotated[
    float,
    option(THRESHOLDS, "Smallest rate of defective images that do not pass.", "--min-recall", kind="FRACTION"),
]


def gate(
    detector: DetectorOption,
    data: LabelledOption,
    max_false_alarms: _MaxFalseAlarms = 0.01,
    min_recall: _MinRecall = 0.98,
    confidence: ConfidenceOption = 0.95,
    split: SplitOption = "test",
    as_json: JsonOption = False,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
) -> None:
    """Say by the exit code whether a detector is good enough on labelled images: 0, or 4 where that is not shown."""
    from dataclasses import asdict

    from blemish.cli.progress import progress
    from blemish.inspection.gating import gate as run

    with progress("Evaluating") as on_progress:
        result = run(
            data,
            detector=detector,
            max_false_alarms=max_false_alarms,
            min_recall=min_recall,
            confidence=confidence,
            split=split,
            layout=layout,
            normal_names=normal,
            threads=threads,
            runtime=runtime.value,
            say=speaking.note,
            on_progress=on_progress,
        )
    if as_json:
        typer.echo(json.dumps({**asdict(result), "is_open": result.is_open}))
    for sentence in result.sentences:
        typer.echo(sentence, err=as_json)
    typer.echo("The gate is open." if result.is_open else "The gate is closed.", err=as_json)
    if not result.is_open:
        raise typer.Exit(ExitCode.GATE_CLOSED)
