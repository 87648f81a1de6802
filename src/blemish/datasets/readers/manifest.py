"""A table of one's own: CSV with the columns ``path,label[,mask,split,group]``, paths relative to the table."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets.masks import FileMask
from blemish.datasets.readers.class_folders import defect_classes, note_on_normal
from blemish.datasets.readers.csv_files import beside, check_exist, header_of, read_rows
from blemish.datasets.readers.folders import UNLABELLED, NormalNames, composed, look, split_of
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.sample import ClassMask, Sample
from blemish.errors import DataError

FILE_NAME = "manifest.csv"
COLUMNS = ("path", "label", "mask", "split", "group")


def find_table(path: Path) -> Path | None:
    """The manifest itself, or the one in a folder: ``manifest.csv``, else the only table with the right columns."""
    if path.is_dir():
        tables = sorted(file for file in look(path).others if file.suffix.lower() == ".csv")
    else:
        tables = [path] if path.suffix.lower() == ".csv" else []
    fitting = [table for table in tables if {"path", "label"} <= set(header_of(table))]
    named = [table for table in fitting if table.name == FILE_NAME]
    return named[0] if named else fitting[0] if len(fitting) == 1 else None


def _read(path: Path, names: NormalNames) -> Found:
    table = find_table(path)
    assert table is not None
    samples: list[Sample] = []
    masks: list[Path] = []
    for number, row in enumerate(read_rows(table), start=2):
        if not row["path"]:
            raise DataError(f'Row {number} of the table "{table}" has no path.')
        split = split_of(row.get("split", ""))
        if split is None and row.get("split"):
            raise DataError(
                f'Row {number} of the table "{table}" has the split "{row["split"]}"; '
                "it must be train, val, test or empty."
            )
        image = beside(table.parent, row["path"])
        label = composed(row["label"]) or UNLABELLED
        mask = beside(table.parent, row["mask"]) if row.get("mask") else None
        is_normal = label in names
        masks += [mask] if mask is not None and not is_normal else []
        known = (ClassMask(label, FileMask(mask, image)),) if mask is not None else None
        samples.append(
            Sample(
                image,
                label,
                defective=None if label == UNLABELLED else not is_normal,
                masks=() if is_normal and known is None else known,
                split=split,
                group=row.get("group") or None,
            )
        )
    check_exist((sample.path for sample in samples), table)
    check_exist(masks, table, kind="mask")
    return Found(f"table {table.name}", samples, defect_classes(samples), note_on_normal(samples))


MANIFEST = Layout(
    "manifest",
    "a table (CSV) with the columns path,label and, if known, mask,split,group",
    lambda path: find_table(path) is not None,
    _read,
)
