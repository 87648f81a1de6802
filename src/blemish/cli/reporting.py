"""Options of what a report says about itself: title, client, place, inspector, date, logo, language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.errors import SettingsError

if TYPE_CHECKING:
    from blemish.findings import ReportDetails

_PANEL = "Report"


def _said(name: str, what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        f"--{name}", help=what, metavar="TEXT", show_default=False, rich_help_panel=_PANEL
    )
    return option


TitleOption = Annotated[str | None, _said("title", "Title of the report; the folder's name if not given.")]
ClientOption = Annotated[str | None, _said("client", "Whom it is for.")]
PlaceOption = Annotated[str | None, _said("place", "What was inspected, where.")]
InspectorOption = Annotated[str | None, _said("inspector", "Who inspected.")]
DateOption = Annotated[str | None, _said("date", "When, as it should be printed.")]
LogoOption = Annotated[
    Path | None,
    typer.Option(
        "--logo", help="An image for the report's head.", metavar="FILE", show_default=False, rich_help_panel=_PANEL
    ),
]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang", help="Language of the report: en or ko.", metavar="NAME", show_default=False, rich_help_panel=_PANEL
    ),
]


def report_details(
    recorded: ReportDetails | None,
    title: str | None,
    client: str | None,
    place: str | None,
    inspector: str | None,
    date: str | None,
    logo: Path | None,
    lang: str | None,
) -> ReportDetails:
    """What was given, and for the rest what was recorded earlier. Raises SettingsError for an unknown language."""
    from blemish.findings import ReportDetails

    if lang not in (None, "en", "ko"):
        raise SettingsError(f'A report is written in "en" or "ko", and not in "{lang}".')
    told = {"title": title, "client": client, "place": place, "inspector": inspector, "date": date, "lang": lang}
    told["logo"] = None if logo is None else str(logo.absolute())
    given = {name: value for name, value in told.items() if value is not None}
    return ReportDetails(**{**dict(recorded or ReportDetails()), **given})
