"""Text for people: from a file that somebody else wrote, made safe to keep and to print; fractions; and durations."""

from __future__ import annotations

import math
import re

# Control characters of both sets, what turns the direction of writing, line separators, halves of surrogate pairs.
_NOT_PRINTED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """``text`` with halves of surrogate pairs as ``\\uXXXX``, which file names that are no UTF-8 have in Python."""
    return _SURROGATE.sub(_escape, text)


def printable(text: str) -> str:
    """``text`` on one line, with everything that a terminal would obey or cannot show as ``\\uXXXX``.

    >>> printable("wall\\x1b[2J")
    'wall\\\\u001b[2J'
    """
    return _NOT_PRINTED.sub(_escape, text)


def percent(fraction: float) -> str:
    """A fraction as people read it.

    >>> percent(0.015)
    '1.5 %'
    """
    return f"{100 * fraction:.6g} %"


def duration_s(text: str) -> float:
    """A duration above 0 as people write it, in seconds. Raises ValueError for anything else.

    >>> duration_s("0.5s"), duration_s("2")
    (0.5, 2.0)
    """
    seconds = float(text.removesuffix("s"))
    if not 0 < seconds < math.inf:
        raise ValueError(text)
    return seconds


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
