"""``blemish benchmark``: recipes side by side on data sets, with what each costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import NormalOption, ProfileOption


def benchmark(
    recipes: Annotated[list[str], typer.Argument(metavar="RECIPE...", help="Names or files of recipes, or methods.")],
    data: Annotated[list[Path], typer.Option(help="Data set; may be repeated.", metavar="PATH")],
    out: Annotated[Path, typer.Option(help="Folder for runs and tables; the same folder resumes.", metavar="DIR")],
    seed: Annotated[
        list[int] | None, typer.Option(help="One training each; 0, 1 and 2 if not given.", metavar="N")
    ] = None,
    profile: ProfileOption = "quick",
    allow_leaks: Annotated[
        list[str] | None,
        typer.Option(
            help="Continue although this data set leaks into its test split; may be repeated.", metavar="NAME"
        ),
    ] = None,
    normal: NormalOption = None,
    freeze: Annotated[
        Path | None,
        typer.Option(
            help="Write what will be run to this TOML file before any test image is scored; where it is there, say "
            "whether it was kept.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Train and test recipes on data sets with several seeds; print a table with means, spreads and costs."""
    from blemish.benchmarking import benchmark as run
    from blemish.errors import BlemishError

    result = run(
        recipes,
        data,
        out,
        seeds=seed or (0, 1, 2),
        profile=profile,
        allow_leaks=allow_leaks or (),
        normal_names=normal,
        plan=freeze,
        say=speaking.note,
    )
    typer.echo(result.table.read_text(encoding="utf-8").rstrip())
    speaking.note(f"Tables are in {out}.")
    if not result.runs:
        raise BlemishError(f'No run finished; "{result.table}" says why.')
