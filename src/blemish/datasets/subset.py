"""A table of some images of a data set, so many of each class: to train on 1,000 + 1,000 of METU's 40,000 patches."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import Counter, defaultdict
from pathlib import Path

from blemish.datasets.identity import relative_name
from blemish.datasets.masks import FileMask
from blemish.datasets.readers.manifest import COLUMNS
from blemish.datasets.sample import Dataset, Sample
from blemish.errors import DataError
from blemish.files import write_text


def write_subset(dataset: Dataset, table: Path, *, per_class: int, seed: int = 0) -> Counter[str]:
    """Draw images of each class and write their paths into a table, which `read_dataset` reads; nothing is copied.

    The draw depends on the images' names and the seed alone. Splits and groups are kept; a class with fewer images
    comes whole.

    Args:
        dataset: labelled images, with at most one mask file each.
        table: the csv to write, with the columns ``path,label,mask,split,group``.
        per_class: how many images of each label, at least 1.
        seed: another seed, another draw.

    Returns:
        How many images were taken, by label.

    Raises:
        DataError: no images, ``per_class`` below 1, or masks that such a table cannot name.
        BlemishError: the table cannot be written.
    """
    if per_class < 1:
        raise DataError(f"At least one image of each class must be taken; got {per_class}.")
    if not dataset.samples:
        raise DataError(f'"{dataset.root}" has no images to choose from.')
    by_label: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(dataset.samples, key=lambda sample: _rank(dataset, sample, seed)):
        by_label[sample.label].append(sample)
    chosen = {sample.path for samples in by_label.values() for sample in samples[:per_class]}
    rows = [_row(sample, Path(table)) for sample in dataset.samples if sample.path in chosen]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *rows])
    write_text(Path(table), text.getvalue())
    return Counter({label: min(per_class, len(samples)) for label, samples in sorted(by_label.items())})


def _rank(dataset: Dataset, sample: Sample, seed: int) -> str:
    return hashlib.sha256(f"{seed}:subset:{relative_name(dataset, sample)}".encode()).hexdigest()


def _row(sample: Sample, table: Path) -> tuple[str, ...]:
    masks = sample.masks or ()
    sources = [mask.source for mask in masks if isinstance(mask.source, FileMask)]
    if len(masks) > 1 or len(sources) < len(masks):
        raise DataError(
            f'The mask of "{sample.path}" is no file of its own, which is all that a table can name; '
            "train on the whole data set."
        )
    mask = _from(table, sources[0].path) if sources else ""
    return _from(table, sample.path), sample.label, mask, sample.split or "", sample.group or ""


def _from(table: Path, path: Path) -> str:
    """The path as seen from the table's folder; absolute where there is no such way (another drive)."""
    try:
        return os.path.relpath(path.resolve(), table.resolve().parent).replace(os.sep, "/")
    except ValueError:
        return str(path.resolve())
