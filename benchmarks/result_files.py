"""Measured figures as they are kept: one JSON file a measurement, in `benchmarks/results/`.

Tables of README, documentation and results page are written from these files alone (`write_results.py`), so that a
figure stands in one place. The files come from `collect_results.py` (what ``blemish reproduce`` and ``blemish
benchmark`` wrote) and from the scripts here (``--record NAME``); figures that were measured before there were such
files say in ``transcribed_from`` where they stood.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from blemish.files import write_text

from machine import describe_machine

RESULTS = Path(__file__).parent / "results"
ABSENT = "–"
# An absolute path: a folder of somebody's machine, which no file to be published may name.
_PRIVATE = re.compile(r"(?<![\w.$})])/\w[\w.-]*/|\b[A-Z]:\\")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Spread(_Frozen):
    """A figure over seeds.

    Attributes:
        values: one for each seed; mean and deviation (n - 1) are computed from them.
        mean, sd: of figures that were transcribed, whose values are not known, or known rounded.
        published: what the source states.
        digits: after the point; None takes the column's.
        bold: the best of its kind.
    """

    values: tuple[float | None, ...] = ()
    mean: float | None = None
    sd: float | None = None
    published: float | None = None
    digits: int | None = None
    bold: bool = False

    def centre(self) -> float | None:
        """Mean over seeds; None unless every seed has a value."""
        if self.mean is not None or not self.values:
            return self.mean
        known = [value for value in self.values if value is not None]
        return statistics.fmean(known) if len(known) == len(self.values) else None

    def deviation(self) -> float | None:
        """Standard deviation (n - 1) over seeds; None below two."""
        if self.mean is not None or not self.values:
            return self.sd
        known = [value for value in self.values if value is not None]
        return statistics.stdev(known) if len(known) == len(self.values) > 1 else None


Cell = Spread | float | str | None


class Column(_Frozen):
    """How the figures of a column are written.

    Attributes:
        name: heading.
        digits: after the point; integers have a comma at thousands.
        unit: behind every figure, its space included.
        leading_zero: 0.5, not .5.
    """

    name: str
    digits: int = 3
    unit: str = ""
    leading_zero: bool = False


class Row(_Frozen):
    """One line of a table.

    Attributes:
        name: its first cells.
        cells: by column; null is a dash, and a column without a cell stays empty.
        seeds: of the runs; their number where no more is known.
        cpu_min: mean processor minutes of a run.
        opened: how often the test images were opened, all seeds together; a text where only the least is known.
    """

    name: tuple[str, ...]
    cells: dict[str, Cell]
    seeds: tuple[int, ...] | int | None = None
    cpu_min: float | None = None
    opened: int | str | None = None


class Table(_Frozen):
    """One table.

    Attributes:
        title: above it, where a file has several.
        stub: headings of the rows' names.
        columns: in order.
        rows: in order.
        by_seed: how figures over seeds are written: ``rows`` in a line for each seed and one for their mean, ``cells``
            with the values beside one another, None as mean and deviation.
        notes: sentences below it.
    """

    title: str | None = None
    stub: tuple[str, ...] = ("",)
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    by_seed: Literal["rows", "cells"] | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Table:
        names = {column.name for column in self.columns}
        if len(names) < len(self.columns) or len({row.name for row in self.rows}) < len(self.rows):
            raise ValueError("two columns or two rows have the same name.")
        for row in self.rows:
            if unknown := set(row.cells) - names:
                raise ValueError(f"row {row.name} has cells of no column: {sorted(unknown)}.")
            if len(row.name) != len(self.stub):
                raise ValueError(f"row {row.name} has not as many names as the table has headings for them.")
        return self

    def row(self, *name: str) -> Row:
        """The row of that name.

        Raises:
            KeyError: there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"There is no row {name}; there are {[row.name for row in self.rows]}.")

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f'There is no column "{name}"; there are {[column.name for column in self.columns]}.')


