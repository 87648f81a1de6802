"""KolektorSDD: a folder for each commutator, ``kos01/Part0.jpg`` with the mask ``Part0_label.bmp`` beside it."""

from __future__ import annotations

import re
from pathlib import Path

from blemish.datasets.masks import FileMask
from blemish.datasets.readers.folders import DEFECT, NormalNames, look, mask_of, note_on_folders
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.masks_beside import masks_beside
from blemish.datasets.sample import ClassMask, Sample
from blemish.text import counted

_PART = re.compile(r"kos\d+$", re.IGNORECASE)


def _parts(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return [folder for folder in look(root).folders if _PART.match(folder.name) and masks_beside(folder)]


def _read(root: Path, names: NormalNames) -> Found:
    samples = []
    parts = _parts(root)
    for folder in parts:
        masks = masks_beside(folder)
        for image in look(folder).images:
            if image in set(masks.values()):
                continue
            mask = mask_of(image, masks)
            known = (ClassMask(DEFECT, FileMask(mask, image)),) if mask is not None else None
            samples.append(Sample(image, DEFECT, masks=known, group=folder.name))
    notes = [f"Each of {counted(len(parts), 'folder')} is a group, since its images show one part."]
    notes += note_on_folders(folder for folder in look(root).folders if folder not in parts)
    return Found("KolektorSDD (kos01/Part0.jpg, Part0_label.bmp)", samples, (DEFECT,), notes)


KOLEKTOR = Layout(
    "kolektor-sdd", "KolektorSDD: kos01/Part0.jpg with Part0_label.bmp", lambda root: bool(_parts(root)), _read
)
