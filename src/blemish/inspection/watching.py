"""A hot folder: files are inspected as they come, and each finding is told to a web address."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from blemish.errors import DataError, ImageError, SettingsError
from blemish.findings import Finding
from blemish.inspection.job.assembling import read_job
from blemish.inspection.job.images import Images
from blemish.inspection.job.job import Job
from blemish.inspection.progress import JobEvent, Say, silent
from blemish.inspection.sources import Sourcing
from blemish.inspection.webhook import Webhook
from blemish.text import duration_s

MIN_INTERVAL_S = 0.1


def interval_s(text: str) -> float:
    """``2s``, or ``2``, as the time between two looks; raises SettingsError for anything else and below 0.1 s."""
    try:
        seconds = duration_s(text)
    except ValueError:
        seconds = 0.0
    if seconds < MIN_INTERVAL_S:
        raise SettingsError(
            f'A folder is looked at every 2s or every 0.5s, {MIN_INTERVAL_S}s at least, not every "{text}".'
        )
    return seconds


def watch(
    job: Job,
    folder: Path | str,
    *,
    stop: threading.Event,
    every_s: float = 1.0,
    webhook: Webhook | None = None,
    say: Say = silent,
    on_finding: Callable[[Finding], None] = silent,
) -> None:
    """Inspect what lies in a folder and what comes into it, until told to stop. The files stay where they are.

    A file counts when its size and time of change have stayed the same from one look to the next, so that none is read
    while it is being copied. What was inspected while its finding could not be told is told by the next run.

    Args:
        job: entered, for the folder that findings go into.
        folder: searched to any depth at each look.
        stop: ends it after the images in hand.
        every_s: time between two looks.
        webhook: told each finding; None tells none.
        say: told what cannot be inspected or told.
        on_finding: told each finding.

    Raises:
        DataError: there is no such folder.
    """
    if not Path(folder).is_dir():
        raise DataError(f'There is no folder "{folder}" to watch; make it, or check the path.')
    seen: dict[str, str] = {}
    if webhook is not None:
        for entry, finding in read_job(job.folder):
            webhook.send(entry.key, entry.stamp, finding, say)
    while not stop.is_set():
        found: dict[str, str] = {}

        def rests(where: str, stamp: str, found: dict[str, str] = found, seen: dict[str, str] = seen) -> bool:
            found[where] = stamp
            return seen.get(where) == stamp

        try:
            with Images(folder, sourcing=Sourcing(accept=rests)) as images:
                for event in job.run(images):
                    _tell(event, webhook, say, on_finding)
                    if stop.is_set():
                        break
        except ImageError:  # the folder is empty, or its last file has just gone
            pass
        seen = found
        stop.wait(every_s)


def _tell(event: JobEvent, webhook: Webhook | None, say: Say, on_finding: Callable[[Finding], None]) -> None:
    finding = event.finding
    if finding.error is not None and not event.left_out:
        say(f"Skipped: {finding.error}")
    on_finding(finding)
    if webhook is not None:
        webhook.send(event.key, event.stamp, finding, say)
