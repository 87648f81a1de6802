"""Sensor series: a CSV or Parquet table, one row per time step and one column per sensor, cut into windows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError, MissingExtraError, install_hint

_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class Series:
    """One recording.

    Attributes:
        name: the file, for messages.
        columns: names of the C sensors.
        values: float64 (T, C), finite.
        faulty: bool (T,), True where a fault is known to be; None where nothing is known.
    """

    name: str
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    faulty: NDArray[np.bool_] | None = None

    def only(self, columns: Sequence[str]) -> Series:
        """These columns in this order. Raises DataError where one is missing."""
        return replace(self, columns=tuple(columns), values=self.values[:, _positions(self, columns)])


def read_series(
    path: Path | str,
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    fault_column: str | None = None,
) -> Series:
    """Read a table whose first line names the columns.

    Args:
        path: ``.csv`` (comma, semicolon or tab), or ``.parquet``, for which the extra ``series`` is needed.
        columns: the sensors to read; None reads all but ``ignore`` and ``fault_column``.
        ignore: columns that are no sensors, for example the time.
        fault_column: one with 1 where a fault is and 0 elsewhere.

    Raises:
        DataError: the file cannot be read, or a column is missing, not numeric or has gaps.
        MissingExtraError: Parquet without pyarrow.
    """
    path = Path(path)
    table = _read_parquet(path) if path.suffix.lower() in _PARQUET else _read_csv(path)
    not_sensors = {*ignore, *([fault_column] if fault_column else [])}
    wanted = tuple(columns) if columns is not None else tuple(name for name in table if name not in not_sensors)
    for name in (*wanted, *not_sensors):
        if name not in table:
            raise DataError(f'"{path}" has no column "{name}"; it has {_listed(table)}.')
    if not wanted:
        raise DataError(f'"{path}" has no sensor columns left to read.')
    values = np.column_stack([_numbers(path, name, table[name]) for name in wanted])
    if not len(values):
        raise DataError(f'"{path}" names columns and has no rows below them.')
    faulty = None
    if fault_column:
        marks = _numbers(path, fault_column, table[fault_column])
        if not np.isin(marks, (0, 1)).all():
            raise DataError(f'Column "{fault_column}" of "{path}" must hold 1 where a fault is and 0 elsewhere.')
        faulty = marks == 1
    return Series(str(path), wanted, values, faulty)


def window_starts(steps: int, window_steps: int, stride_steps: int, name: str) -> NDArray[np.int64]:
    """Where windows begin so that every time step is covered: the last one ends with the series. int64 (W,).

    Raises:
        DataError: the series is shorter than one window.
    """
    if steps < window_steps:
        raise DataError(
            f'"{name}" has {steps} time steps, fewer than one window of {window_steps}; '
            "give a longer series, or train with a smaller window."
        )
    last = steps - window_steps
    starts = np.arange(0, last + 1, stride_steps)
    return starts if starts[-1] == last else np.append(starts, last)


def cut_windows(values: NDArray[np.float64], starts: NDArray[np.int64], window_steps: int) -> NDArray[np.float64]:
    """Windows (W, L, C) of a series (T, C)."""
    windows: NDArray[np.float64] = values[starts[:, None] + np.arange(window_steps)]
    return windows


def _positions(series: Series, columns: Sequence[str]) -> list[int]:
    missing = [name for name in columns if name not in series.columns]
    if missing:
        raise DataError(
            f'"{series.name}" has no column "{missing[0]}", which the detector was trained on; '
            f"it has {_listed(series.columns)}."
        )
    return [series.columns.index(name) for name in columns]


def _listed(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _read_csv(path: Path) -> dict[str, list[Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f'The series "{path}" cannot be read: {error.strerror}.') from error
    except UnicodeDecodeError as error:
        raise DataError(f'"{path}" is not UTF-8 text; give a CSV table or a .parquet file.') from error
    lines = text.splitlines()
    if not lines:
        raise DataError(f'"{path}" is empty; its first line must name the columns.')
    separator = max(",;\t", key=lines[0].count)
    head, *rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    names = [name.strip() for name in head]
    if len(set(names)) < len(names) or all(_is_number(name) for name in names):
        raise DataError(f'The first line of "{path}" must name the columns, each by a name of its own.')
    for line, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise DataError(f'Row {line} of "{path}" has {len(row)} values for {len(names)} columns.')
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def _read_parquet(path: Path) -> dict[str, Any]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError(f"Parquet needs pyarrow: {install_hint('series')}.") from error
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        raise DataError(f'"{path}" cannot be read as Parquet: {str(error).splitlines()[0]}.') from error
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _numbers(path: Path, name: str, cells: Sequence[Any]) -> NDArray[np.float64]:
    """A column as float64 (T,), all finite."""
    try:
        values = np.asarray(["nan" if cell is None or cell == "" else cell for cell in cells], np.float64)
    except (TypeError, ValueError):
        at, cell = next(
            (row, cell) for row, cell in enumerate(cells) if cell not in (None, "") and not _is_number(cell)
        )
        raise DataError(
            f'Column "{name}" of "{path}" is not numeric (row {at + 2}: {str(cell)!r}); '
            f"leave it out with --ignore {name}."
        ) from None
    missing = np.flatnonzero(~np.isfinite(values))
    if missing.size:
        raise DataError(
            f'Column "{name}" of "{path}" has {missing.size} missing values, the first in row {missing[0] + 2}; '
            "fill the gaps or cut the series there."
        )
    return values


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True
