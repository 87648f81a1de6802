"""``blemish demo``: the whole way on drawn images, without data, weights or network."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.panels import OUTPUT, TRAINING, option


def demo(
    out: Annotated[Path, option(OUTPUT, "Folder for everything that is made.", "--out", kind="DIR")] = Path("demo"),
    train: Annotated[
        bool,
        option(TRAINING, "Train a detector first, for about a minute, instead of the bundled one.", "--train"),
    ] = False,
    quick: Annotated[
        bool, option(TRAINING, "With --train: seconds instead of a minute; the detector learns little.", "--quick")
    ] = False,
    open_page: Annotated[
        bool, option(OUTPUT, "Open the page in a browser, where this machine has one.", "--open")
    ] = False,
) -> None:
    """Draw images with and without cracks and show what a detector finds in them."""
    from blemish.demo import A_FEW_SECONDS, ABOUT_A_MINUTE, WITHOUT_TRAINING, run_demo

    trained = A_FEW_SECONDS if quick else ABOUT_A_MINUTE
    plan = trained if train else WITHOUT_TRAINING
    made = run_demo(out, plan=plan, say=typer.echo)
    address = made.page.resolve().as_uri()
    if open_page and _opened(address):
        typer.echo(f"\nOpened {address}")
    else:
        typer.echo(f"\nOpen {address} in a browser.")
    named = f" --detector {made.detector}" if train else ""
    typer.echo(f"To try it: {_program()} inspect {made.images}{named} --out findings")


def _program() -> str:
    """What starts this program here: its own path where its environment is not activated."""
    own = Path(sys.argv[0])
    return str(own) if own.stem == "blemish" and shutil.which("blemish") is None else "blemish"


def _opened(address: str) -> bool:
    """Whether a browser with a window took the page: on a machine without a screen none is tried."""
    import webbrowser

    has_screen = sys.platform in {"darwin", "win32"} or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
    try:
        return has_screen and webbrowser.open(address)
    except webbrowser.Error:
        return False
