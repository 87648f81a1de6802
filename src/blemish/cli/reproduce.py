"""``blemish reproduce``: a published system on one's own data, its tables beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import ProfileOption
from blemish.cli.panels import INPUT, OUTPUT, TRAINING, argument, option


def reproduce(
    system: Annotated[str, argument("A published system; `list` names them.", "SYSTEM")],
    data: Annotated[
        list[Path] | None,
        option(INPUT, "Folder of images; may be repeated where a system needs several.", "--data", kind="DIR"),
    ] = None,
    out: Annotated[
        Path | None,
        option(OUTPUT, "Folder for runs, page and tables; the same folder resumes.", "--out", kind="DIR"),
    ] = None,
    seed: Annotated[
        list[int] | None,
        option(
            TRAINING,
            "One run each, may be repeated; the system's own if not given.",
            "--seed",
            "--seeds",
            kind="N",
        ),
    ] = None,
    variant: Annotated[
        list[str] | None,
        option(
            TRAINING,
            "Run this variant alone, * for any text; may be repeated.",
            "--variant",
            kind="NAME",
        ),
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
