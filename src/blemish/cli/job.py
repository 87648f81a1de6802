"""``blemish job``: look at job folders, and put those of several machines together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import JsonOption, ReportOption
from blemish.cli.panels import OUTPUT, argument, option
from blemish.cli.speaking import note
from blemish.cli.verbs import App

app = App(help="Look at the folders of inspections, and put those of several machines together.")


@app.command()
def merge(
    folders: Annotated[list[Path], argument("What the parts wrote.", "DIR")],
    out: Annotated[Path, option(OUTPUT, "A new folder for all of it.", "--out", kind="DIR")],
    report: ReportOption = True,
) -> None:
    """Put the parts of an inspection, each made with --shard K/N, into one folder."""
    from blemish.inspection import merge_jobs

    typer.echo(str(merge_jobs(folders, out, report=report, say=note)))


@app.command()
def status(
    folder: Annotated[Path, argument("What blemish inspect --out wrote, or is writing.", "DIR")],
    as_json: JsonOption = False,
) -> None:
    """Say how far an inspection is, while it runs or afterwards."""
    from blemish.cli.job_progress import told
    from blemish.errors import DataError
    from blemish.findings import read_run
    from blemish.inspection import read_progress
    from blemish.inspection.job.record import read_record

    if read_record(folder) is None:
        raise DataError(f'"{folder}" holds no inspection; give a folder that "blemish inspect --out" wrote.')
    now, run = read_progress(folder), read_run(folder)
    complete = run is not None and run.complete
    if as_json:
        import json

        counts = {"done": now.done, "failed": now.failed, "left_out": now.left_out, "verdicts": dict(now.verdicts)}
        typer.echo(json.dumps(counts | {"complete": complete}))
        return
    typer.echo(f"{now.done} images done{', which is all' if complete else ''}: {told(now) or 'no verdicts'}.")
