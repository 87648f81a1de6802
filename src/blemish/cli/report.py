"""``blemish report``: the report and the exports of an inspection, again, from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.completion import format_names
from blemish.cli.reporting import (
    ClientOption,
    DateOption,
    InspectorOption,
    LangOption,
    LogoOption,
    PlaceOption,
    TitleOption,
)
from blemish.cli.scale_options import GradeOption, grade_scale


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What blemish inspect --out wrote.")],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="html if not given, csv, jsonl, coco, yolo, cvat, labelme, label-studio, geojson, dxf, masks, "
            "positions, pdf, xlsx, docx; may be repeated.",
            metavar="NAME",
            show_default=False,
            autocompletion=format_names,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to; DIR itself if not given.", metavar="DIR", show_default=False),
    ] = None,
    grade: GradeOption = None,
    pictures: Annotated[
        int, typer.Option(min=0, help="How many of the worst images the page shows.", metavar="N")
    ] = 50,
    title: TitleOption = None,
    client: ClientOption = None,
    place: PlaceOption = None,
    inspector: InspectorOption = None,
    date: DateOption = None,
    logo: LogoOption = None,
    lang: LangOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a Word file or workbook that is there.")] = False,
) -> None:
    """Write the report of an inspection, or export its findings."""
    from blemish.cli.reporting import report_details
    from blemish.files import require_absent
    from blemish.images import image_size_px
    from blemish.inspection import assemble
    from blemish.reports.document import read_document
    from blemish.reports.exports import EDITABLE, export

    chosen = [name.strip() for given in formats or ["html"] for name in given.split(",")]
    for name in set(chosen) & set(EDITABLE):
        require_absent((out or folder) / EDITABLE[name], force=force)
    # A job that goes on, or was stopped, has no tables yet.
    assemble(folder)
    document = read_document(folder, grades=grade_scale(grade))
    details = report_details(document.details, title, client, place, inspector, date, logo, lang)
    if logo is not None:
        image_size_px(logo)
    document = replace(document, details=details)
    for gap in document.gaps:
        speaking.warn(f"Note: {gap}")
    written = export(document, chosen, out or folder, pictures=pictures)
    for target in sorted({path.parent if path.parent != (out or folder) else path for path in written}):
        typer.echo(f"{target}")
    for page in (path for path in written if path.suffix == ".html"):
        # It may have to go through somebody's mail.
        speaking.note(f"{page.name} has {page.stat().st_size / 1e6:.1f} MB.")
