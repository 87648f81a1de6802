"""Keep what ``blemish reproduce`` or ``blemish benchmark`` wrote as a file of `benchmarks/results/`.

    python benchmarks/collect_results.py FOLDER [FOLDER ...] --name kim-2020 --about "DeepCrack at 256 px" \\
        --folders deepcrack metu

Several folders may hold the runs of one system on the same data. The command that measures again is made of what is in
the records, and of ``--folders``: those below BLEMISH_DATA that were given as ``--data``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from blemish.benchmarking.records import RunRecord as BenchmarkRun
from blemish.benchmarking.summary import summarise
from blemish.reproduction import SYSTEMS
from blemish.reproduction.records import Results, RunRecord
from blemish.reproduction.tables import Row as SystemRow
from blemish.reproduction.tables import Table as SystemTable

from result_files import Column, Rerun, Result, Row, Spread, Table, write_result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="folders that were --out")
    parser.add_argument("--name", required=True, help="of the file")
    parser.add_argument("--about", required=True, help="which images, and how many, in a phrase")
    parser.add_argument("--folders", nargs="+", required=True, help="the folders given as --data, below BLEMISH_DATA")
    parser.add_argument(
        "--opened",
        nargs="*",
        default=[],
        metavar="ROW=N",
        help="openings of test images that other folders add to a row",
    )
    given = parser.parse_args()
    earlier = {row: int(count) for row, _, count in (one.rpartition("=") for one in given.opened)}
    print(write_result(given.name, collect(given.runs, given.about, given.folders, earlier)))


def collect(folders: Sequence[Path], about: str, data: Sequence[str], opened: dict[str, int]) -> Result:
    """The measurement that is in these folders.

    Raises:
        SystemExit: there is none, or the folders do not belong together.
    """
    files = [file for folder in folders for file in sorted(folder.glob("runs/*/seed*/result.json"))]
    if files:
        return reproduced(files, about, data, opened)
    files = [file for folder in folders for file in sorted(folder.glob("runs/*/*/seed*/run.json"))]
    if not files:
        raise SystemExit(f"No finished run in {', '.join(map(str, folders))}.")
    return benchmarked(files, about, data)


def reproduced(files: Sequence[Path], about: str, data: Sequence[str], opened: dict[str, int]) -> Result:
    """The finished runs of one published system."""
    found = {file: RunRecord.model_validate_json(file.read_bytes()) for file in files}
    records = sorted(found.values(), key=lambda record: record.seed)
    check_alike(records)
    system = SYSTEMS[records[0].identity.system]()
    variants = list(dict.fromkeys(record.identity.variant for record in records))
    results = Results(
        profile=records[0].identity.profile,
        runs={name: tuple(one for one in records if one.identity.variant == name) for name in variants},
        folders={(record.identity.variant, record.seed): file.parent for file, record in found.items()},
    )
    rerun = Rerun(
        verb="reproduce",
        what=(system.name,),
        profile=results.profile,
        data=tuple(data),
        seeds=tuple(sorted({record.seed for record in records})),
        variants=tuple(variants),
    )
    tables = {table.name: from_system(table, opened) for table in system.tables(results)}
    return Result(
        title=system.title,
        commands=(rerun.command(),),
        date=measured_on(files),
        machine=machine_of([record.machine for record in records]),
        data=about,
        source=system.source,
        rerun=rerun,
        tables={name: table for name, table in tables.items() if table.rows},
    )


def check_alike(records: Sequence[RunRecord]) -> None:
    """Refuse runs of several systems, profiles, data sets or settings in one table."""
    if len({(record.identity.system, record.identity.profile) for record in records}) > 1:
        raise SystemExit("The folders hold runs of several systems or profiles.")
    digests: dict[str, str] = {}
    for record in records:
        for name, digest in record.identity.data.items():
            if digests.setdefault(name, digest) != digest:
                raise SystemExit(f'The folders hold runs on different data: "{name}".')
    seen: set[tuple[str, int]] = set()
    for record in records:
        one = (record.identity.variant, record.seed)
        if one in seen:
            raise SystemExit(f"Two folders hold {one[0]}, seed {one[1]}.")
        seen.add(one)


def from_system(table: SystemTable, opened: dict[str, int]) -> Table:
    """A table of a system without the rows that were not run."""
    columns = tuple(Column(name=name, digits=table.digits) for name in table.columns)
    rows = [_row(row, table.columns, opened.get(row.name, 0)) for row in table.rows if row.seeds]
    return Table(title=table.title, columns=columns, rows=tuple(rows), notes=table.notes)


def _row(row: SystemRow, columns: Sequence[str], also_opened: int) -> Row:
    cells = {
        name: Spread(values=tuple(map(rounded, row.values[name])), published=row.published.get(name))
        for name in columns
        if name in row.values
    }
    return Row(
        name=(row.name,),
        cells=cells,
        seeds=row.seeds,
        cpu_min=None if row.cpu_min is None else rounded(row.cpu_min),
        opened=None if row.test_opened is None else row.test_opened + also_opened,
    )


def rounded(value: float | None) -> float | None:
    """As many digits as anybody will print, so that a file can be read."""
    return None if value is None else float(np.format_float_positional(value, precision=8, fractional=False))


def benchmarked(files: Sequence[Path], about: str, data: Sequence[str]) -> Result:
    """The finished runs of a benchmark, a table for each data set."""
    records = [BenchmarkRun.model_validate_json(file.read_bytes()) for file in files]
    tables = {}
    for name in dict.fromkeys(record.data for record in records):
        runs = [record for record in records if record.data == name]
        contenders = list(dict.fromkeys(run.contender for run in runs))
        tables[name] = _contenders({one: [run for run in runs if run.contender == one] for one in contenders})
    rerun = Rerun(
        verb="benchmark",
        what=tuple(dict.fromkeys(record.contender for record in records)),
        data=tuple(data),
        seeds=tuple(sorted({record.identity.seed for record in records})),
    )
    return Result(
        title="A benchmark of methods",
        commands=(rerun.command(),),
        date=measured_on(files),
        machine=machine_of([record.machine for record in records]),
        data=about,
        rerun=rerun,
        tables=tables,
    )


def _contenders(runs: dict[str, list[BenchmarkRun]]) -> Table:
    # The metrics of each run alone, so that the values of every seed are kept.
    single = {name: [summarise([run], [])[0].values for run in each] for name, each in runs.items()}
    first = next(iter(single.values()))[0]
    digits = {
        heading: next((one[heading].digits for each in single.values() for one in each if one[heading]), None)
        for heading in first
    }
    columns = tuple(Column(name=name, digits=count) for name, count in digits.items() if count is not None)
    rows = [
        Row(
            name=(name,),
            cells={
                column.name: Spread(
                    values=tuple(rounded(one[column.name].mean) if one[column.name] else None for one in each)
                )
                for column in columns
            },
            seeds=tuple(run.identity.seed for run in runs[name]),
            opened=len(each),
        )
        for name, each in single.items()
    ]
    return Table(stub=("contender",), columns=columns, rows=tuple(rows))


def measured_on(files: Sequence[Path]) -> date:
    """The day of the last run."""
    return date.fromtimestamp(max(file.stat().st_mtime for file in files))


def machine_of(machines: Sequence[dict[str, str]]) -> str:
    """Every machine that took part."""
    return "; ".join(dict.fromkeys(", ".join(f"{key} {value}" for key, value in one.items()) for one in machines))


if __name__ == "__main__":
    main()
