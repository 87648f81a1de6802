"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DetectorOption = Annotated[
    str, typer.Option("--detector", help="A .blemish file, or a detector's name.", metavar="FILE", show_default=False)
]
DetectorArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .blemish file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON to stdout, and messages to stderr.")]
ThreadsOption = Annotated[
    int | None, typer.Option(min=1, help="Cores to use; all of them if not given.", metavar="N", show_default=False)
]
