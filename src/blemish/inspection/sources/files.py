"""Files and folders of a disk as sources."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blemish.errors import ImageError
from blemish.images import walk_images
from blemish.inspection.sources.found import Found, Locator, natural_order

FILE = "file"
# Left-out files come after all images.
_AFTER_ALL = 1 << 40
GONE = "gone"


@dataclass(frozen=True, slots=True)
class FileSource:
    """One file, taken as it is.

    Attributes:
        path: the file.
        image: what to call it.
        number: where it stands among the sources.
    """

    path: Path
    image: str
    number: int

    def find(self) -> Iterator[Found]:
        """The file. Raises ImageError where there is none."""
        if not os.path.lexists(self.path):
            raise ImageError(f'There is no file or folder "{self.path}".')
        yield found_file(self.path, self.image, (self.number, ""))


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder, searched to any depth.

    Attributes:
        path: the folder.
        root: what images are called below; None calls them by their whole path.
        key: what tells it from other sources.
        number: where it stands among the sources.
    """

    path: Path
    root: Path | None
    key: str
    number: int

    def find(self) -> Iterator[Found]:
        """What `blemish.images.walk_images` finds."""
        # With texts: paths as objects take most of the time that listing a hundred thousand files takes.
        start = 0 if str(self.path) == "." else len(str(self.path).rstrip(os.sep)) + 1
        prefix = "" if self.path == self.root else f"{called(self.path, self.root)}/"
        place, real_place = None, ""
        for text, reason in walk_images(self.path):
            name = text.rpartition(os.sep)[2]
            below = text[start:].replace(os.sep, "/")
            if (folder := os.path.dirname(text)) != place:  # noqa: PTH120
                place, real_place = folder, os.path.realpath(folder)
            yield Found(
                key=f"{self.key}/{below}",
                stamp=stamp_of(text),
                place=(self.number + (_AFTER_ALL if reason else 0), natural_order(below)),
                image=prefix + below,
                locator=Locator(FILE, text),
                # Links are rare, and following every path through all its folders is slow.
                file=os.path.realpath(text) if os.path.islink(text) else f"{real_place}/{name}",  # noqa: PTH114
                left_out=reason,
            )


def found_file(path: Path, image: str, place: tuple[int, str]) -> Found:
    """A file that was named by itself; whether it is there will be seen when it is read."""
    whole = os.path.abspath(path)  # noqa: PTH100 - links in the path are part of its name
    return Found(whole, stamp_of(path), place, image, Locator(FILE, str(path)), file=os.path.realpath(whole))


def called(path: Path, root: Path | None) -> str:
    """What to call a file: its path below a folder, with forward slashes."""
    return str(path) if root is None else path.relative_to(root).as_posix()


def stamp_of(path: Path | str) -> str:
    """A file's size and time of change, which tell one state of it from another."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:  # a link that leads nowhere; reading it will say so
        return GONE
    return f"{status.st_size}-{status.st_mtime_ns}"
