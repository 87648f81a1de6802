"""``blemish demo``: the whole way on drawn images, without data, weights or network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything that is made.", metavar="DIR")] = Path("demo"),
    train: Annotated[
        bool, typer.Option("--train", help="Train a detector first, for about a minute, instead of the bundled one.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="With --train: seconds instead of a minute; the detector learns little.")
    ] = False,
) -> None:
    """Draw images with and without cracks and show what a detector finds in them."""
    from blemish.demo import A_FEW_SECONDS, ABOUT_A_MINUTE, WITHOUT_TRAINING, run_demo

    trained = A_FEW_SECONDS if quick else ABOUT_A_MINUTE
    plan = trained if train else WITHOUT_TRAINING
    made = run_demo(out, plan=plan, say=typer.echo)
    typer.echo(f"\nOpen {made.page} in a browser.")
    named = f" --detector {made.detector}" if train else ""
    typer.echo(f"To try it: blemish inspect {made.images}{named} --out findings")