class Rerun(_Frozen):
    """The command of blemish that measures anew (`rerun_results.py`).

    Attributes:
        verb: of blemish.
        what: the system, or the contenders.
        profile: of the recipes.
        data: folders below BLEMISH_DATA.
        seeds: of the runs.
        variants: of the system; none takes all.
    """

    verb: Literal["reproduce", "benchmark"]
    what: tuple[str, ...]
    profile: str = "quick"
    data: tuple[str, ...]
    seeds: tuple[int, ...]
    variants: tuple[str, ...] = ()

    def arguments(self, root: str, out: str) -> list[str]:
        """Of ``blemish``, with the data below ``root`` and the runs in ``out``."""
        options = [("--data", f"{root}/{folder}") for folder in self.data]
        options += [("--profile", self.profile)] * (self.profile != "quick")
        options += [("--seed", str(seed)) for seed in self.seeds]
        options += [("--variant", variant) for variant in self.variants]
        return [self.verb, *self.what, *(part for option in options for part in option), "--out", out]

    def command(self) -> str:
        """The same as a line to type."""
        words = self.arguments("$BLEMISH_DATA", "benchmarks/out/DIR")
        return " ".join(["blemish", *(f'"{word}"' if re.search(r"[^\w$./=-]", word) else word for word in words)])


class Result(_Frozen):
    """One measurement.

    Attributes:
        title: what was measured.
        commands: that measure it, from the checkout.
        date: of the measurement; the last one where it took several days.
        machine: processor, threads, versions.
        data: which images, and how they were divided.
        source: the publication that published figures come from.
        transcribed_from: where the figures stood, if they were measured before there were such files.
        rerun: how to measure anew, where one command can.
        tables: by name.
    """

    title: str
    commands: tuple[str, ...] = Field(min_length=1)
    date: date
    machine: str
    data: str
    source: str | None = None
    transcribed_from: str | None = None
    rerun: Rerun | None = None
    tables: dict[str, Table] = Field(min_length=1)

    @field_validator("date")
    @classmethod
    def _past(cls, given: date) -> date:
        if given.year < 2026:
            raise ValueError("the date of the measurement lies before the project.")
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Result:
        cells = [cell for table in self.tables.values() for row in table.rows for cell in row.cells.values()]
        spreads = [cell for cell in cells if isinstance(cell, Spread)]
        if self.source is None and any(cell.published is not None for cell in spreads):
            raise ValueError("published figures need a source.")
        if self.transcribed_from is None and any(cell.values and cell.mean is not None for cell in spreads):
            raise ValueError("mean and sd are computed from values: give them only of transcribed figures.")
        if found := _PRIVATE.search(self.model_dump_json()):
            raise ValueError(f"a folder of a private machine is named: {found.group()}")
        return self


def read_result(name: str, folder: Path = RESULTS) -> Result:
    """The measurement of that name.

    Raises:
        FileNotFoundError: there is none.
        ValidationError: it does not follow the schema.
    """
    return Result.model_validate_json((folder / f"{name}.json").read_bytes())


def write_result(name: str, result: Result, folder: Path = RESULTS) -> Path:
    """Keep a measurement; returns its file."""
    write_text(folder / f"{name}.json", as_text(result))
    return folder / f"{name}.json"


def as_text(result: Result) -> str:
    """The file's text: a line for each row and column, so that differences can be read."""
    document = result.model_dump(mode="json", exclude_defaults=True)
    lines: list[str] = []

    def on_one_line(entry: Any) -> str:
        lines.append(json.dumps(entry, ensure_ascii=False))
        return f"@{len(lines) - 1}"

    for table in document["tables"].values():
        for part in ("columns", "rows"):
            table[part] = [on_one_line(entry) for entry in table[part]]
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return re.sub(r'"@(\d+)"', lambda found: lines[int(found[1])], text) + "\n"


def record(name: str, title: str, data: str, commands: Sequence[str], tables: dict[str, Table], **more: Any) -> Path:
    """Keep what a script has just measured on this machine: its ``--record NAME``."""
    machine = more.pop("machine", None) or describe_machine()
    result = Result(
        title=title, commands=tuple(commands), date=date.today(), machine=machine, data=data, tables=tables, **more
    )
    return write_result(name, result)
