"""``blemish data synth``: draw photos of surfaces with and without cracks, and the truth about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def synth(
    out: Annotated[Path, typer.Argument(help="A new folder for the photos.", metavar="DIR")],
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="How many photos.", metavar="N")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other photos.", metavar="N")] = 0,
    size: Annotated[int, typer.Option(min=32, help="Side of a photo, in pixels.", metavar="PX")] = 512,
    crack_share: Annotated[float, typer.Option(min=0, max=1, help="Share of photos with cracks.")] = 0.5,
    test_share: Annotated[float, typer.Option(min=0, max=1, help="Share of photos set aside for testing.")] = 0.2,
    surface: Annotated[
        list[str] | None,
        typer.Option("--surface", help="Only this surface; may be repeated.", metavar="NAME", show_default=False),
    ] = None,
    width: Annotated[
        tuple[float, float], typer.Option(help="Least and greatest mean width of cracks, in pixels.", metavar="PX PX")
    ] = (0.8, 60.0),
) -> None:
    """Draw photos of walls and roads, with cracks and what looks like them: exact masks, centre lines and widths."""
    from blemish.cli.progress import progress
    from blemish.datasets.synthesis import SynthesisSettings, write_synthesis

    settings = SynthesisSettings(crack_width_px=width)
    if surface:
        settings = SynthesisSettings(crack_width_px=width, surfaces=dict.fromkeys(surface, 1.0))
    with progress("Drawing", n) as advance:
        made = write_synthesis(
            out,
            n=n,
            seed=seed,
            size_px=size,
            crack_share=crack_share,
            test_share=test_share,
            settings=settings,
            on_progress=advance,
        )
    typer.echo(
        f"{made.train} train and {made.test} test photos of {size} px in {made.folder}; {made.cracked} show cracks."
    )
