"""``findings.jsonl`` and ``findings.csv``: one line per image, in the order of inspection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from blemish.files import replacing
from blemish.findings import FINDINGS_NAME, TABLE_NAME, Finding, to_line
from blemish.reports.csv_tables import image_table


@contextmanager
def writing_findings(folder: Path) -> Iterator[Callable[[Finding], None]]:
    """Write both tables into ``folder``, line by line; they get their names only when the block ends well.

    Yields:
        A function that appends one finding to both.

    Raises:
        BlemishError: the folder cannot be created or written to.
    """
    with ExitStack() as stack:
        lines_path = stack.enter_context(replacing(folder / FINDINGS_NAME))
        table_path = stack.enter_context(replacing(folder / TABLE_NAME))
        lines = stack.enter_context(lines_path.open("w", encoding="utf-8", newline="\n"))
        table = image_table(stack.enter_context(table_path.open("w", encoding="utf-8-sig", newline="")))

        def add(finding: Finding) -> None:
            lines.write(to_line(finding) + "\n")
            table(finding)

        yield add
