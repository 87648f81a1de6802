"""What should be inspected, joined with what shards hold: a scratch database, made anew for each use.

SQLite keeps it in a temporary file of its own as soon as it is large, so that memory does not grow with the number of
images. Nothing depends on it: sources and shards are the truth.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from blemish.inspection.job.counting import Count
from blemish.inspection.job.shards import Entry, Stored
from blemish.inspection.names import fit_name
from blemish.inspection.sources.found import Found, Locator, stem_of
from blemish.text import encodable

# A small cache, since two of these are open at the end of a run; the operating system has another one.
_PRAGMAS = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -400;
"""
_SCHEMA = """
CREATE TABLE stored (
    key TEXT PRIMARY KEY, stamp TEXT, grp INTEGER, sort TEXT, name TEXT, failed INTEGER, left_out INTEGER, verdict TEXT,
    runs TEXT, shard TEXT, start INTEGER, length INTEGER
) WITHOUT ROWID;
CREATE TABLE wanted (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE, stamp TEXT, grp INTEGER, sort TEXT, image TEXT, short TEXT, stem TEXT,
    name TEXT,
    left_out INTEGER, kind TEXT, loc BLOB, part TEXT, file BLOB UNIQUE,
    mine INTEGER
);
CREATE INDEX by_stem ON wanted (stem);
CREATE TABLE names (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# A later line counts, unless it says of the same state of an image that it failed after it did not.
_STORE = """
INSERT INTO stored VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET stamp = excluded.stamp, grp = excluded.grp, sort = excluded.sort, name = excluded.name,
    failed = excluded.failed, left_out = excluded.left_out, verdict = excluded.verdict, runs = excluded.runs,
    shard = excluded.shard, start = excluded.start, length = excluded.length
WHERE stored.failed OR (excluded.stamp <> stored.stamp)
"""
_WANT = "INSERT OR IGNORE INTO wanted VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?)"
_TO_DO = """
FROM wanted LEFT JOIN stored USING (key)
WHERE mine AND (stored.key IS NULL OR stored.stamp <> wanted.stamp OR (stored.failed AND :again))
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that is still to be inspected."""

    key: str
    stamp: str
    place: tuple[int, str]
    image: str
    name: str
    left_out: bool
    locator: Locator


class Index:
    """The database. It vanishes when it is closed, or its process ends."""

    def __init__(self) -> None:
        self._data = sqlite3.connect("", isolation_level=None)
        self._data.executescript(_PRAGMAS)
        self._data.executescript(_SCHEMA)
        self._data.create_function("casefold", 1, str.casefold, deterministic=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Throw it away."""
        self._data.close()

    def store(self, lines: Iterable[Stored]) -> None:
        """Add what shards hold, in the order in which it was written."""
        with self._transaction():
            self._data.executemany(_STORE, map(_stored_row, lines))

    def want(self, images: Iterable[tuple[Found, bool]]) -> None:
        """Add images; one that is there already, by this or another way to it, is passed over.

        Args:
            images: each with whether it is to be inspected; the others only have their say in what these are called.
        """
        with self._transaction():
            self._data.executemany(_WANT, (_wanted_row(image, mine) for image, mine in images))

    def name_all(self) -> None:
        """Give each image a name that no other has; one that was inspected before keeps its own."""
        with self._transaction():
            self._data.execute("INSERT OR IGNORE INTO names SELECT casefold(name) FROM stored")
            self._data.execute("UPDATE wanted SET name = (SELECT name FROM stored WHERE stored.key = wanted.key)")
            unnamed = "SELECT id, image, short, (SELECT count(*) FROM wanted AS other WHERE other.stem = wanted.stem)"
            rows = self._data.execute(f"{unnamed} FROM wanted WHERE name IS NULL ORDER BY grp, sort").fetchmany
            while some := rows(1000):
                for number, image, short, alike in some:
                    name = self._take(fit_name(short if alike == 1 else "__".join(Path(image).parts)))
                    self._data.execute("UPDATE wanted SET name = ? WHERE id = ?", (name, number))

    def to_do(self, *, again: bool = True) -> Generator[Wanted, None, None]:
        """Images without a finding, in order; ``again`` tells whether those that failed are among them."""
        columns = "wanted.key, wanted.stamp, wanted.grp, wanted.sort, image, wanted.name, wanted.left_out, kind, loc"
        query = f"SELECT {columns}, part {_TO_DO} ORDER BY wanted.grp, wanted.sort"
        with closing(self._data.execute(query, {"again": again})) as rows:
            for key, stamp, group, sort, image, name, left_out, kind, where, part in rows:
                locator = Locator(kind, os.fsdecode(where), part)
                yield Wanted(key, stamp, (group, sort), image, name, bool(left_out), locator)

    def __len__(self) -> int:
        """How many images are to be inspected, those included that were."""
        (images,) = self._data.execute("SELECT count(*) FROM wanted WHERE mine").fetchone()
        return int(images)

    def count(self, *, again: bool = True) -> Count:
        """What is done; the total is that and what is to be done."""
        (to_do,) = self._data.execute(f"SELECT count(*) {_TO_DO}", {"again": again}).fetchone()
        count = Count(None)
        # What is to be done once more is not done.
        done = f"FROM stored WHERE key NOT IN (SELECT wanted.key {_TO_DO}) GROUP BY failed, left_out, verdict"
        query = f"SELECT failed, left_out, verdict, count(*) {done}"
        for failed, left_out, verdict, images in self._data.execute(query, {"again": again}):
            count.add_alike(images, failed=bool(failed), left_out=bool(left_out), verdict=verdict)
        count.total = count.progress().done + to_do
        return count

    def stored(self) -> Iterator[Stored]:
        """What the shards say of each image, in order."""
        with closing(self._data.execute("SELECT * FROM stored ORDER BY grp, sort")) as rows:
            for key, stamp, group, sort, name, failed, left_out, verdict, runs, shard, start, length in rows:
                told = None if runs is None else tuple(json.loads(runs))
                entry = Entry(key, stamp, (group, sort), name, bool(failed), bool(left_out), verdict, told)
                yield Stored(entry, _shard_at(shard), start, length)

    def _take(self, name: str) -> str:
        free, number = name, 2
        while not self._data.execute("INSERT OR IGNORE INTO names VALUES (?)", (free.casefold(),)).rowcount:
            free, number = f"{name}~{number}", number + 1
        return free

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._data.execute("BEGIN")
        yield
        self._data.execute("COMMIT")


def _stored_row(line: Stored) -> tuple[object, ...]:
    entry = line.entry
    runs = None if entry.runs is None else json.dumps(entry.runs)
    said = (entry.key, entry.stamp, *entry.place, entry.name, entry.failed, entry.left_out, entry.verdict, runs)
    return (*said, _place_of(line.shard), line.offset, line.length)


# Each shard stands in a thousand lines.
@lru_cache(64)
def _place_of(shard: Path) -> bytes:
    return os.fsencode(shard)


@lru_cache(64)
def _shard_at(place: bytes) -> Path:
    return Path(os.fsdecode(place))


def _wanted_row(image: Found, mine: bool) -> tuple[object, ...]:
    called = encodable(image.image)
    short, locator = stem_of(called) if image.short is None else encodable(image.short), image.locator
    place = (os.fsencode(locator.where), encodable(locator.part), os.fsencode(image.file or image.key))
    said = (
        encodable(image.key),
        image.stamp,
        image.place[0],
        encodable(image.place[1]),
        called,
        short,
        short.casefold(),
    )
    return (*said, image.left_out is not None, locator.kind, *place, mine)
