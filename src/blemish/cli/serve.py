"""``blemish serve``: inspect and review over HTTP, with a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.bundled import DEFAULT_DETECTOR
from blemish.cli import speaking
from blemish.cli.options import ThreadsOption


def serve(
    detector: Annotated[
        list[str] | None,
        typer.Option(
            "--detector",
            help=f"A .blemish file or the name of a bundled one; may be repeated. Otherwise {DEFAULT_DETECTOR}.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="sqlite:///FILE or postgresql://USER@HOST/NAME; SQLite in the store, if not given.", metavar="URL"
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps images, masks and uploaded detectors.", metavar="DIR", show_default=False),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder whose images can be asked for by name.", metavar="DIR")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; other than loopback needs keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at.")] = 8000,
    keys: Annotated[
        bool | None,
        typer.Option("--keys/--no-keys", help="Whether requests need a key; on loopback not, if not given."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="Host name that browsers reach it by; may be repeated.", show_default=False)
    ] = None,
    keep_days: Annotated[
        float | None, typer.Option(help="Delete findings and images that are older.", metavar="DAYS")
    ] = None,
    honeypots: Annotated[
        float, typer.Option(help="Known images mixed into the queue, for each new one.", metavar="FRACTION")
    ] = 0.02,
    threads: ThreadsOption = None,
) -> None:
    """Serve detectors over HTTP, with a page to inspect and review images on."""
    from blemish.locations import store_dir
    from blemish.serving.running import serve as run
    from blemish.serving.settings import ServeSettings

    settings = ServeSettings(
        detectors=tuple(detector or [DEFAULT_DETECTOR]),
        store=store or store_dir(),
        database=database,
        images=images,
        host=host,
        port=port,
        keys=keys,
        names=tuple(name or []),
        keep_days=keep_days,
        honeypots=honeypots,
        threads=threads,
    )
    run(settings, say=speaking.note)
