"""``blemish train``: from a folder of images to a detector file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import (
    BitRangeOption,
    ForceOption,
    LayoutOption,
    MaxMegapixelsOption,
    NormalOption,
    read_options,
)


def train(
    method: Annotated[
        str,
        typer.Argument(
            help='Name of the method; "blemish methods" lists them. "auto" tries a few and takes the best.',
            show_default=False,
        ),
    ],
    data: Annotated[Path, typer.Option(help="Folder or table of images.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Detector file to write, ending in .blemish.", show_default=False)],
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting; may be repeated.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="Recipe of a published experiment: a file (YAML) or the name of one shipped.")
    ] = None,
    profile: Annotated[str, typer.Option(help="quick (minutes on two cores) or paper (as published).")] = "quick",
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    weights: Annotated[Path | None, typer.Option(help="Pretrained weights of the backbone (safetensors).")] = None,
    start: Annotated[
        Path | None,
        typer.Option("--start-from", help="weights.safetensors of an earlier training, to go on from.", metavar="FILE"),
    ] = None,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    force: ForceOption = False,
) -> None:
    """Learn from images and write one portable detector file."""
    import sys

    from rich.console import Console

    from blemish.detectors import require_free
    from blemish.training import train as run
    from blemish.training.recipes import parse_assignments

    require_free(out, force=force)
    options = read_options(bit_range, max_megapixels)
    console = Console(stderr=True, soft_wrap=True)
    run(
        method,
        data,
        out,
        settings=parse_assignments(assignments or []),
        recipe=recipe,
        profile=profile,
        seed=seed,
        weights=weights,
        start=start,
        layout=layout,
        normal_names=normal,
        bit_range=options.bit_range,
        max_megapixels=options.max_megapixels,
        progress=sys.stderr.isatty(),
        say=lambda sentence: console.print(sentence, markup=False, highlight=False),
    )
