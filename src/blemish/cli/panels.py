"""The groups that options stand in, and how every option is declared: its group, its text, the kind of its value."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import typer

ARGUMENTS = "Arguments"
INPUT = "Input"
FRAMES = "Videos, cameras, pages"
OUTPUT = "Output"
TRAINING = "Training"
THRESHOLDS = "Thresholds"
LIMITS = "Images that can be judged"
TILES = "Tiles"
DRAWING = "Drawing"
SCALE = "Scale and grades"
REPORT = "Report"
SERVICE = "Service"
READING = "Reading images"
JOB = "Long and shared work"
MACHINE = "Machine"
COMPLETION = "Shell completion"
MESSAGES = "Help and messages"

ORDER = (
    ARGUMENTS,
    INPUT,
    FRAMES,
    OUTPUT,
    TRAINING,
    THRESHOLDS,
    LIMITS,
    TILES,
    DRAWING,
    SCALE,
    REPORT,
    SERVICE,
    READING,
    JOB,
    MACHINE,
    COMPLETION,
    MESSAGES,
)
"""Groups in the order in which every ``--help`` and every page of the manual shows them."""


def option(panel: str, text: str, *names: str, kind: str | type[StrEnum] | None = None, **how: Any) -> Any:
    """Declare an option.

    Args:
        panel: the group that it stands in, one of this module's.
        text: what it does, a sentence.
        names: as typed, such as ``--json``; from the parameter's name if not given.
        kind: the kind of its value in capitals, such as ``DIR``, or the values that there are; None for a flag.
        how: what else `typer.Option` takes.
    """
    metavar = kind if kind is None or isinstance(kind, str) else "|".join(kind)
    return typer.Option(*names, help=text, metavar=metavar, rich_help_panel=panel, **how)


def argument(text: str, kind: str | type[StrEnum], **how: Any) -> Any:
    """Declare an argument, as `option` does an option."""
    metavar = kind if isinstance(kind, str) else "|".join(kind)
    return typer.Argument(help=text, metavar=metavar, **how)
