"""From shards to ``findings.jsonl`` and ``findings.csv``, in order, one finding at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from blemish.errors import DataError
from blemish.findings import Finding, read_run
from blemish.inspection.job.counting import Count
from blemish.inspection.job.index import Index
from blemish.inspection.job.record import JOB_NAME
from blemish.inspection.job.shards import Entry, Stored, read_shards
from blemish.inspection.progress import Progress, silent
from blemish.inspection.writing import writing_findings

# Shards that are open at once: findings of several runs alternate.
_OPEN = 32


def read_progress(folder: Path | str) -> Progress:
    """How far a job is, from its shards; its total is not known to them. May be asked while the job runs.

    Raises:
        BlemishError: a shard cannot be read.
    """
    count = Count(None)
    with Index() as index:
        index.store(read_shards(Path(folder)))
        for stored in index.stored():
            count.add(stored.entry, now=False)
    return count.progress()


def read_job(folder: Path | str) -> Iterator[tuple[Entry, Finding]]:
    """Every image's finding that counts, in order. May be asked while the job runs.

    Raises:
        DataError: a shard was damaged.
    """
    with Index() as index:
        index.store(read_shards(Path(folder)))
        with closing(_Shards()) as shards:
            for stored in index.stored():
                yield stored.entry, shards.read(stored)


def assemble(folder: Path | str, on_finding: Callable[[Entry, Finding], None] = silent) -> None:
    """Write both tables of a job from its shards, at any time and in any process.

    A folder without a job stays as it is, and so does one whose run has come to its end, with its tables.

    Args:
        folder: of the job.
        on_finding: told each line as it is written.

    Raises:
        DataError: a shard was damaged.
        BlemishError: the folder cannot be written to.
    """
    folder = Path(folder)
    run = read_run(folder)
    if not (folder / JOB_NAME).exists() or (run is not None and run.complete):
        return
    with writing_findings(folder) as write:
        for entry, finding in read_job(folder):
            write(finding)
            on_finding(entry, finding)


class _Shards:
    """Findings by where they lie."""

    def __init__(self) -> None:
        self._files: dict[Path, BinaryIO] = {}

    def read(self, stored: Stored) -> Finding:
        """One finding. Raises DataError where it is damaged."""
        file = self._files.get(stored.shard) or self._open(stored.shard)
        file.seek(stored.offset)
        try:
            return Finding.model_validate_json(file.read(stored.length))
        except ValidationError as error:
            raise DataError(
                f'"{stored.shard}" is damaged at byte {stored.offset}; delete the line there and inspect again.'
            ) from error

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _open(self, path: Path) -> BinaryIO:
        if len(self._files) >= _OPEN:
            self.close()
        try:
            file = path.open("rb")
        except FileNotFoundError:  # it was a part when it was listed
            file = path.with_suffix(".jsonl").open("rb")
        self._files[path] = file
        return file
