"""What all verbs have in common: grouped help with examples, ``-q``, ``-v``, ``--debug``, and errors as sentences.

Help is laid out here and not by rich, which would double the time that ``blemish --help`` takes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from inspect import cleandoc
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from blemish.cli import panels, speaking, stopping
from blemish.cli.examples import EXAMPLES
from blemish.cli.exit_codes import ExitCode
from blemish.cli.failures import failure_of
from blemish.errors import SettingsError, did_you_mean

_Function = TypeVar("_Function", bound=Callable[..., Any])
# Rows of help, by the group that they stand in.
Panels = dict[str, list[tuple[str, str]]]
# typer has carried its own copy of click since 0.26 and leaned on the real one before: either way this is its base
# class of wrong usage, which typer prints by itself.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class App(typer.Typer):
    """A group of verbs; those of the root and those of ``detector``, ``series`` and ``data`` are alike."""

    def __init__(self, **how: Any) -> None:
        how = {"add_completion": False, "rich_markup_mode": None, "no_args_is_help": True, **how}
        super().__init__(cls=Verbs, pretty_exceptions_enable=False, **how)

    def command(self, name: str | None = None, **how: Any) -> Callable[[_Function], _Function]:
        """Register a function as a verb, as `typer.Typer.command` does."""
        return super().command(name, cls=Verb, **how)


class Verb(TyperCommand):
    """One verb."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The verb's own parameters, and those of every verb."""
        own = super().get_params(ctx)
        return [*own[:-1], *_parameters_of_every_verb(), *own[-1:]]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write arguments as their help does: typer would put them into braces."""
        given = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        words = [_repeated(each) if each.required else f"[{_repeated(each)}]" for each in given]
        return ["[OPTIONS]", *words]

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; with ``-v``, say what it took."""
        started_s = time.monotonic()
        try:
            return super().invoke(ctx)
        finally:
            if speaking.is_verbose():
                speaking.detail(f"{ctx.command_path}: {time.monotonic() - started_s:.1f} s{_peak_memory()}.")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the help of arguments and options, group by group."""
        _write_panels(parameters_by_group(self, ctx), {}, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        _write_examples(ctx, formatter)


class Verbs(TyperGroup):
    """Several verbs, with a hint after a typo and a sentence instead of a traceback."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        _write_examples(ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the help of options, then the verbs, group by group, with summaries in full."""
        commands: Panels = {}
        for name, command in self.commands.items():
            if not command.hidden:
                panel = getattr(command, "rich_help_panel", None) or "Commands"
                commands.setdefault(panel, []).append((name, cleandoc(command.help or "").partition("\n\n")[0]))
        _write_panels(parameters_by_group(self, ctx), commands, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that ``args`` begins with. Raises SettingsError for an unknown one."""
        if args and args[0] not in self.commands and not ctx.resilient_parsing:
            known = [name for name, command in self.commands.items() if not command.hidden]
            raise SettingsError(f'There is no command "{args[0]}".{did_you_mean(args[0], known)}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; every error ends in one sentence and an exit code, see `blemish.cli.failures`."""
        if ctx.parent is None:
            speaking.reset()
        with _errors_as_sentences():
            return super().invoke(ctx)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the arguments; errors end as in `invoke`."""
        with _errors_as_sentences():
            return super().make_context(info_name, args, parent, **extra)


@contextmanager
def _errors_as_sentences() -> Iterator[None]:
    try:
        yield
    except typer.Exit:
        raise
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        stopped = stopping.was_stopped()
        if _is_closed_pipe(error) and not stopped:
            _discard_output()
            raise typer.Exit(ExitCode.OUTPUT_CLOSED) from None
        if isinstance(error, (typer.Abort, _UsageError, SystemExit)) and not stopped:
            raise
        if speaking.is_debugging():
            import traceback

            traceback.print_exc()
        failure = failure_of(error)
        speaking.warn(failure.sentence)
        raise typer.Exit(failure.exit_code) from None


def _is_closed_pipe(error: BaseException) -> bool:
    # rich makes SystemExit of it.
    return isinstance(error, BrokenPipeError) or (
        isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)
    )


def _discard_output() -> None:
    """Send what is still to be written to nowhere, so that Python meets no closed pipe again while it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@cache
def _parameters_of_every_verb() -> list[Any]:
    def wanted(
        quiet: speaking.QuietOption = False,
        verbose: speaking.VerboseOption = False,
        debug: speaking.DebugOption = False,
    ) -> None:
        """Carries the parameters, and is never called."""

    carrier = typer.Typer(add_completion=False)
    carrier.command()(wanted)
    parameters = [each for each in typer.main.get_command(carrier).params if each.name != "help"]
    for each in parameters:
        each.expose_value = False
        each.callback = _note_wanted
    return parameters


def _note_wanted(ctx: Any, parameter: Any, value: bool) -> None:
    if not ctx.resilient_parsing:
        speaking.want(**{name: value and name == parameter.name for name in ("quiet", "verbose", "debug")})


def parameters_by_group(command: Any, ctx: Any) -> Panels:
    """Arguments and options of a verb with their texts, by the group that they stand in, in the order of the groups."""
    groups: Panels = {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            groups.setdefault(panels.ARGUMENTS, []).append((_repeated(parameter), record[1]))
            continue
        group = parameter.rich_help_panel or (panels.MESSAGES if parameter.name == "help" else panels.COMPLETION)
        groups.setdefault(group, []).append(record)
    return dict(sorted(groups.items(), key=lambda group: panels.ORDER.index(group[0])))


def _repeated(argument: Any) -> str:
    """The kind of an argument, with an ellipsis where several are taken."""
    return f"{argument.metavar}{'...' * (argument.nargs != 1)}"


def _write_panels(options: Panels, commands: Panels, formatter: Any) -> None:
    last = {title: options.pop(title) for title in (panels.COMPLETION, panels.MESSAGES) if title in options}
    for title, rows in (options | commands | last).items():
        with formatter.section(title):
            formatter.write_dl(rows)


def _write_examples(ctx: Any, formatter: Any) -> None:
    examples = EXAMPLES.get(ctx.command_path.partition(" ")[2], ())
    if examples:
        with formatter.section("Examples"):
            for line in examples:
                formatter.write(f"{'':{formatter.current_indent}}blemish {line}\n")


def _peak_memory() -> str:
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return ""
    # Kilobytes, but bytes on a Mac.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return f", at most {getrusage(RUSAGE_SELF).ru_maxrss / unit:,.0f} MB of memory"
