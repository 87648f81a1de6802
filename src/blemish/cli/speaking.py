"""What goes to stderr beside results: notes, which ``-q`` leaves out, and details, which ``-v`` adds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.cli.panels import MESSAGES, option
from blemish.errors import SettingsError

if TYPE_CHECKING:
    from blemish.findings import Language

QuietOption = Annotated[bool, option(MESSAGES, "Print results, warnings and errors alone.", "-q", "--quiet")]
VerboseOption = Annotated[
    bool, option(MESSAGES, "Also print each image's verdict, time and memory.", "-v", "--verbose")
]
DebugOption = Annotated[bool, option(MESSAGES, "Show the traceback of an error, and libraries' own lines.", "--debug")]


@dataclass(slots=True)
class _Wanted:
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    lang: Language = "en"


_wanted = _Wanted()


def reset() -> None:
    """Forget what an earlier command in the same process wanted."""
    _wanted.quiet = _wanted.verbose = _wanted.debug = False
    _wanted.lang = "en"


def speak(lang: Language) -> None:
    """From now on say what has a translation in the language of the report that the verb writes."""
    _wanted.lang = lang


def translated(sentence: str) -> str:
    """A sentence in that language, where a catalogue of reports knows it."""
    if _wanted.lang == "en":
        return sentence
    from blemish.reports.translating import in_language

    return in_language(sentence, _wanted.lang)


def want(*, quiet: bool, verbose: bool, debug: bool) -> None:
    """Note what was asked for, before the verb or behind it. Raises SettingsError for both ``-q`` and ``-v``."""
    _wanted.quiet |= quiet
    _wanted.verbose |= verbose
    _wanted.debug |= debug
    if _wanted.quiet and _wanted.verbose:
        raise SettingsError("Give -q or -v, not both.")


def shows_progress() -> bool:
    """Whether a bar may be drawn: on a terminal, where neither ``-q`` forbids it nor lines of ``-v`` run through it."""
    return sys.stderr.isatty() and not (_wanted.quiet or _wanted.verbose)


def is_verbose() -> bool:
    """Whether details are printed."""
    return _wanted.verbose


def is_debugging() -> bool:
    """Whether an error shows its traceback."""
    return _wanted.debug


def note(sentence: str) -> None:
    """Print what is good to know, unless ``-q`` was given."""
    if not _wanted.quiet:
        warn(sentence)


def warn(sentence: str) -> None:
    """Print what changes how far a result can be trusted, or stopped the work."""
    typer.echo(translated(sentence), err=True)


def detail(sentence: str) -> None:
    """Print what ``-v`` asks for."""
    if _wanted.verbose:
        typer.echo(sentence, err=True)
