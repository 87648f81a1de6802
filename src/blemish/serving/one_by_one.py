"""Work that is done piece by piece in one thread and gone on with after a restart: jobs, and trainings."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from blemish.errors import BlemishError
from blemish.serving.refusals import passes_by_itself
from blemish.text import printable

_LOG = logging.getLogger("blemish.serving")
_WAIT_S = 5.0

_Record = TypeVar("_Record", bound=BaseModel)


class OneByOne(ABC):
    """Pieces of work with ids, each done when its turn comes.

    Args:
        kind: what a piece is called in the log.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._worker = threading.Thread(target=self._work, name=f"{kind}s", daemon=True)

    @abstractmethod
    def _run(self, piece: str) -> None:
        """Do one piece of work; return early where `_closing` or a cancellation says so."""

    @abstractmethod
    def _fail(self, piece: str, error: str) -> None:
        """Note why a piece of work cannot be done."""

    def close(self) -> None:
        """Stop; the next server goes on with what is unfinished."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._worker.is_alive():
            self._worker.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._waiting)
                if self._closing:
                    return
                piece = self._waiting.popleft()
            try:
                self._run(piece)
            except Exception as error:
                if passes_by_itself(error):
                    self._wait(piece, error)
                elif isinstance(error, BlemishError):
                    self._fail(piece, str(error))
                else:
                    _LOG.exception("%s %s failed", self._kind, piece)
                    self._fail(piece, f"blemish failed where it should not ({type(error).__name__}).")

    def _wait(self, piece: str, error: Exception) -> None:
        """Put it off: what is done is on disk, and the database comes back, or the disk has room again."""
        _LOG.warning("%s %s waits: %s", self._kind, piece, printable(str(error.__cause__ or error)))
        with self._changed:
            self._waiting.append(piece)
            self._changed.wait_for(lambda: self._closing, timeout=_WAIT_S)


def read_records(root: Path, name: str, record: type[_Record], kind: str) -> Iterator[_Record]:
    """What an earlier server kept: a file ``name`` in a folder for each piece of work; unreadable ones are logged."""
    for path in sorted(root.glob(f"*/{name}")):
        try:
            yield record.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            _LOG.warning("%s %s cannot be read: %s", kind, path.parent.name, error)
