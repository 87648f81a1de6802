"""VisA as downloaded: ``Data/Images/{Normal,Anomaly}``, ``Data/Masks/Anomaly``, and the splits in ``split_csv``."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets.readers.class_folders import class_sample, defect_classes
from blemish.datasets.readers.csv_files import read_rows
from blemish.datasets.readers.folders import (
    NormalNames,
    composed,
    look,
    mask_of,
    masks_by_stem,
    split_of,
    with_splits_in_words,
)
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.sample import Split
from blemish.text import counted

_SPLITS = ("split_csv/1cls.csv", "1cls.csv")


def _is_visa(root: Path) -> bool:
    images = root / "Data" / "Images"
    return (images / "Normal").is_dir() and (images / "Anomaly").is_dir()


def _read(root: Path, names: NormalNames) -> Found:
    masks = masks_by_stem(root / "Data" / "Masks" / "Anomaly") if (root / "Data" / "Masks" / "Anomaly").is_dir() else {}
    splits = _splits(root)
    samples = []
    for folder in ("Normal", "Anomaly"):
        for image in look(root / "Data" / "Images" / folder).images:
            split = splits.get(image.relative_to(root.parent).as_posix())
            mask = mask_of(image, masks) if folder == "Anomaly" else None
            samples.append(class_sample(image, composed(folder), names, split, mask))
    missing = sum(bool(sample.defective) and sample.masks is None for sample in samples)
    notes = [f"{counted(missing, 'image')} without a mask: extent not known."] * bool(missing)
    if not splits:
        notes.append("There is no split_csv/1cls.csv beside this folder, so the published split is not known.")
    words = with_splits_in_words("VisA (Data/Images, Data/Masks)", (sample.split for sample in samples))
    return Found(words, samples, defect_classes(samples), notes)


def _splits(root: Path) -> dict[str, Split | None]:
    """The published split by the image's path from the folder above, for this object alone."""
    table = next((root.parent / name for name in _SPLITS if (root.parent / name).is_file()), None)
    if table is None:
        return {}
    rows = [row for row in read_rows(table) if row.get("object") == root.resolve().name]
    return {row["image"].replace("\\", "/"): split_of(row.get("split", "")) for row in rows if row.get("image")}


VISA = Layout("visa", "VisA's object folder: Data/Images/{Normal,Anomaly}, Data/Masks/Anomaly", _is_visa, _read)
