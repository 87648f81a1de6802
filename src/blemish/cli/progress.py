"""A progress bar with the time left, on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from blemish.cli import speaking


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while the block runs; nothing where `speaking.shows_progress` says no.

    Args:
        title: what is being done.

    Yields:
        A function to call after each step with how many are done and how many there are.
    """
    if not speaking.shows_progress():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def ticking(title: str, total: int) -> Iterator[Callable[[], None]]:
    """`progress` for work that tells only that one more of ``total`` steps is done."""
    steps = count(1)
    with progress(title) as on_progress:
        yield lambda: on_progress(next(steps), total)
