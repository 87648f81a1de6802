"""File names for what is written about each image."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

# With a suffix this fits into what every file system takes: 255 bytes on most, 143 on encrypted ones.
_MAX_BYTES = 130
_HASH_LENGTH = 8
# Control characters, what Windows refuses, and bytes of a name that are no valid UTF-8, which Python keeps as these.
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]')


def unique_names(images: Sequence[Path]) -> list[str]:
    """A name per image, without a folder or suffix: its stem, with more of its path where stems are equal.

    Names are at most 130 bytes long; longer ones are cut, and a hash of the whole keeps them apart. Characters that
    not every file system takes become ``_``.

    >>> unique_names([Path("a/wall.jpg"), Path("b/wall.jpg"), Path("b/floor.jpg")])
    ['a__wall.jpg', 'b__wall.jpg', 'floor']
    """
    # Compared without case, since the names must also differ on file systems that ignore it.
    stems = Counter(image.stem.casefold() for image in images)
    absolute = [image.absolute() for image in images]
    root = Path(os.path.commonpath([path.parent for path in absolute])) if images else Path()
    names: list[str] = []
    taken: set[str] = set()
    for image, path in zip(images, absolute, strict=True):
        plain = image.stem if stems[image.stem.casefold()] == 1 else "__".join(path.relative_to(root).parts)
        fit = fit_name(plain)
        name, number = fit, 2
        while name.casefold() in taken:
            name, number = f"{fit}~{number}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def fit_name(name: str) -> str:
    """A name that every file system takes."""
    plain = _UNFIT.sub("_", name)
    data = plain.encode("utf-8")
    if len(data) <= _MAX_BYTES:
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    # The end tells images of one folder tree apart better than the beginning.
    end = data[-(_MAX_BYTES - _HASH_LENGTH - 1) :].decode("utf-8", "ignore")
    return f"{digest}_{end}"
