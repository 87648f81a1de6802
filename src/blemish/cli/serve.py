"""``blemish serve``: inspect and review over HTTP, with a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from blemish.bundled import DEFAULT_DETECTOR
from blemish.cli import speaking
from blemish.cli.completion import detector_names
from blemish.cli.options import ThreadsOption
from blemish.cli.panels import INPUT, OUTPUT, SERVICE, option

_Detectors = Annotated[
    list[str] | None,
    option(
        INPUT,
        f"A .blemish file, or the name of a bundled detector; may be repeated. {DEFAULT_DETECTOR} if not given.",
        "--detector",
        kind="FILE",
        autocompletion=detector_names,
    ),
]
_Images = Annotated[Path | None, option(INPUT, "Folder whose images can be asked for by name.", "--images", kind="DIR")]
_Store = Annotated[
    Path | None, option(OUTPUT, "Folder that keeps images, masks and uploaded detectors.", "--store", kind="DIR")
]
_Database = Annotated[
    str | None,
    option(
        OUTPUT,
        "sqlite:///FILE or postgresql://USER@HOST/NAME; SQLite in the store, if not given.",
        "--database",
        kind="URL",
    ),
]
_KeepDays = Annotated[
    float | None, option(OUTPUT, "Delete findings and images that are older.", "--keep-days", kind="DAYS")
]
_Host = Annotated[str, option(SERVICE, "Address to listen at; other than loopback needs keys.", "--host", kind="HOST")]
_Port = Annotated[int, option(SERVICE, "Port to listen at.", "--port", kind="N", min=0, max=65535)]
_Keys = Annotated[
    bool | None, option(SERVICE, "Whether requests need a key; on loopback not, if not given.", "--keys/--no-keys")
]
_Names = Annotated[
    list[str] | None, option(SERVICE, "Host name that browsers reach it by; may be repeated.", "--name", kind="HOST")
]
_Honeypots = Annotated[
    float, option(SERVICE, "Known images mixed into the queue, for each new one.", "--honeypots", kind="FRACTION")
]


def serve(
    detector: _Detectors = None,
    database: _Database = None,
    store: _Store = None,
    images: _Images = None,
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    keys: _Keys = None,
    name: _Names = None,
    keep_days: _KeepDays = None,
    honeypots: _Honeypots = 0.02,
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
