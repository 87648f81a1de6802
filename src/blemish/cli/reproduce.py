"""``blemish reproduce``: a published system on one's own data, its tables beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import ProfileOption


def reproduce(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="A published system; `list` names them.")],
    data: Annotated[
        list[Path] | None, typer.Option(help="Folder of images; may be repeated where a system needs several.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for runs, page and tables; the same folder resumes.", metavar="DIR")
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", "--seeds", help="May be repeated; the system's own if not given.", metavar="N"),
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="Run this variant alone, * for any text; may be repeated.", metavar="NAME")
    ] = None,
    profile: ProfileOption = "quick",
) -> None:
    """Repeat a published system with several seeds; print its tables, the published values beside ours."""
    from blemish.errors import BlemishError, SettingsError
    from blemish.reproduction import SYSTEMS
    from blemish.reproduction import reproduce as run

    if system == "list":
        for name, known in SYSTEMS.items():
            typer.echo(f"{name}: {known.title}. Needs {known.needs}")
        return
    if not data or out is None:
        raise SettingsError("Name the images and a folder for the results: --data FOLDER --out DIR.")
    result = run(
        system,
        data,
        out,
        profile=profile,
        seeds=seed,
        variants=variant,
        say=speaking.note,
    )
    typer.echo("\n\n".join(table.markdown() for table in result.tables))
    speaking.note(f"Page: {result.page}")
    if not any(result.results.runs.values()):
        raise BlemishError(f'No run finished; "{result.page}" says why.')
