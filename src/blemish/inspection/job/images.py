"""The images that a person means, found and told apart, before any of them is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from blemish.detectors import ImageSource
from blemish.errors import SettingsError
from blemish.inspection.job.index import Index, Wanted
from blemish.inspection.progress import Say, silent
from blemish.inspection.sources import Found, Opener, Source, SourceLike, Sourcing, as_list, sources_of
from blemish.inspection.sources.files import FILE, GONE


class Images:
    """Images to inspect, in order.

    Args:
        given: files, folders, patterns, lists, bytes, open files or arrays; one or several.
        say: told what is left out of folders.
        by_content: whether an image is known again by its content, which reads every file.
        part: (k, n) for the k-th of n parts. Which part an image belongs to depends on nothing but the image, so that
            machines need not know of each other.
        sourcing: how images are taken out of videos, pages and addresses.

    Attributes:
        index: what was found.

    Raises:
        ImageError: a path does not exist, a folder holds no image, or something is nothing that an image is read from.
        SettingsError: there is no such part.
    """

    def __init__(
        self,
        given: SourceLike,
        say: Say = silent,
        *,
        by_content: bool = False,
        part: tuple[int, int] = (1, 1),
        sourcing: Sourcing | None = None,
    ) -> None:
        self._part, self._parts = part
        if not 1 <= self._part <= self._parts:
            raise SettingsError(
                f"Part {self._part} of {self._parts} does not exist: give 1/{max(self._parts, 1)} to "
                f"{max(self._parts, 1)}/{max(self._parts, 1)}."
            )
        several = as_list(given)
        self._opener = Opener(several)
        self._left_out: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self.index = Index()
        how = Sourcing() if sourcing is None else sourcing
        self._accept = how.accept
        for source in sources_of(several, how):
            self.index.want(self._found(source, by_content))
        for (suffix, reason), places in sorted(self._left_out.items(), key=lambda one: min(one[1])):
            say(f"Left out {len(places)} {suffix}: {reason}.")

    def __len__(self) -> int:
        return len(self.index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.index.close()

    def sources(self) -> Iterator[ImageSource]:
        """All of them, in order, with names that differ."""
        self.index.name_all()
        yield from map(self.open, self.index.to_do())

    def open(self, wanted: Wanted) -> ImageSource:
        """An image as a source that can be read. Call it in the order of the index: some can only be read forwards."""
        return self._opener.open(wanted.locator, wanted.image, wanted.name, left_out=wanted.left_out)

    def _found(self, source: Source, by_content: bool) -> Iterator[tuple[Found, bool]]:
        for found in source.find():
            accepted = self._accept is None or self._accept(found.locator.where, found.stamp)
            if not (accepted and self._is_mine(found.key)):
                yield found, False
                continue
            if found.left_out is not None:
                path = Path(found.image)
                self._left_out.setdefault((path.suffix.lower() or path.name, found.left_out), []).append(found.place)
            stamped = by_content and found.locator.kind == FILE
            yield (replace(found, stamp=_content_of(Path(found.locator.where))) if stamped else found), True

    def _is_mine(self, key: str) -> bool:
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self._parts == self._part - 1


def _content_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return GONE
