"""``findings.jsonl`` and ``findings.csv``: one line per inspected file, in the order of inspection."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from blemish.detectors.result import Inspection
from blemish.files import replacing
from blemish.reports.finding_lines import read_finding_lines
from blemish.reports.records import region_from_record

JSONL_NAME = "findings.jsonl"
CSV_NAME = "findings.csv"
_CSV_COLUMNS = (
    "path",
    "score",
    "p_value",
    "verdict",
    "label",
    "regions",
    "defect_area_px",
    "worst_bbox_px",
    "notes",
    "error",
)


class FindingsWriter(Protocol):
    """Takes one inspection after another."""

    def add(self, inspection: Inspection) -> None:
        """Append one line to each table."""
        ...


@contextmanager
def writing_findings(folder: Path) -> Iterator[FindingsWriter]:
    """Write both tables into ``folder``, line by line; they get their names only when the block ends well.

    Raises:
        BlemishError: the folder cannot be created or written to.
    """
    with ExitStack() as stack:
        jsonl_path = stack.enter_context(replacing(folder / JSONL_NAME))
        csv_path = stack.enter_context(replacing(folder / CSV_NAME))
        with (
            jsonl_path.open("w", encoding="utf-8") as jsonl,
            csv_path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as table,
        ):
            yield _Tables(jsonl, table)


class _Tables:
    def __init__(self, jsonl: Any, table: Any) -> None:
        self._jsonl = jsonl
        self._csv = csv.DictWriter(table, _CSV_COLUMNS)
        self._csv.writeheader()

    def add(self, inspection: Inspection) -> None:
        self._jsonl.write(to_line(inspection) + "\n")
        self._csv.writerow(_csv_row(inspection))


def to_line(inspection: Inspection) -> str:
    """One line of ``findings.jsonl``, without the line break; non-ASCII names stay readable."""
    line = json.dumps(inspection.to_record(), ensure_ascii=False, allow_nan=False)
    # A file name need not be valid Unicode on disk: such bytes become JSON escapes, which read back as they were.
    return line.encode("utf-8", errors="backslashreplace").decode("utf-8")


def read_findings(path: Path) -> Iterator[Inspection]:
    """The inspections of a ``findings.jsonl``, without anomaly maps, masks and what was measured.

    Raises:
        DataError: the file is missing, or a line is not a finding or not whole.
    """
    for _, record in read_finding_lines(Path(path)):
        yield Inspection(
            path=None if record.path is None else Path(record.path),
            score=record.score,
            p_value=record.p_value,
            verdict=record.verdict,
            label=record.label,
            regions=tuple(map(region_from_record, record.regions)),
            notes=tuple(record.notes),
            error=record.error,
        )


def _csv_row(inspection: Inspection) -> dict[str, Any]:
    found = inspection.regions
    return {
        "path": inspection.path,
        "score": inspection.score,
        "p_value": inspection.p_value,
        "verdict": inspection.verdict,
        "label": inspection.label,
        "regions": len(found),
        "defect_area_px": sum(region.area_px for region in found),
        "worst_bbox_px": " ".join(map(str, found[0].bbox_px)) if found else "",
        "notes": "; ".join(inspection.notes),
        "error": inspection.error,
    }
