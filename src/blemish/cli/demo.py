"""``blemish demo``: the whole way on drawn photos, without data, weights or network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything that is made.", metavar="DIR")] = Path("demo"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Seconds instead of a minute; the detector learns little.")
    ] = False,
) -> None:
    """Draw cracked photos, train on some, inspect the others."""
    import sys

    from blemish.demo import A_FEW_SECONDS, ABOUT_A_MINUTE, run_demo

    plan = A_FEW_SECONDS if quick else ABOUT_A_MINUTE
    made = run_demo(out, plan=plan, progress=sys.stderr.isatty(), say=typer.echo)
    typer.echo(f"\nOpen {made.page} in a browser.")
    typer.echo(f"To try the detector: blemish inspect {made.photos} --detector {made.detector} --out findings")
