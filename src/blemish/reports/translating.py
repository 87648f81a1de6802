"""What others said about an image, in the report's language where a catalogue knows it; else as it stands."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from string import Formatter

from blemish.findings import Language
from blemish.reports.korean_notes import KOREAN_KINDS, KOREAN_NOTES

_MAX_DEPTH = 3
# Values that are names, and never prose.
_NAMES = frozenset({"name", "path", "file", "row", "known", "extra", "range"})


def in_language(text: str, lang: Language) -> str:
    """A note, a reason, the label of a grade or a scale's source in a language.

    >>> in_language("first of 3 pages", "ko")
    '3쪽 중 첫 쪽'
    """
    return text if lang == "en" or not text else _translated(text)


@lru_cache(maxsize=1 << 14)
def _translated(text: str) -> str:
    whole = _looked_up(text, _MAX_DEPTH)
    if whole is not None:
        return whole
    # A note may have several clauses.
    clauses = [(clause, _looked_up(clause, _MAX_DEPTH)) for clause in text.split("; ")]
    return "; ".join(clause if known is None else known for clause, known in clauses)


def _looked_up(text: str, depth: int) -> str | None:
    is_whole = depth == _MAX_DEPTH
    if text in KOREAN_NOTES and not (is_whole and text in KOREAN_KINDS):
        return KOREAN_NOTES[text]
    if not depth:
        return None
    for pattern, korean in _patterns(is_whole):
        found = pattern.fullmatch(text)
        if found is not None:
            values = found.groupdict()
            prose = {name: _looked_up(value, depth - 1) for name, value in values.items() if name not in _NAMES}
            return korean.format(**values | {name: value for name, value in prose.items() if value is not None})
    return None


@cache
def _patterns(is_whole: bool) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with values, the ones that say most first."""
    found = []
    for english, korean in KOREAN_NOTES.items():
        if is_whole and english in KOREAN_KINDS:
            continue
        parts = list(Formatter().parse(english))
        if any(name for _, name, _, _ in parts):
            regex = "".join(re.escape(words) + (f"(?P<{name}>.+?)" if name else "") for words, name, _, _ in parts)
            found.append((sum(len(words) for words, *_ in parts), re.compile(regex, re.DOTALL), korean))
    return tuple((pattern, korean) for _, pattern, korean in sorted(found, key=lambda each: -each[0]))
