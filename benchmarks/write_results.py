"""Write every table that shows measured figures anew, from the files in `benchmarks/results/` alone.

    python benchmarks/write_results.py            fills the pages, and draws the picture of docs/results.md
    python benchmarks/write_results.py --check    says what is out of date; exit code 1

A page names a table by ``<!-- results: FILE/TABLE -->`` … ``<!-- end -->``, and what stands between is replaced. A
view, ``<!-- results: VIEW -->``, is a file of `benchmarks/results/views/`: Markdown (Jinja) that takes single figures
by ``cell(FILE, TABLE, ROW, COLUMN)`` and tables by ``table(FILE, TABLE, columns=…, rows=…)``.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from blemish.files import write_text

from result_files import RESULTS, Result, Spread, read_result
from result_page import best_table, picture, published_table
from result_tables import cell_text, markdown, published_text
from result_tables import number as as_number

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "published-and-ours.svg"
_BLOCK = re.compile(r"(<!-- results: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MARKER = re.compile(r"<!-- results: ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a page is out of date")
    check = parser.parse_args().check
    stale = [path for path, text in wanted().items() if not path.is_file() or path.read_text("utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'out of date' if check else 'written'}")
        if not check:
            write_text(path, wanted()[path])
    if check and stale:
        raise SystemExit("Write them by `make results`.")


def pages() -> list[Path]:
    """Every page that may hold blocks."""
    return [
        *sorted(ROOT.glob("*.md")),
        *(path for path in sorted(ROOT.glob("docs/**/*.md")) if "drawn" not in path.parts),
        ROOT / "benchmarks" / "README.md",
    ]


def wanted() -> dict[Path, str]:
    """The text that each file should have."""
    return {PICTURE: picture(), **{path: filled(path.read_text("utf-8"), path) for path in pages()}}


def filled(text: str, path: Path) -> str:
    """A page with its blocks written anew.

    Raises:
        SystemExit: a block has no end, or names nothing that is there.
    """
    if len(_MARKER.findall(text)) != len(_BLOCK.findall(text)):
        raise SystemExit(f'{path}: a block "<!-- results: … -->" has no "<!-- end -->", or no line of its own.')

    def block(found: re.Match[str]) -> str:
        try:
            return f"{found[1]}\n{block_text(found[2])}\n\n{found[3]}"
        except (FileNotFoundError, KeyError) as error:
            raise SystemExit(f'{path}: "{found[2]}": {error}') from error

    return _BLOCK.sub(block, text)


def block_text(name: str) -> str:
    """What stands in the block of that name: a table of a file, or a view."""
    if "/" in name:
        return table(*name.split("/", 1))
    if not (RESULTS / "views" / f"{name}.md").is_file():
        raise FileNotFoundError(f"there is no view {name}.md, and a table is named FILE/TABLE")
    return rendered(f"{name}.md")


def rendered(view: str) -> str:
    """A view with its figures."""
    environment = Environment(
        loader=FileSystemLoader(RESULTS / "views"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    offered = (cell, minutes, number, opened, published, result, seed_value, table, published_table, best_table)
    environment.globals.update({one.__name__: one for one in offered})
    return environment.get_template(view).render().strip()


@cache
def result(file: str) -> Result:
    """The measurement of that name."""
    return read_result(file)


def cell(file: str, name: str, row: str | Sequence[str], column: str, digits: int | None = None) -> str:
    """Our figure, as a table shows it; with fewer digits where they are given."""
    found = result(file).tables[name]
    return cell_text(found.row(*_names(row)).cells[column], found.column(column), digits)


def minutes(file: str, name: str, row: str | Sequence[str], column: str) -> str:
    """The mean of our figure, in whole minutes; the column is in seconds."""
    return f"{_mean(file, name, row, column) / 60:.0f}"


def number(file: str, name: str, row: str | Sequence[str], column: str, digits: int) -> str:
    """The mean of our figure, without deviation and unit."""
    return as_number(_mean(file, name, row, column), result(file).tables[name].column(column), digits)


def seed_value(
    file: str, name: str, row: str | Sequence[str], column: str, seed: int, digits: int | None = None
) -> str:
    """Our figure of one seed."""
    found = result(file).tables[name]
    line = found.row(*_names(row))
    value = line.cells[column].values[line.seeds.index(seed)]
    return cell_text(value, found.column(column), line.cells[column].digits if digits is None else digits)


def _mean(file: str, name: str, row: str | Sequence[str], column: str) -> float:
    found = result(file).tables[name].row(*_names(row)).cells[column]
    value = found.centre() if isinstance(found, Spread) else found
    if not isinstance(value, float):
        raise TypeError(f"{file}, {name}, {row}, {column}: {found} is no figure")
    return value


def published(file: str, name: str, row: str | Sequence[str], column: str) -> str:
    """The source's figure."""
    found = result(file).tables[name]
    return published_text(found.row(*_names(row)).cells[column], found.column(column))


def opened(file: str, name: str, row: str | Sequence[str]) -> str:
    """How often the test images of a row were opened."""
    return str(result(file).tables[name].row(*_names(row)).opened)


def table(
    file: str, name: str, columns: Sequence[str] | None = None, rows: Sequence[str | Sequence[str]] | None = None
) -> str:
    """A table of a file, or only these columns and rows of it."""
    found = result(file).tables[name]
    return markdown(found, columns, None if rows is None else [found.row(*_names(row)) for row in rows])


def _names(row: str | Sequence[str]) -> Sequence[str]:
    return (row,) if isinstance(row, str) else row


if __name__ == "__main__":
    main()
