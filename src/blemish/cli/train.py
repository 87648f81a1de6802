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
            help='A method ("blemish methods" lists them), a recipe, or "auto", which tries a few and takes the best.',
            show_default=False,
        ),
    ],
    data: Annotated[Path, typer.Option(help="Folder or table of images.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(
            help="Detector file to write, ending in .blemish; a folder for methods that run under torch only.",
            show_default=False,
        ),
    ],
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
    from rich.console import Console

    from blemish.datasets import read_dataset
    from blemish.detectors import require_free
    from blemish.training import train as run
    from blemish.training import train_and_test
    from blemish.training.automatic import AUTO
    from blemish.training.recipes import find_method, parse_assignments

    require_free(out, force=force)
    console = Console(stderr=True, soft_wrap=True)

    def say(sentence: str) -> None:
        console.print(sentence, markup=False, highlight=False)

    options = read_options(bit_range, max_megapixels)
    settings = parse_assignments(assignments or [])
    if method == AUTO or find_method(method)[0].info.exportable:
        run(
            method,
            data,
            out,
            settings=settings,
            recipe=recipe,
            profile=profile,
            seed=seed,
            weights=weights,
            start=start,
            layout=layout,
            normal_names=normal,
            bit_range=options.bit_range,
            max_megapixels=options.max_megapixels,
            say=say,
        )
        return
    tested = train_and_test(
        method,
        read_dataset(data, layout=layout, normal_names=normal, options=options),
        out,
        settings=settings,
        recipe=recipe,
        profile=profile,
        seed=seed,
        start=start,
        say=say,
    )
    if tested.metrics is not None:
        from blemish.cli.tables import print_metrics

        print_metrics(tested.metrics, as_json=False)
        say(f"Scores of the test images are in {tested.scores}.")
