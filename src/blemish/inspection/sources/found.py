"""What a source yields: an image that has not been read, told apart from all others, and how to get at it later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

_DIGITS = re.compile(r"(\d+)")
# Below every sign of a name: a folder's own files come before those of a longer name that begins like it.
_PART_END, _TOKEN_END, _TIE = "\x02", "\x03", "\x01"


@dataclass(frozen=True, slots=True)
class Locator:
    """How to get at an image when its turn comes: plain texts, which another process can follow too.

    Attributes:
        kind: which way, see `blemish.inspection.sources.opening`.
        where: path or URL.
        part: which part of what lies there; empty for all of it.
    """

    kind: str
    where: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An image in a source.

    Attributes:
        key: which image: its place below its source, the same when the source is mounted elsewhere.
        stamp: which state of it.
        place: where it stands among all: what comes first has the lower pair.
        image: what to call it.
        locator: how to get at it.
        short: what its files are called where nothing else is called so; None: by its name, without what follows the
            last dot.
        file: the real file, by which one that is named twice is known; None where the key tells.
        left_out: why it is not read; None where it is.
    """

    key: str
    stamp: str
    place: tuple[int, str]
    image: str
    locator: Locator
    short: str | None = None
    file: str | None = None
    left_out: str | None = None


class Source(Protocol):
    """Where images come from. Looking for them reads none."""

    def find(self) -> Iterator[Found]:
        """The images, in any order.

        Raises:
            ImageError: there are none, or the source cannot be read.
        """


def natural_order(path: str) -> str:
    """A text that sorts as people do: ``2.png`` before ``10.png``, without regard to case, folder by folder.

    Args:
        path: with forward slashes.
    """
    *folders, name = path.split("/")
    parts = (*map(_folder_order, folders), _TOKEN_END.join(_tokens(stem_of(name))))
    return _PART_END.join(parts) + _TIE + path


@lru_cache(256)
def _folder_order(name: str) -> str:
    return _TOKEN_END.join(_tokens(name))


def stem_of(path: str) -> str:
    """`pathlib.PurePath.stem`, for very many paths."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return name[:dot] if 0 < dot < len(name) - 1 else name


def _tokens(part: str) -> Iterator[str]:
    # Text and numbers alternate, so that the two are never compared.
    for index, token in enumerate(_DIGITS.split(part)):
        digits = token.lstrip("0")
        yield f"{len(digits):03d}{digits}" if index % 2 else token.casefold()
