"""The exit codes of the command line, for all verbs; ``docs/command-line.md`` explains them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAULT = 1
    BAD_INPUT = 2
    SOME_FAILED = 3
    GATE_CLOSED = 4
    STOPPED_BY_CTRL_C = 130
    OUTPUT_CLOSED = 141
    STOPPED_BY_SIGTERM = 143
