"""``blemish benchmark``: recipes side by side on data sets, with what each costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import NormalOption, ProfileOption
from blemish.cli.panels import INPUT, OUTPUT, TRAINING, argument, option

_Recipes = Annotated[list[str], argument("Names or files of recipes, or methods.", "RECIPE")]
_Data = Annotated[list[Path], option(INPUT, "Data set; may be repeated.", "--data", kind="PATH")]
_Out = Annotated[Path, option(OUTPUT, "Folder for runs and tables; the same folder resumes.", "--out", kind="DIR")]
_Seeds = Annotated[
    list[int] | None,
    option(TRAINING, "One training each, may be repeated; 0, 1 and 2 if not given.", "--seed", kind="N"),
]
_AllowLeaks = Annotated[
    list[str] | None,
    option(
        INPUT,
        "Continue although this data set leaks into its test split; may be repeated.",
        "--allow-leaks",
        kind="NAME",
    ),
]
_Freeze = Annotated[
    Path | None,
    option(
        OUTPUT,
        "Write what will be run to this TOML file before any test image is scored; where it is there, say whether it "
        "was kept.",
        "--freeze",
        kind="FILE",
    ),
]


def benchmark(
    recipes: _Recipes,
    data: _Data,
    out: _Out,
    seed: _Seeds = None,
    profile: ProfileOption = "quick",
    allow_leaks: _AllowLeaks = None,
    normal: NormalOption = None,
    freeze: _Freeze = None,
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
