"""``blemish watch``: a hot folder, whose files are inspected as they come."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from blemish.bundled import DEFAULT_DETECTOR
from blemish.cli import speaking
from blemish.cli.options import DetectorOption, JsonOption, ThreadsOption
from blemish.cli.panels import INPUT, OUTPUT, argument, option
from blemish.cli.scale_options import MmPerPxOption


def watch(
    folder: Annotated[Path, argument("Where files come.", "DIR")],
    out: Annotated[Path, option(OUTPUT, "Folder for findings and pictures.", "--out", kind="DIR")],
    detector: DetectorOption = DEFAULT_DETECTOR,
    as_json: JsonOption = False,
    threads: ThreadsOption = None,
    mm_per_px: MmPerPxOption = None,
    webhook: Annotated[
        str | None,
        option(
            OUTPUT,
            "Tell each finding to this address, signed with BLEMISH_WEBHOOK_SECRET.",
            "--webhook",
            kind="URL",
        ),
    ] = None,
    every: Annotated[str, option(INPUT, "Time between two looks: 2s, or 2.", "--every", kind="S")] = "1s",
) -> None:
    """Inspect files as they come into a folder, until Ctrl-C."""
    import threading

    from blemish.detectors import Measuring
    from blemish.findings import Finding, to_line
    from blemish.inspection import Job, JobOptions
    from blemish.inspection.ready import ready
    from blemish.inspection.watching import interval_s
    from blemish.inspection.watching import watch as run
    from blemish.inspection.webhook import Webhook

    def tell(finding: Finding) -> None:
        if as_json:
            typer.echo(to_line(finding))

    every_s = interval_s(every)
    hook = None if webhook is None else Webhook(webhook, os.environ.get("BLEMISH_WEBHOOK_SECRET", ""), out)
    loaded = ready(detector, 1, threads=threads)
    with Job(out, loaded, JobOptions(measuring=Measuring.of(mm_per_px))) as job:
        try:
            run(job, folder, stop=threading.Event(), every_s=every_s, webhook=hook, say=speaking.note, on_finding=tell)
        except KeyboardInterrupt:
            job.finish(say=speaking.note)
            raise
