"""The command line's root: which verbs there are.

Nothing heavy is imported here or by the verbs' modules: ``blemish --help`` must cost next to nothing.
"""

from __future__ import annotations

from typing import Annotated

import typer

import blemish
from blemish.cli import data, detector, job, photos, series, speaking
from blemish.cli.benchmark import benchmark
from blemish.cli.calibrate import calibrate
from blemish.cli.demo import demo
from blemish.cli.doctor import doctor
from blemish.cli.evaluate import evaluate
from blemish.cli.export import export
from blemish.cli.gate import gate
from blemish.cli.inspect import inspect
from blemish.cli.measure import measure
from blemish.cli.methods import methods
from blemish.cli.panels import MESSAGES, option
from blemish.cli.report import report
from blemish.cli.reproduce import reproduce
from blemish.cli.serve import serve
from blemish.cli.train import train
from blemish.cli.verbs import App
from blemish.cli.watch import watch

app = App(
    name="blemish",
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_USE, _MAKE, _LOOK = "Inspect and measure", "Make detectors", "Data and machine"
app.command(rich_help_panel=_USE)(inspect)
app.command(rich_help_panel=_USE)(watch)
app.command(rich_help_panel=_USE)(measure)
app.command(rich_help_panel=_USE)(report)
app.command(rich_help_panel=_USE)(serve)
app.add_typer(job.app, name="job", rich_help_panel=_USE)
app.add_typer(photos.app, name="photos", rich_help_panel=_USE)
app.command(rich_help_panel=_MAKE)(train)
app.command(rich_help_panel=_MAKE)(calibrate)
app.command(rich_help_panel=_MAKE)(evaluate)
app.command(rich_help_panel=_MAKE)(gate)
app.command(rich_help_panel=_MAKE)(benchmark)
app.command(rich_help_panel=_MAKE)(reproduce)
app.command(rich_help_panel=_MAKE)(methods)
app.command(rich_help_panel=_MAKE)(export)
app.add_typer(detector.app, name="detector", rich_help_panel=_MAKE)
app.add_typer(series.app, name="series", rich_help_panel=_MAKE)
app.add_typer(data.app, name="data", rich_help_panel=_LOOK)
app.command(rich_help_panel=_LOOK)(demo)
app.command(rich_help_panel=_LOOK)(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"blemish {blemish.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        option(MESSAGES, "Print the version and stop.", "--version", callback=_version, is_eager=True),
    ] = False,
    quiet: speaking.QuietOption = False,
    verbose: speaking.VerboseOption = False,
    debug: speaking.DebugOption = False,
) -> None:
    """Learns what a normal surface looks like, then finds, outlines and reports what is wrong in new images."""
    speaking.want(quiet=quiet, verbose=verbose, debug=debug)
