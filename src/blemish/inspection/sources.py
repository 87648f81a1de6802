"""Everything that a person wants inspected, as sources that are told apart by their names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from blemish.detectors import ImageLike, ImageSource, source_of
from blemish.images import list_images
from blemish.inspection.names import unique_names
from blemish.inspection.progress import Say, silent

SourceLike = ImageLike | Iterable[ImageLike]
"""An image, a folder of images, or several of both."""


def find_sources(given: SourceLike, say: Say = silent) -> list[ImageSource]:
    """The images that a person means, in order; a file that is named twice stands once.

    What is left out of a folder comes last, so that it has its finding too: reading it ends in the reason.

    Args:
        given: see `SourceLike`. Folders are searched to any depth.
        say: told what is left out.

    Raises:
        ImageError: a path does not exist, a folder holds no image, or something is nothing that an image is read from.
    """
    several: list[Any] = [given] if _is_one(given) else list(given)  # type: ignore[arg-type]
    if all(isinstance(one, str | Path) for one in several):
        return _listed(several, say)
    found: list[ImageSource] = []
    for one in several:
        found += _listed([one], say) if isinstance(one, str | Path) else [source_of(one)]
    names = unique_names([source.path or Path(source.image) for source in found])
    return [
        replace(source, name=name, image=source.image if source.path else name)
        for source, name in zip(found, names, strict=True)
    ]


def _listed(paths: Sequence[Path | str], say: Say) -> list[ImageSource]:
    listing = list_images(paths)
    for sentence in listing.sentences:
        say(sentence)
    sources = file_sources([*listing.images, *(path for path, _ in listing.left_out)])
    read = len(listing.images)
    return [*sources[:read], *(replace(source, left_out=True) for source in sources[read:])]


def file_sources(paths: Sequence[Path]) -> list[ImageSource]:
    """Image files as sources, each called by its path below the folder that all share."""
    try:
        shared = os.path.commonpath([path.parent for path in paths])
    except ValueError:  # of absolute and relative paths together nothing is shared
        shared = ""
    return [
        ImageSource(path, path.relative_to(shared).as_posix() if shared else str(path), name)
        for path, name in zip(paths, unique_names(paths), strict=True)
    ]


def _is_one(given: object) -> bool:
    if isinstance(given, str | Path | bytes | bytearray | memoryview | np.ndarray) or hasattr(given, "read"):
        return True
    return not isinstance(given, Iterable)  # nothing that an image is read from, which `source_of` says
