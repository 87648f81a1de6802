"""``blemish data synth`` and ``blemish data parts``: draw images, and the truth about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.completion import arrangement_names


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


def parts(
    out: Annotated[Path, typer.Option(help="A new folder for the images.", metavar="DIR")],
    kind: Annotated[
        str, typer.Option(help="blister, board, connector or tray.", metavar="NAME", autocompletion=arrangement_names)
    ] = "board",
    train: Annotated[int, typer.Option(min=0, help="Normal images to learn from.", metavar="N")] = 60,
    test: Annotated[int, typer.Option(min=0, help="Normal images to test on.", metavar="N")] = 60,
    faults: Annotated[int, typer.Option(min=0, help="Images of each fault to test on.", metavar="N")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other images.", metavar="N")] = 0,
    size: Annotated[int, typer.Option(min=64, help="Side of an image, in pixels.", metavar="PX")] = 256,
) -> None:
    """Draw assemblies of equal parts, and some in which a part is missing, doubled or displaced, with exact masks."""
    from blemish.cli.progress import ticking
    from blemish.synthesis.arrangements import arrangement
    from blemish.synthesis.writing_arrangements import write_arrangements

    with ticking("Drawing", train + test + 3 * faults) as advance:
        made = write_arrangements(
            out,
            kind=arrangement(kind),
            n_train=train,
            n_test=test,
            n_per_fault=faults,
            seed=seed,
            size_px=size,
            on_progress=advance,
        )
    typer.echo(
        f"{made.train} train and {made.test} test images of {size} px in {made.folder}; {made.faulty} are faulty."
    )
