"""Text for people: from a file that somebody else wrote, safe to keep and to print; counts, fractions, durations."""

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


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number of things.

    >>> counted(1, "image"), counted(1200, "image"), counted(2, "class", "classes")
    ('1 image', '1,200 images', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


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
