"""``blemish data synth`` and ``blemish data parts``: draw images, and the truth about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.completion import arrangement_names
from blemish.cli.options import DrawingSeedOption
from blemish.cli.panels import DRAWING, OUTPUT, option

_CrackFraction = Annotated[
    float, option(DRAWING, "Fraction of images with cracks.", "--crack-fraction", kind="FRACTION", min=0, max=1)
]
_TestFraction = Annotated[
    float, option(DRAWING, "Fraction of images in the test split.", "--test-fraction", kind="FRACTION", min=0, max=1)
]


def synth(
    out: Annotated[Path, option(OUTPUT, "A new folder for the images.", "--out", kind="DIR")],
    n: Annotated[int, option(DRAWING, "How many images.", "-n", "--n", kind="N", min=1)] = 200,
    seed: DrawingSeedOption = 0,
    size: Annotated[int, option(DRAWING, "Side of an image, in pixels.", "--size", kind="PX", min=32)] = 512,
    crack_fraction: _CrackFraction = 0.5,
    test_fraction: _TestFraction = 0.2,
    surface: Annotated[
        list[str] | None,
        option(DRAWING, "Only this surface; may be repeated.", "--surface", kind="NAME"),
    ] = None,
    width: Annotated[
        tuple[float, float],
        option(DRAWING, "Least and greatest mean width of cracks, in pixels.", "--width", kind="PX PX"),
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
    out: Annotated[Path, option(OUTPUT, "A new folder for the images.", "--out", kind="DIR")],
    kind: Annotated[
        str,
        option(DRAWING, "blister, board, connector or tray.", "--kind", kind="NAME", autocompletion=arrangement_names),
    ] = "board",
    train: Annotated[int, option(DRAWING, "Normal images to learn from.", "--train", kind="N", min=0)] = 60,
    test: Annotated[int, option(DRAWING, "Normal images to test on.", "--test", kind="N", min=0)] = 60,
    faults: Annotated[int, option(DRAWING, "Images of each fault to test on.", "--faults", kind="N", min=0)] = 20,
    seed: DrawingSeedOption = 0,
    size: Annotated[int, option(DRAWING, "Side of an image, in pixels.", "--size", kind="PX", min=64)] = 256,
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
