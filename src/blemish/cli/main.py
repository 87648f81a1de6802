"""The command line's root: which verbs there are, and how every error becomes one sentence.

Nothing heavy is imported here or by the verbs' modules: ``blemish --help`` must cost next to nothing.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import blemish
from blemish.cli import data, detector, series
from blemish.cli.benchmark import benchmark
from blemish.cli.calibrate import calibrate
from blemish.cli.demo import demo
from blemish.cli.doctor import doctor
from blemish.cli.evaluate import evaluate
from blemish.cli.export import export
from blemish.cli.failures import Failure, failure_of
from blemish.cli.inspect import inspect
from blemish.cli.measure import measure
from blemish.cli.methods import methods
from blemish.cli.report import report
from blemish.cli.reproduce import reproduce
from blemish.cli.serve import serve
from blemish.cli.synth import synth
from blemish.cli.terminal import silence_libraries
from blemish.cli.train import train
from blemish.errors import SettingsError, did_you_mean

# typer has carried its own copy of click since 0.26 and leaned on the real one before: either way this is its base
# class of wrong usage, which typer prints by itself.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class Verbs(TyperGroup):
    """The verbs, with a hint after a typo and a sentence instead of a traceback."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that ``args`` begins with. Raises SettingsError for an unknown one."""
        if args and args[0] not in self.commands:
            known = [name for name, command in self.commands.items() if not command.hidden]
            raise SettingsError(f'There is no command "{args[0]}".{did_you_mean(args[0], known)}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; end with exit code 2 for bad input, 130 when stopped, 1 for a fault of the program."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, _UsageError, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if ctx.find_root().params.get("debug"):
                import traceback

                traceback.print_exc()
            failure: Failure = failure_of(error)
            typer.echo(failure.sentence, err=True)
            raise typer.Exit(failure.exit_code) from None


app = typer.Typer(
    name="blemish",
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: rich would double the time that `blemish --help` takes.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(inspect)
app.command()(measure)
app.command()(train)
app.command()(evaluate)
app.command()(report)
app.command()(serve)
app.command()(calibrate)
app.command()(export)
app.command()(benchmark)
app.command()(reproduce)
app.command()(methods)
app.add_typer(detector.app, name="detector", cls=Verbs)
app.add_typer(series.app, name="series", cls=Verbs)
data.app.command()(synth)
app.add_typer(data.app, name="data", cls=Verbs)
app.command()(demo)
app.command()(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"blemish {blemish.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Learns what a normal surface looks like, then finds, outlines and reports what is wrong in new images."""


def main() -> None:
    """What the command ``blemish`` runs."""
    if "--debug" not in sys.argv:
        silence_libraries()
    app(prog_name="blemish")
