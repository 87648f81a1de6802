"""``shards/NNNNN.jsonl``: what is known of each image, a line each, and the only truth about how far a job is.

A shard grows as ``NNNNN.part``, a whole line per write, and is renamed when it is full or its run ends. A run that is
killed leaves a part whose last line may be cut off: the next run drops that line and renames the part.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from blemish.files import cannot_write
from blemish.findings import VERDICTS, Finding, Verdict, to_line
from blemish.inspection.job.lock import SHARDS_NAME, try_lock

_WHOLE, _PART = ".jsonl", ".part"
_MAX_LINES = 1000
_FINDING = b',"finding":'
_END = b"}\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands before the finding in a line.

    Attributes:
        key: which image it is: its place below its source.
        stamp: which state of that image: size and time of change, or a hash of its content.
        place: where it stands among all: a group, and within it what is sorted by.
        name: what its files are called.
        failed: whether it could not be inspected.
        left_out: whether it is a file that is not read, as its listing has said.
        verdict: the finding's.
        runs: run lengths of each class, where a submission is made.
    """

    key: str
    stamp: str
    place: tuple[int, str]
    name: str
    failed: bool = False
    left_out: bool = False
    verdict: Verdict | None = None
    runs: tuple[str, ...] | None = None

    def line(self, finding: Finding) -> bytes:
        """The line of a shard."""
        head = {name: value for name in self.__slots__ if (value := getattr(self, name)) not in (None, False)}
        data = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1].encode("utf-8")
        return data + _FINDING + to_line(finding).encode("utf-8") + _END


@dataclass(frozen=True, slots=True)
class Stored:
    """A line of a shard, and where its finding lies."""

    entry: Entry
    shard: Path
    offset: int
    length: int


def read_shards(folder: Path) -> Iterator[Stored]:
    """All whole lines of a job folder, shard by shard; what is cut off or damaged is passed over, so it is done anew.

    Raises:
        BlemishError: a shard cannot be read.
    """
    for path in sorted(_all(folder), key=lambda path: (_number(path), path.suffix)):
        try:
            lines = path.open("rb")
        except FileNotFoundError:  # a part that became a shard meanwhile
            lines = path.with_suffix(_WHOLE).open("rb")
        except OSError as error:
            raise cannot_write(path, error) from error
        with lines:
            offset = 0
            for line in lines:
                if (entry := _entry(line)) is not None:
                    start = line.index(_FINDING) + len(_FINDING)
                    yield Stored(entry, path, offset + start, len(line) - start - len(_END))
                offset += len(line)


def has_shards(folder: Path) -> bool:
    """Whether a job has begun in that folder."""
    return any(_all(folder))


def seal_parts(folder: Path) -> None:
    """Turn what killed runs left into shards; parts whose writer is alive stay as they are.

    Raises:
        BlemishError: the folder cannot be written to.
    """
    for path in _all(folder):
        if path.suffix == _PART:
            try:
                _seal(path)
            except OSError as error:
                raise cannot_write(path, error) from error


class ShardWriter:
    """Appends lines to a shard of its own, and begins the next one when that is full.

    Args:
        folder: of the job.

    Raises:
        BlemishError: the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / SHARDS_NAME
        self._part: Path | None = None
        self._descriptor = -1
        self._lines = self._bytes = 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self._folder, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def add(self, entry: Entry, finding: Finding) -> None:
        """Append a line, whole or not at all.

        Raises:
            OSError: it cannot be written; then the shard is as it was.
        """
        if self._part is None:
            self._begin()
        line = entry.line(finding)
        try:
            _write_all(self._descriptor, line)
        except OSError:
            os.ftruncate(self._descriptor, self._bytes)
            raise
        self._lines, self._bytes = self._lines + 1, self._bytes + len(line)
        if self._lines >= _MAX_LINES:
            self.close()

    def close(self) -> None:
        """Rename the part to a shard; the next line begins another."""
        if self._part is None:
            return
        part, self._part = self._part, None
        try:
            if self._lines:
                os.fsync(self._descriptor)
                _rename(part)
            else:
                part.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)

    def _begin(self) -> None:
        number = max((_number(path) for path in _all(self._folder.parent)), default=0)
        while self._part is None:
            number += 1
            path = self._folder / f"{number:05d}{_PART}"
            try:
                # Another writer of the same job may be at it: whoever creates the file has it.
                self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
            except FileExistsError:
                continue
            if path.with_suffix(_WHOLE).exists():
                os.close(self._descriptor)
                path.unlink()
            else:
                self._part = path
        try_lock(self._descriptor)
        self._lines = self._bytes = 0


def _all(folder: Path) -> list[Path]:
    shards = folder / SHARDS_NAME
    if not shards.is_dir():
        return []
    return [path for path in shards.iterdir() if path.suffix in {_WHOLE, _PART} and path.stem.isdecimal()]


def _number(path: Path) -> int:
    return int(path.stem)


def _entry(line: bytes) -> Entry | None:
    """What a line says; None where it is not whole."""
    head, found, _ = line.partition(_FINDING)
    if not found or not line.endswith(_END):
        return None
    try:
        said = json.loads(head + b"}")
        group, order = said["place"]
        runs, verdict = said.get("runs"), said.get("verdict")
        return Entry(
            key=str(said["key"]),
            stamp=str(said["stamp"]),
            place=(int(group), str(order)),
            name=str(said["name"]),
            failed=said.get("failed") is True,
            left_out=said.get("left_out") is True,
            verdict=verdict if verdict in VERDICTS else None,
            runs=None if runs is None else tuple(map(str, runs)),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _seal(part: Path) -> None:
    """Rename a part whose writer is gone, without what was cut off at its end."""
    descriptor = os.open(part, os.O_RDWR)
    try:
        if not try_lock(descriptor):
            return
        whole = 0
        with part.open("rb") as lines:
            for line in lines:
                if _entry(line) is None:
                    break
                whole += len(line)
        if not whole:
            part.unlink()
            return
        os.ftruncate(descriptor, whole)
        os.fsync(descriptor)
        _rename(part)
    finally:
        os.close(descriptor)


def _rename(part: Path) -> None:
    part.rename(part.with_suffix(_WHOLE))
    if os.name != "nt":
        # Without this a power cut can take the new name back.
        descriptor = os.open(part.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
