"""File names for what is written about each image."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def unique_names(images: Sequence[Path]) -> list[str]:
    """A name per image, without a folder or suffix: its stem, with more of its path where stems are equal.

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
        name, number = plain, 2
        while name.casefold() in taken:
            name, number = f"{plain}~{number}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
