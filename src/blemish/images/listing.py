"""Finding the images among files and folders that a person names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from blemish.errors import ImageError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".ppm", ".pgm", ".pbm", ".pnm"}
)

_SUFFIXES = tuple(IMAGE_SUFFIXES)
_DIGITS = re.compile(r"(\d+)")


def list_images(paths: Iterable[Path | str]) -> list[Path]:
    """The images that a person means by naming files and folders.

    Args:
        paths: files, taken as they are whatever their suffix, and folders, searched to any depth (symbolic links too)
            for ``IMAGE_SUFFIXES`` in any case, without hidden files and folders.

    Returns:
        Files in the order given; within a folder in natural order (``2.png`` before ``10.png``). A file that is named
        twice, or reached by two ways, stands once.

    Raises:
        ImageError: a path does not exist, or a folder cannot be searched or holds no image.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        try:
            is_folder, is_there = path.is_dir(), path.exists()
        except OSError as error:
            _refuse(error)
        if is_folder:
            inside = sorted(_images_below(path), key=lambda image: _natural(image.relative_to(path)))
            if not inside:
                suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
                raise ImageError(f'There is no image in the folder "{path}"; these are recognised: {suffixes}.')
        elif is_there:
            inside = [path]
        else:
            raise ImageError(f'There is no file or folder "{path}".')
        for image in inside:
            found.setdefault(image.resolve(), image)
    return list(found.values())


def _images_below(folder: Path) -> Iterator[Path]:
    entered: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        # A link may lead back up, or to a folder that has its own place: sorted, the same one counts each time.
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (
            Path(place, name) for name in files if not name.startswith(".") and name.lower().endswith(_SUFFIXES)
        )


def _refuse(error: OSError) -> NoReturn:
    raise ImageError(f'Cannot look into "{error.filename}": {error.strerror}.') from error


def _natural(path: Path) -> tuple[list[tuple[list[str | int], str]], str]:
    """Sorts runs of digits by value, and letters without regard to case, folder by folder."""
    return [(_split(part), part) for part in path.with_suffix("").parts], str(path)


def _split(part: str) -> list[str | int]:
    # Text and numbers alternate, so that the two are never compared.
    return [int(piece) if index % 2 else piece.casefold() for index, piece in enumerate(_DIGITS.split(part))]
