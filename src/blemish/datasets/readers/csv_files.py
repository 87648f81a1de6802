"""Reading CSV tables as people's spreadsheets write them, with messages that name the table and the row."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from blemish.errors import DataError
from blemish.text import counted

_MAX_CELL = 1 << 27  # one image's run lengths can be megabytes; the csv module stops at 128 KiB by itself


def header_of(table: Path) -> tuple[str, ...]:
    """Column names of a CSV file, stripped; () where it cannot be read as a table."""
    try:
        # Another encoding is for `read_rows` to complain about, with a better sentence.
        with table.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            first = lines.readline(100_000)
    except OSError:
        return ()
    row = next(csv.reader([first], delimiter=_delimiter(first)), [])
    return tuple(cell.strip() for cell in row)


def read_rows(table: Path) -> list[dict[str, str]]:
    """All rows of a CSV file (comma, semicolon or tab) as text by column; empty cells are "".

    Raises:
        DataError: not UTF-8, not a table, or no row.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            csv.field_size_limit(_MAX_CELL)
            reader = csv.DictReader(lines, delimiter=_delimiter(first))
            reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
            rows = [
                {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)} for row in reader
            ]
    except UnicodeDecodeError as error:
        raise DataError(f'The table "{table}" is not in UTF-8; save it as "CSV UTF-8".') from error
    except csv.Error as error:
        raise DataError(f'The table "{table}" cannot be read as CSV: {error}.') from error
    if not rows:
        raise DataError(f'The table "{table}" has no rows; it must name at least one image.')
    return rows


def beside(folder: Path, cell: str) -> Path:
    """The file that a cell names, relative to a folder, whatever its slashes and however its accents are composed."""
    path = folder / cell.replace("\\", "/")
    if path.exists():
        return path
    forms = (folder / unicodedata.normalize(form, cell.replace("\\", "/")) for form in ("NFC", "NFD"))
    return next((form for form in forms if form.exists()), path)


def check_exist(paths: Iterable[Path], table: Path, kind: str = "image") -> None:
    """Refuse a table that names files which do not exist.

    Raises:
        DataError: names the table, how many are missing and the first of them.
    """
    missing = [path for path in dict.fromkeys(paths) if not path.is_file()]
    if missing:
        raise DataError(
            f'The table "{table}" names {counted(len(missing), kind)} that {"does" if len(missing) == 1 else "do"} '
            f'not exist, first "{missing[0]}"; paths count from the table\'s own folder.'
        )


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)
