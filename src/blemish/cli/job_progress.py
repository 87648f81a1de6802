"""The bar of an inspection: how far, how fast, how long still, and what came of the images so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from blemish.cli import speaking

if TYPE_CHECKING:
    from blemish.inspection import Progress


@contextmanager
def job_progress() -> Iterator[Callable[[Progress], None]]:
    """Show a bar on stderr while the block runs; nothing where `speaking.shows_progress` says no.

    Yields:
        A function to call after each image with the job's progress.
    """
    if not speaking.shows_progress():
        yield lambda now: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("Inspecting"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, told="")
        yield lambda now: bar.update(task, completed=now.done, total=now.total, told=told(now))


def told(now: Progress) -> str:
    """Time left, rate, verdicts and failures in few words."""
    left = "" if now.left_s is None else f"{_duration(now.left_s)} left · "
    rate = "" if now.images_per_s is None else f"{now.images_per_s:.3g}/s · "
    counts = [f"{count} {name}" for name, count in sorted(now.verdicts.items())]
    counts += [f"{now.failed} failed"] if now.failed else []
    return left + rate + ", ".join(counts)


def _duration(seconds: float) -> str:
    """As ``h:mm:ss``."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
