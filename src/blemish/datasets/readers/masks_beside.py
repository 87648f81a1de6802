"""Masks that lie among the images of a folder: ``a_mask.png`` or ``a.png`` beside ``a.jpg``."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from blemish.datasets.mask_values import looks_like_mask
from blemish.datasets.readers.folders import composed, image_stem, look

_JPEG = {".jpg", ".jpeg"}
_LOOKED_AT = 3


def masks_beside(folder: Path) -> dict[str, Path]:
    """Mask files among the images of a folder, by the stem of their image: ``a_mask.png`` or ``a.png`` of ``a.jpg``."""
    files = look(folder).images
    stems = {path: composed(path.stem) for path in files}
    known = set(stems.values())
    named = {
        image_stem(path): path for path, own in stems.items() if image_stem(path) in known and image_stem(path) != own
    }
    return named or _masks_of_same_name(files)


def _masks_of_same_name(files: tuple[Path, ...]) -> dict[str, Path]:
    """Where every JPEG has one other file of its name, and those look like masks: those files."""
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        by_stem[composed(path.stem)].append(path)
    pairs = {stem: paths for stem, paths in by_stem.items() if len(paths) == 2}
    masks = {stem: [path for path in paths if path.suffix.lower() not in _JPEG] for stem, paths in pairs.items()}
    found = {stem: paths[0] for stem, paths in masks.items() if len(paths) == 1}
    return found if all(looks_like_mask(path) for path in list(found.values())[:_LOOKED_AT]) else {}
