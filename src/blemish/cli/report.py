"""``blemish report``: the report and the exports of an inspection, again, from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.completion import format_names
from blemish.cli.options import ForceOption
from blemish.cli.panels import OUTPUT, argument, option
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

_Formats = Annotated[
    list[str] | None,
    option(
        OUTPUT,
        "html if not given, csv, jsonl, coco, yolo, cvat, labelme, label-studio, geojson, dxf, masks, positions, pdf, "
        "xlsx, docx; may be repeated.",
        "--format",
        kind="NAME",
        autocompletion=format_names,
    ),
]
_Out = Annotated[Path | None, option(OUTPUT, "Folder to write to; DIR itself if not given.", "--out", kind="DIR")]
_Pictures = Annotated[
    int, option(OUTPUT, "How many of the worst images the page shows.", "--pictures", kind="N", min=0)
]


def report(
    folder: Annotated[Path, argument("What blemish inspect --out wrote.", "DIR")],
    formats: _Formats = None,
    out: _Out = None,
    grade: GradeOption = None,
    pictures: _Pictures = 50,
    title: TitleOption = None,
    client: ClientOption = None,
    place: PlaceOption = None,
    inspector: InspectorOption = None,
    date: DateOption = None,
    logo: LogoOption = None,
    lang: LangOption = None,
    force: ForceOption = False,
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
    speaking.speak(details.lang)
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
