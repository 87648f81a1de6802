"""``blemish data synth``: draw images of surfaces with and without cracks, and the truth about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def synth(
    out: Annotated[Path, typer.Option(help="A new folder for the images.", metavar="DIR")],
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="How many images.", metavar="N")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other images.", metavar="N")] = 0,
    size: Annotated[int, typer.Option(min=32, help="Side of an image, in pixels.", metavar="PX")] = 512,
    crack_fraction: Annotated[float, typer.Option(min=0, max=1, help="Fraction of images with cracks.")] = 0.5,
    test_fraction: Annotated[float, typer.Option(min=0, max=1, help="Fraction of images in the test split.")] = 0.2,
    surface: Annotated[
        list[str] | None,
        typer.Option("--surface", help="Only this surface; may be repeated.", metavar="NAME", show_default=False),
    ] = None,
    width: Annotated[
        tuple[float, float], typer.Option(help="Least and greatest mean width of cracks, in pixels.", metavar="PX PX")
    ] = (0.8, 60.0),
) -> None:
    """Draw images of walls and roads, with cracks and what looks like them: exact masks, centre lines and widths."""
    from blemish.cli.progress import ticking
    from blemish.synthesis import SynthesisSettings, write_synthesis

    settings = SynthesisSettings(crack_width_px=width)
    if surface:
        settings = SynthesisSettings(crack_width_px=width, surfaces=dict.fromkeys(surface, 1.0))
    with ticking("Drawing", n) as advance:
        made = write_synthesis(
            out,
            n=n,
            seed=seed,
            size_px=size,
            crack_fraction=crack_fraction,
            test_fraction=test_fraction,
            settings=settings,
            on_progress=advance,
        )
    typer.echo(
        f"{made.train} train and {made.test} test images of {size} px in {made.folder}; {made.cracked} show cracks."
    )
