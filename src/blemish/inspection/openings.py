"""How often labelled images have been evaluated on by this installation.

A test set that is looked at again and again is tuned on without anybody meaning to. Each evaluation adds one line to a
file in the cache folder, named after the contents of the images, so that neither moving nor renaming them starts anew.
Deleting the cache does; the date of the first line says since when was counted.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from blemish.datasets import Dataset, image_digests
from blemish.locations import cache_dir


@dataclass(frozen=True, slots=True)
class Openings:
    """Evaluations on one set of images.

    Attributes:
        count: how many.
        since: the day of the first, such as 2026-11-28; None where there was none.
    """

    count: int
    since: str | None

    def __str__(self) -> str:
        times = {0: "never", 1: "once", 2: "twice"}.get(self.count, f"{self.count} times")
        return times if self.since is None else f"{times} since {self.since}"


def count_opening(dataset: Dataset) -> None:
    """Remember that these images are evaluated on now; where nothing can be remembered, nothing is.

    Raises:
        DataError: an image cannot be read.
    """
    target = _file(dataset)
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode("ascii")
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        # One short write at the end of the file is whole or not there, whoever else writes at the same time.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def openings(dataset: Dataset) -> Openings:
    """How often exactly these images have been evaluated on.

    Raises:
        DataError: an image cannot be read.
    """
    try:
        lines = _file(dataset).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return Openings(0, None)
    return Openings(len(lines), lines[0].partition("T")[0] if lines else None)


def _file(dataset: Dataset) -> Path:
    contents = hashlib.sha256("\n".join(sorted(image_digests(dataset))).encode("ascii")).hexdigest()
    return cache_dir() / "evaluated" / f"{contents[:32]}.txt"
