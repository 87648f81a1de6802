"""One run at a time in a folder: a lock that the operating system drops when its process ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blemish.errors import DataError
from blemish.files import cannot_write

SHARDS_NAME = "shards"
_LOCK_NAME = ".lock"


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process; False where another one holds the lock."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock while the block runs. The file stays: only its lock says that a run goes on.

    Raises:
        DataError: another run holds it.
        BlemishError: the folder cannot be written to.
    """
    try:
        (folder / SHARDS_NAME).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / SHARDS_NAME / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        if not try_lock(descriptor):
            raise DataError(
                f'Another run is writing into "{folder}"; wait until it has ended, or choose another folder.'
            )
        yield
    finally:
        os.close(descriptor)
