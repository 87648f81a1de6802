"""Options of what a report says about itself: title, client, place, inspector, date, logo, language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from blemish.cli.panels import REPORT, option
from blemish.errors import SettingsError

if TYPE_CHECKING:
    from blemish.findings import ReportDetails

TitleOption = Annotated[
    str | None, option(REPORT, "Title of the report; the folder's name if not given.", "--title", kind="TEXT")
]
ClientOption = Annotated[str | None, option(REPORT, "Whom it is for.", "--client", kind="TEXT")]
PlaceOption = Annotated[str | None, option(REPORT, "What was inspected, where.", "--place", kind="TEXT")]
InspectorOption = Annotated[str | None, option(REPORT, "Who inspected.", "--inspector", kind="TEXT")]
DateOption = Annotated[str | None, option(REPORT, "When, as it should be printed.", "--date", kind="TEXT")]
LogoOption = Annotated[Path | None, option(REPORT, "An image for the report's head.", "--logo", kind="FILE")]
LangOption = Annotated[str | None, option(REPORT, "Language of the report: en or ko.", "--lang", kind="NAME")]


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
