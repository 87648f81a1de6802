"""``blemish benchmark``: methods beside one another, with what each costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from blemish.cli.options import NormalOption


class SeveralValues(TyperCommand):
    """Lets one option take several values, ``--seeds 0 1 2``, as ``--seeds 0 --seeds 1 --seeds 2`` would."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the options that may take several values."""
        several = {option for each in self.params if each.multiple for option in each.opts}
        return list(super().parse_args(ctx, list(_repeated(args, several))))


def _repeated(args: Sequence[str], several: set[str]) -> Iterator[str]:
    place = 0
    while place < len(args):
        yield args[place]
        if args[place] in several:
            values = list(takewhile(lambda value: not value.startswith("-"), args[place + 1 :]))
            for number, value in enumerate(values):
                if number:
                    yield args[place]
                yield value
            place += len(values)
        place += 1


def benchmark(
    recipes: Annotated[
        list[str], typer.Argument(metavar="RECIPES…", help="Recipes (names or files) or methods, before any option.")
    ],
    data: Annotated[list[Path], typer.Option(help="Data sets, one or more.", metavar="PATH…")],
    out: Annotated[Path, typer.Option(help="Folder for cells and tables; the same folder goes on.", metavar="DIR")],
    seeds: Annotated[list[int] | None, typer.Option(help="One training each; 0 1 2 by default.", metavar="N…")] = None,
    profile: Annotated[str, typer.Option(help="quick (minutes on two cores) or paper (as published).")] = "quick",
    allow_leaks: Annotated[
        list[str] | None,
        typer.Option(help="Go on although this data set leaks from training into test.", metavar="NAME…"),
    ] = None,
    normal: NormalOption = None,
) -> None:
    """Train and test recipes on data sets with several seeds; print a table with means, spreads and costs."""
    from blemish.benchmarking import benchmark as run
    from blemish.errors import BlemishError

    result = run(
        recipes,
        data,
        out,
        seeds=seeds or (0, 1, 2),
        profile=profile,
        allow_leaks=allow_leaks or (),
        normal_names=normal,
        say=lambda sentence: typer.echo(sentence, err=True),
    )
    typer.echo(result.table.read_text(encoding="utf-8").rstrip())
    typer.echo(f"Tables are in {out}.", err=True)
    if not result.cells:
        raise BlemishError(f'No cell finished; "{result.table}" says why.')
