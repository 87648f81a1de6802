"""One training at a time in a folder; the operating system drops the lock when its process ends, however it ends."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blemish.errors import DataError
from blemish.files import cannot_write
from blemish.inspection.job.lock import try_lock

LOCK_NAME = ".lock"
# The first byte is what is locked, which on Windows nobody else can read; whose lock it is follows.
_HOLDER_AT = 1
_HOLDER_BYTES = 300


@contextmanager
def only_training(folder: Path) -> Iterator[None]:
    """Hold the folder's lock while the block runs. The file stays: only its lock says that a training goes on.

    The processes of further devices belong to the one that holds it, and ask for none.

    Raises:
        DataError: another training holds it.
        BlemishError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        if not try_lock(descriptor):
            raise DataError(
                f'Another training{_holder(descriptor)} is writing into "{folder}"; wait until it has ended, or write '
                "the detector under another name."
            )
        os.truncate(descriptor, 0)
        os.write(descriptor, f" process {os.getpid()} on {platform.node()}".encode())
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Its process in brackets; empty in the instant before it has written that."""
    os.lseek(descriptor, _HOLDER_AT, os.SEEK_SET)
    holder = os.read(descriptor, _HOLDER_BYTES).decode("utf-8", "replace")
    return f" ({holder})" if holder else ""
