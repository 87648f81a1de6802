"""What a training says: to a person, and with the time into the log of its folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from blemish.errors import BlemishError


class TrainingLog:
    """Sentences for a person and for a file.

    The file is begun by `open`, when the fit begins: data that cannot be trained on leave no folder behind.

    Args:
        folder: of the training; the file in it is ``training.log``.
        say: called with sentences for a person.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self.folder = folder
        self._file, self._say = folder / "training.log", say
        self._waiting: list[str] | None = []

    def say(self, sentence: str) -> None:
        """Tell a person, and log it."""
        self._say(sentence)
        self.note(sentence)

    def note(self, sentence: str) -> None:
        """Log it without telling a person."""
        line = f"{datetime.now().isoformat(sep=' ', timespec='seconds')} {sentence}\n"
        if self._waiting is not None:
            self._waiting.append(line)
            return
        with self._file.open("a", encoding="utf-8") as log:
            log.write(line)

    def open(self, *, resumed: bool) -> None:
        """Write what was said so far; a log of an earlier training is replaced unless this one resumes it.

        Raises:
            BlemishError: the folder cannot be written to.
        """
        if self._waiting is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._file.open("a" if resumed else "w", encoding="utf-8") as log:
                log.writelines(self._waiting)
        except OSError as error:
            raise BlemishError(f'Cannot write "{self._file}": {error.strerror}.') from error
        self._waiting = None
