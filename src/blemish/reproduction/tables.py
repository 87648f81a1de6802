"""Tables with the published value beside ours: mean and standard deviation over seeds, cost, test images opened."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from blemish.reproduction.records import RunRecord

Values = Mapping[str, float | None]
ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes:
        name: in the first column.
        values: ours, one for each seed, by column; None where a value has no meaning.
        published: the source's, by column.
        seeds: of the runs.
        cpu_min: mean processor minutes of a run; None where nothing was run for this row.
        test_opened: how often the runs opened the test images, all seeds together.
    """

    name: str
    values: Mapping[str, tuple[float | None, ...]]
    published: Mapping[str, float] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    cpu_min: float | None = None
    test_opened: int | None = None

    @classmethod
    def of(
        cls,
        name: str,
        records: Sequence[RunRecord],
        pick: Callable[[RunRecord], Values],
        published: Mapping[str, float] | None = None,
    ) -> Row:
        """A row from the runs of one variant.

        Args:
            name: in the first column.
            records: none gives a row with the published values alone.
            pick: the values of one run, by column.
            published: the source's values, by column.
        """
        picked = [pick(record) for record in records]
        columns = dict.fromkeys(column for values in picked for column in values)
        return cls(
            name=name,
            values={column: tuple(values.get(column) for values in picked) for column in columns},
            published=dict(published or {}),
            seeds=tuple(record.seed for record in records),
            cpu_min=statistics.fmean(record.cpu_min for record in records) if records else None,
            test_opened=sum(record.test_opened for record in records) if records else None,
        )

    def mean(self, column: str) -> float | None:
        """Mean over seeds; None unless every seed has a value."""
        known = [value for value in self.values.get(column, ()) if value is not None]
        return statistics.fmean(known) if known and len(known) == len(self.values[column]) else None

    def deviation(self, column: str) -> float | None:
        """Standard deviation (n - 1) over seeds; None below two."""
        if self.mean(column) is None or len(self.values[column]) < 2:
            return None
        return statistics.stdev(value for value in self.values[column] if value is not None)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the source.

    Attributes:
        name: of its CSV file.
        title: above it.
        columns: of values, in order.
        rows: in order.
        notes: sentences below it.
        digits: after the point.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    digits: int = 4

    def headings(self) -> list[str]:
        """Of `cells`."""
        return ["", *self.columns, "seeds", "CPU min", "test opened"]

    def cells(self, row: Row) -> list[tuple[str, str]]:
        """Text of each cell below the headings after the first: ours, and published where there is a value."""
        shown = [(self._ours(row, column), self._published(row, column)) for column in self.columns]
        cost = ABSENT if row.cpu_min is None else f"{row.cpu_min:.1f}"
        opened = ABSENT if row.test_opened is None else str(row.test_opened)
        return [*shown, (str(len(row.seeds)), ""), (cost, ""), (opened, "")]

    def markdown(self) -> str:
        """The table for a terminal or a page of documentation, the published value in brackets."""
        lines = [self.headings(), ["---"] * len(self.headings())]
        for row in self.rows:
            lines.append([row.name, *(f"{ours} ({theirs})" if theirs else ours for ours, theirs in self.cells(row))])
        text = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        return "\n\n".join([f"**{self.title}**", text, *self.notes])

    def csv(self) -> str:
        """One line for each row, with mean, deviation and the published value of each column."""
        names = [name for column in self.columns for name in (column, f"{column} sd", f"{column} published")]
        lines: list[list[object]] = [["row", *names, "seeds", "cpu_min", "test_opened"]]
        for row in self.rows:
            values = [
                part
                for column in self.columns
                for part in (row.mean(column), row.deviation(column), row.published.get(column))
            ]
            lines.append([row.name, *values, len(row.seeds), row.cpu_min, row.test_opened])
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        return text.getvalue()

    def _ours(self, row: Row, column: str) -> str:
        mean, deviation = row.mean(column), row.deviation(column)
        if mean is None:
            return ABSENT
        return f"{mean:.{self.digits}f}" + ("" if deviation is None else f" ± {deviation:.{self.digits}f}")

    def _published(self, row: Row, column: str) -> str:
        value = row.published.get(column)
        return "" if value is None else f"{value:.{self.digits}f}"


def paired_difference(one: Sequence[RunRecord], other: Sequence[RunRecord], pick: Callable[[RunRecord], float]) -> str:
    """Mean of one minus the other over the seeds that both have, with its 95 % interval by Student's t.

    Returns:
        ``+0.0123, 95 % interval +0.0010 to +0.0236 (5 seeds)``; without an interval below two seeds, and empty without
        a common one.
    """
    by_seed = {record.seed: pick(record) for record in other}
    gaps = np.array([pick(record) - by_seed[record.seed] for record in one if record.seed in by_seed])
    if not gaps.size:
        return ""
    if gaps.size == 1:
        return f"{gaps[0]:+.4f} (1 seed)"
    half = float(stats.t.ppf(0.975, gaps.size - 1) * stats.sem(gaps))
    mean = float(gaps.mean())
    return f"{mean:+.4f}, 95 % interval {mean - half:+.4f} to {mean + half:+.4f} ({gaps.size} seeds)"
