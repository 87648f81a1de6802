"""From what a person gives to sources: by what it is called, and by what lies there."""

from __future__ import annotations

import glob
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from blemish.detectors import ImageLike, ImageSource, source_of
from blemish.errors import ImageError
from blemish.inspection.names import unique_names
from blemish.inspection.sources.archives import ARCHIVE_SUFFIXES, ArchiveSource
from blemish.inspection.sources.files import FileSource, FolderSource, called, found_file
from blemish.inspection.sources.found import Found, Locator, Source
from blemish.inspection.sources.live import LiveSource, is_live
from blemish.inspection.sources.pages import PDF_SUFFIXES, TIFF_SUFFIXES, PagesSource
from blemish.inspection.sources.remote import RemoteSource, is_remote
from blemish.inspection.sources.videos import VIDEO_SUFFIXES, Step, VideoSource

SourceLike = ImageLike | Iterable[ImageLike]
"""An image, a folder of images, an archive, a video, a PDF, or several of these. As text also a pattern
(``wall-*.jpg``), ``@list.txt`` for the names in a file, ``-`` for those on standard input, an address
(``s3://…``, ``https://…``), or what is live (``camera:0``, ``rtsp://…``)."""

GIVEN = "given"


def as_list(given: SourceLike) -> list[Any]:
    """What is given, one by one."""
    return [given] if _is_one(given) else list(given)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Sourcing:
    """How images are taken out of what is given.

    Attributes:
        step: which frames of a video are looked at.
        all_pages: whether each page of a TIFF is an image; otherwise the first is.
        public_only: whether addresses come from strangers: those of private networks are refused then.
        limit: how many images are taken of a camera or a stream.
        accept: told where each image lies and its stamp; whether it is inspected now. None accepts all.
    """

    step: Step = field(default_factory=Step)
    all_pages: bool = False
    public_only: bool = False
    limit: int | None = None
    accept: Callable[[str, str], bool] | None = None


def sources_of(several: Sequence[Any], how: Sourcing) -> list[Source]:
    """Where the images that a person means come from, in order. Nothing is searched or read yet."""
    texts = {number: str(one) for number, one in enumerate(several) if isinstance(one, str | Path)}
    # A service opens no cameras, and no streams either.
    live = {
        number for number, text in texts.items() if is_live(text) and not (how.public_only or os.path.lexists(text))
    }
    # As a path "s3://bucket" would lose a slash.
    remote = {number: text for number, text in texts.items() if is_remote(text) and not os.path.lexists(text)}
    elsewhere = live | remote.keys()
    plain = {number: Path(text) for number, text in texts.items() if number not in elsewhere and _is_plain(Path(text))}
    root = _root([path if path.is_dir() else path.parent for path in plain.values()])
    folders = Counter(_folder_key(path) for path in plain.values() if path.is_dir())
    sources: list[Source] = []
    for number, one in enumerate(several):
        path = plain.get(number)
        if number in live:
            sources.append(LiveSource(texts[number], number, how.step, how.limit))
        elif number in remote:
            sources.append(RemoteSource(remote[number], number, how.public_only))
        elif path is not None and path.is_dir():
            # Folders of one name are told apart by where they lie.
            key = _folder_key(path) if folders[_folder_key(path)] == 1 else str(path.resolve())
            sources.append(FolderSource(path, root, key, number))
        elif path is not None:
            sources.append(_of_file(path, called(path, root), number, how))
        elif number in texts:
            sources.append(ListSource(texts[number], number))
        else:
            sources.append(MemorySource(one, number))
    return sources


def _of_file(path: Path, image: str, number: int, how: Sourcing) -> Source:
    name, key = path.name.lower(), os.path.abspath(path)  # noqa: PTH100 - links in the path are part of its name
    if name.endswith(ARCHIVE_SUFFIXES):
        return ArchiveSource(path, image, key, number)
    if name.endswith(VIDEO_SUFFIXES):
        return VideoSource(path, image, key, number, how.step)
    if name.endswith(PDF_SUFFIXES) or (how.all_pages and name.endswith(TIFF_SUFFIXES)):
        return PagesSource(path, image, key, number)
    return FileSource(path, image, number)


@dataclass(frozen=True, slots=True)
class ListSource:
    """The files that a pattern, a list in a file (``@list.txt``) or standard input (``-``) names, one a line.

    Attributes:
        given: as it was given.
        number: where it stands among the sources.
    """

    given: str
    number: int

    def find(self) -> Iterator[Found]:
        """The files, called by the names that stand there; one that does not exist is found, and fails when read.

        Raises:
            ImageError: nothing is named, or the list cannot be read.
        """
        number = -1
        for number, name in enumerate(self._names()):
            yield found_file(Path(name), name, (self.number, f"{number:012d}"))
        if number < 0:
            raise ImageError(f'"{self.given}" names no image.')

    def _names(self) -> Iterator[str]:
        if self.given == "-":
            yield from _lines(sys.stdin.buffer)
        elif self.given.startswith("@"):
            try:
                with Path(self.given[1:]).open("rb") as file:
                    yield from _lines(file)
            except OSError as error:
                raise ImageError(f'Cannot read the list "{self.given[1:]}": {error.strerror}.') from error
        else:
            yield from sorted(glob.glob(self.given, recursive=True))  # noqa: PTH207 - Path.glob refuses absolute ones


@dataclass(frozen=True, slots=True)
class MemorySource:
    """An image that is in memory: an array, the bytes of a file, or an open file.

    Attributes:
        content: the image.
        number: where it stands among the sources.
    """

    content: Any
    number: int

    def find(self) -> Iterator[Found]:
        """The image, told apart by its content. Raises ImageError where it is no image."""
        source = source_of(self.content)
        content = source.content
        if isinstance(content, np.ndarray):
            stamp = hashlib.sha256(repr((content.dtype, content.shape)).encode() + content.tobytes()).hexdigest()
        else:
            stamp = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else "stream"
        key = f"{source.image} ({self.number})"
        yield Found(key, stamp, (self.number, ""), source.image, Locator(GIVEN, "", str(self.number)))


def file_sources(paths: Sequence[Path]) -> list[ImageSource]:
    """Image files as sources, each called by its path below the folder that all share."""
    root = _root([path.parent for path in paths])
    return [ImageSource(path, called(path, root), name) for path, name in zip(paths, unique_names(paths), strict=True)]


def _lines(file: BinaryIO) -> Iterator[str]:
    for line in file:
        if name := line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n"):
            yield os.fsdecode(name)


def _is_plain(path: Path) -> bool:
    """Whether it is a file or folder and not a list or a pattern; a file that is called like one is a file."""
    text = str(path)
    return os.path.lexists(path) or not (text == "-" or text.startswith("@") or glob.has_magic(text))


def _folder_key(path: Path) -> str:
    return path.resolve().name


def _root(folders: Sequence[Path]) -> Path | None:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # none at all, or absolute and relative paths together
        return None


def _is_one(given: object) -> bool:
    if isinstance(given, str | Path | bytes | bytearray | memoryview | np.ndarray) or hasattr(given, "read"):
        return True
    return not isinstance(given, Iterable)  # nothing that an image is read from, which `source_of` says
