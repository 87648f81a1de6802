"""File names for what is written about each photo."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def unique_names(photos: Sequence[Path]) -> list[str]:
    """A name per photo, without a folder or suffix: its stem, with more of its path where stems are equal.

    >>> unique_names([Path("a/wall.jpg"), Path("b/wall.jpg"), Path("b/floor.jpg")])
    ['a__wall.jpg', 'b__wall.jpg', 'floor']
    """
    # Compared without case, since the names must also differ on file systems that ignore it.
    stems = Counter(photo.stem.casefold() for photo in photos)
    absolute = [photo.absolute() for photo in photos]
    root = Path(os.path.commonpath([path.parent for path in absolute])) if photos else Path()
    names: list[str] = []
    taken: set[str] = set()
    for photo, path in zip(photos, absolute, strict=True):
        plain = photo.stem if stems[photo.stem.casefold()] == 1 else "__".join(path.relative_to(root).parts)
        name, number = plain, 2
        while name.casefold() in taken:
            name, number = f"{plain}~{number}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
