"""``blemish report``: the report and the exports of an inspection, again, from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.scaling import GradeOption, grade_scale


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What blemish inspect --out wrote.")],
    formats: Annotated[
        str,
        typer.Option("--format", help="One or more of html, csv, jsonl, coco, geojson, dxf, masks.", metavar="NAME,…"),
    ] = "html",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to; DIR itself if not given.", metavar="DIR", show_default=False),
    ] = None,
    grade: GradeOption = None,
    pictures: Annotated[
        int, typer.Option(min=0, help="How many of the worst images the page shows.", metavar="N")
    ] = 50,
) -> None:
    """Write the report of an inspection, or export its findings."""
    from blemish.reports.document import read_document
    from blemish.reports.exports import export

    document = read_document(folder, grades=grade_scale(grade))
    for gap in document.gaps:
        typer.echo(f"Note: {gap}", err=True)
    written = export(document, formats.split(","), out or folder, pictures=pictures)
    for target in sorted({path.parent if path.parent != (out or folder) else path for path in written}):
        typer.echo(f"{target}")
    for page in (path for path in written if path.suffix == ".html"):
        # It may have to go through somebody's mail.
        typer.echo(f"{page.name} has {page.stat().st_size / 1e6:.1f} MB.", err=True)
