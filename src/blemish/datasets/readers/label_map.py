"""``labelmap.txt``: which colour or index of the masks is which class, as CVAT writes it, for any layout with masks."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from blemish.datasets.mask_values.layer import pack
from blemish.datasets.masks import FileMask
from blemish.datasets.readers.colour_classes import ColourClasses
from blemish.datasets.readers.folders import DEFECT, NormalNames
from blemish.datasets.readers.layout import Found
from blemish.datasets.readers.outlines import FREE
from blemish.datasets.sample import Sample
from blemish.errors import DataError

LABEL_MAP = "labelmap.txt"
_BACKGROUND = "background"


def read_label_map(root: Path, names: NormalNames) -> ColourClasses | None:
    """The classes of a data set's ``labelmap.txt``; None without that file.

    Each line is ``crack:250,50,83`` or, for index masks, ``crack:1``; whatever follows a further colon is left out.

    Raises:
        DataError: a line has neither, or two classes have the same.
    """
    file = root / LABEL_MAP
    if not file.is_file():
        return None
    codes: dict[str, int] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        try:
            channels = [int(channel) for channel in rest.split(":")[0].split(",")]
        except ValueError:
            channels = []
        if len(channels) not in (1, 3):
            raise DataError(
                f'Line {number} of "{file}" has no colour; each must be like "crack:250,50,83::", or "crack:1" for '
                "index masks."
            )
        codes[name.strip()] = pack(*(channels * 3 if len(channels) == 1 else channels))
    doubled = [name for name, code in codes.items() if list(codes.values()).count(code) > 1]
    if doubled:
        raise DataError(f'"{file}" gives "{doubled[0]}" and "{doubled[1]}" the same colour; each class needs its own.')
    defects = {name: code for name, code in codes.items() if name.casefold() != _BACKGROUND and name not in names}
    return ColourClasses(file, defects, frozenset(codes.values()) - frozenset(defects.values()))


def with_label_map(found: Found, root: Path, names: NormalNames) -> Found:
    """Masks of one class apart by the classes of ``labelmap.txt``, where the layout has left it to this.

    Raises:
        DataError: as `read_label_map`, or a mask holds a colour that the file does not name.
    """
    classes = read_label_map(root, names) if root.is_dir() else None
    if classes is None or found.classes != (DEFECT,):
        return found

    def apart(sample: Sample) -> Sample:
        drawn = [mask.source for mask in sample.masks or ()]
        if len(drawn) != 1 or not isinstance(drawn[0], FileMask) or drawn[0].meaning is not None:
            return sample
        parts = classes.masks(sample.path, drawn[0].path)
        return replace(sample, label="+".join(part.label for part in parts) or FREE, masks=parts)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        samples = list(pool.map(apart, found.samples))
    used = {mask.label for sample in samples for mask in sample.masks or ()}
    note = f'Classes by "{LABEL_MAP}": {", ".join(classes.defects)}.'
    return replace(
        found,
        samples=samples,
        classes=tuple(label for label in classes.defects if label in used),
        notes=[*found.notes, note],
    )
