"""A folder with two layouts at once: refused, since reading one of them would drop half of the images unseen."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets.readers.class_folders import class_folders, class_folders_with_images
from blemish.datasets.readers.folders import NormalNames, look, split_folders
from blemish.datasets.readers.paired import find_pair
from blemish.errors import DataError


def refuse_mixture(root: Path) -> None:
    """Check that a folder and its splits hold one layout, and the same one.

    Raises:
        DataError: names the two layouts and where each was seen.
    """
    in_splits = [(shape, place) for place in split_folders(look(root)) for shape in _shapes(place)]
    seen: dict[str, Path] = {}
    for shape, place in [*in_splits, *((shape, root) for shape in _shapes(root, is_above_splits=bool(in_splits)))]:
        seen.setdefault(shape, place)
    if len(seen) > 1:
        (first, here), (second, there) = list(seen.items())[:2]
        raise DataError(
            f'The data set "{root}" mixes two layouts: {first} in "{here}" and {second} in "{there}"; '
            "keep one, or choose with --layout."
        )


def _shapes(place: Path, *, is_above_splits: bool = False) -> list[str]:
    normal = NormalNames()
    plain = class_folders(place)
    is_paired = find_pair(place) is not None
    # A preview or a folder of overlays beside the real thing is only noted; a class named "good" is data.
    has_classes = any(folder.name in normal for folder in plain) or (plain and not is_paired and not is_above_splits)
    shapes = {
        "loose images": look(place).images and not is_above_splits,
        "images + masks": is_paired,
        "class folders": has_classes,
        "class folders with images + masks": class_folders_with_images(place),
    }
    return [shape for shape, is_seen in shapes.items() if is_seen]
