"""Finding the images among files and folders that a person names, and naming what is left out."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from blemish.errors import ImageError
from blemish.files import RESULT_FOLDERS, RUN_RECORD_NAME, VERSION_1_NAME
from blemish.images.formats import IMAGE_SUFFIXES, PREFIX_LENGTH, identify

_SUFFIXES = tuple(IMAGE_SUFFIXES)
_DIGITS = re.compile(r"(\d+)")
# What operating systems, cameras' cards and network disks put beside a person's own files; hidden files are too.
_OF_THE_SYSTEM = frozenset(
    {
        "thumbs.db", "ehthumbs.db", "desktop.ini", "picasa.ini", "icon\r", "__macosx", "@eadir", "#recycle",
        "#snapshot", "@recycle", "@recently-snapshot", "$recycle.bin", "recycler", "system volume information",
        "lost+found", "__pycache__",
    }
)  # fmt: skip
# Notes, labels and tables: beside images they are usual, and never images themselves.
_BESIDE = frozenset(
    {
        ".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".xmp", ".md", ".rst", ".log", ".yaml", ".yml", ".toml",
        ".ini", ".cfg", ".html", ".htm", ".css", ".js", ".py", ".ipynb", ".sh", ".bat", ".m", ".srt", ".gpx", ".kml",
        ".kmz", ".aae", ".thm", ".db", ".prj", ".tfw", ".jgw", ".pgw", ".wld", ".doc", ".docx", ".xls", ".xlsx",
        ".ppt", ".pptx", ".odt", ".ods", ".blemish", ".onnx", ".sha256", ".md5",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """What a person named.

    Attributes:
        images: files to read.
        left_out: files that look like images or hold some, and are not read: each with the reason, to stand behind
            "… is".
    """

    images: tuple[Path, ...]
    left_out: tuple[tuple[Path, str], ...]

    @property
    def sentences(self) -> list[str]:
        """What is left out, a line for each ending and reason; empty where nothing is."""
        counts = Counter((path.suffix.lower() or path.name, reason) for path, reason in self.left_out)
        return [f"Left out {count} {suffix}: {reason}." for (suffix, reason), count in counts.items()]


def list_images(paths: Iterable[Path | str]) -> Listing:
    """The images that a person means by naming files and folders.

    Args:
        paths: files, taken as they are, and folders, searched to any depth (symbolic links too). In a folder a file is
            an image when its name ends in one of ``IMAGE_SUFFIXES`` in any case, or when its content is that of an
            image. Hidden files, those of the operating system, and overlays and masks of earlier runs are passed over.

    Returns:
        Files in the order given; within a folder in natural order (``2.png`` before ``10.png``). A file that is named
        twice, or reached by two ways, stands once.

    Raises:
        ImageError: a path does not exist, or a folder cannot be searched, or holds nothing that looks like an image.
    """
    images: dict[Path, Path] = {}
    left_out: dict[Path, tuple[Path, str]] = {}
    for path in map(Path, paths):
        try:
            is_folder, is_there = path.is_dir(), path.exists()
        except OSError as error:
            _refuse(error)
        if not is_there:
            raise ImageError(f'There is no file or folder "{path}".')
        if not is_folder:
            images.setdefault(path.resolve(), path)
            continue
        walked = [(Path(text), reason) for text, reason in walk_images(path)]
        found = sorted(walked, key=lambda each: _natural(each[0].relative_to(path)))
        for file, reason in found:
            if reason is None:
                images.setdefault(file.resolve(), file)
            else:
                left_out.setdefault(file.resolve(), (file, reason))
    return Listing(tuple(images.values()), tuple(entry for real, entry in left_out.items() if real not in images))


def is_passed_over(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or one that an operating system or a network disk puts there."""
    return name.startswith(".") or name.casefold() in _OF_THE_SYSTEM


def walk_images(folder: Path) -> Iterator[tuple[str, str | None]]:
    """Everything below a folder that `list_images` names, with the reason where it is not read; in no order.

    Paths are texts, as `str` gives them: as objects they take most of the time that listing very many files takes.

    Raises:
        ImageError: it cannot be searched, or holds nothing that looks like an image.
    """
    nothing = True
    for found in _looked_at(folder):
        nothing = False
        yield found
    if nothing:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise ImageError(f'There is no image in the folder "{folder}"; these are recognised: {suffixes}.')


def _looked_at(folder: Path) -> Iterator[tuple[str, str | None]]:
    entered: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        # A link may lead back up, or to a folder that has its own place: sorted, the same one counts each time.
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        results = RESULT_FOLDERS if {RUN_RECORD_NAME, VERSION_1_NAME} & set(files) else ()
        folders[:] = sorted(name for name in folders if not is_passed_over(name) and name not in results)
        here = str(Path(place))
        for name in files:
            if is_passed_over(name):
                continue
            text = name if here == os.curdir else os.path.join(here, name)  # noqa: PTH118
            if name.lower().endswith(_SUFFIXES):
                yield text, None
            elif Path(name).suffix.lower() not in _BESIDE and (kind := identify(_beginning(Path(text)), name)):
                yield text, None if kind.is_read else kind.refusal


def _beginning(path: Path) -> bytes:
    try:
        # Opening a pipe would wait for whoever writes to it.
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(PREFIX_LENGTH)
    except OSError:
        return b""


def _refuse(error: OSError) -> NoReturn:
    raise ImageError(f'Cannot look into "{error.filename}": {error.strerror}.') from error


def _natural(path: Path) -> tuple[list[tuple[list[str | int], str]], str]:
    """Sorts runs of digits by value, and letters without regard to case, folder by folder."""
    return [(_split(part), part) for part in path.with_suffix("").parts], str(path)


def _split(part: str) -> list[str | int]:
    # Text and numbers alternate, so that the two are never compared.
    return [int(piece) if index % 2 else piece.casefold() for index, piece in enumerate(_DIGITS.split(part))]
