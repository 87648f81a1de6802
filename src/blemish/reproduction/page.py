"""The page of a reproduction: idea, tables, pictures, cost, and what differs; and the same as JSON and CSV files."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from blemish.datasets import Dataset
from blemish.files import write_text
from blemish.reproduction.records import FailedRun, Results
from blemish.reproduction.system import Picture, System
from blemish.reproduction.tables import Table


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the page tells.

    Attributes:
        system: that was repeated.
        results: the finished runs.
        tables, pictures: of the system.
        failures: the runs that failed.
        data: by the system's names.
        wanted: number of runs when all are finished.
    """

    system: System
    results: Results
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]
    failures: tuple[FailedRun, ...]
    data: Mapping[str, Dataset]
    wanted: int


def write_outcome(outcome: Outcome, out: Path) -> Path:
    """Write ``index.html``, ``results.json``, ``tables.md`` and a CSV file for each table; returns the page.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    for table in outcome.tables:
        write_text(out / f"{table.name}.csv", table.csv())
    write_text(out / "tables.md", "\n\n".join(table.markdown() for table in outcome.tables) + "\n")
    write_text(out / "results.json", json.dumps(_record(outcome), indent=1, ensure_ascii=False) + "\n")
    # The look is that of the reports.
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("blemish.reproduction"), PackageLoader("blemish.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    runs = [record for records in outcome.results.runs.values() for record in records]
    page = environment.get_template("reproduction.html").render(
        system=outcome.system,
        profile=outcome.results.profile,
        tables=outcome.tables,
        pictures=[(picture.caption, _png_uri(picture.file)) for picture in outcome.pictures],
        failures=outcome.failures,
        data=[(name, dataset.name, dataset.layout, len(dataset)) for name, dataset in outcome.data.items()],
        finished=len(runs),
        wanted=outcome.wanted,
        remarks=sorted({remark for record in runs for remark in record.remarks}),
        machines=sorted({", ".join(f"{k} {v}" for k, v in record.machine.items()) for record in runs}),
    )
    write_text(out / "index.html", page.rstrip() + "\n")
    return out / "index.html"


def _record(outcome: Outcome) -> dict[str, Any]:
    """Everything that the page says in numbers."""
    return {
        "system": outcome.system.name,
        "profile": outcome.results.profile,
        "runs": [record.model_dump(mode="json") for records in outcome.results.runs.values() for record in records],
        "failures": [failure.model_dump(mode="json") for failure in outcome.failures],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "rows": [
                    {
                        "row": row.name,
                        "values": row.values,
                        "published": row.published,
                        "seeds": row.seeds,
                        "cpu_min": row.cpu_min,
                        "test_opened": row.test_opened,
                    }
                    for row in table.rows
                ],
                "notes": table.notes,
            }
            for table in outcome.tables
        ],
    }


def _png_uri(file: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode("ascii")
