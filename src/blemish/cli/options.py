"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DetectorOption = Annotated[
    str, typer.Option("--detector", help="A .blemish file, or the name of a bundled detector.", metavar="FILE")
]
DetectorArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .blemish file, or a bundled detector.")]
LayoutOption = Annotated[
    str | None, typer.Option("--layout", help="Read it as this layout.", metavar="NAME", show_default=False)
]
NormalOption = Annotated[
    list[str] | None,
    typer.Option("--normal", help="A class without defects; may be repeated.", metavar="NAME", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON to stdout, and messages to stderr.")]
ThreadsOption = Annotated[
    int | None, typer.Option(min=1, help="Cores to use; all of them if not given.", metavar="N", show_default=False)
]


ForceOption = Annotated[bool, typer.Option("--force", help="Replace the detector that --out names, if there is one.")]


class RuntimeChoice(StrEnum):
    """What can run a detector's graph."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    OPENVINO_FAST = "openvino-fast"


RuntimeOption = Annotated[
    RuntimeChoice,
    typer.Option("--runtime", help="What runs the detector's graph; openvino-fast in bfloat16, which moves scores."),
]
