"""An optional ``groups.csv`` (path,group) beside the images: which of them show one part, wall or lot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from blemish.datasets.readers.folders import counted
from blemish.datasets.readers.layout import Found
from blemish.datasets.readers.tables import beside, header_of, read_rows
from blemish.errors import DataError

FILE_NAME = "groups.csv"


def with_groups(found: Found, root: Path) -> Found:
    """Samples with the groups of ``groups.csv``, where there is one; groups that are known already stay.

    Raises:
        DataError: the table lacks its columns.
    """
    table = (root if root.is_dir() else root.parent) / FILE_NAME
    if not table.is_file():
        return found
    if not {"path", "group"} <= set(header_of(table)):
        raise DataError(f'The table "{table}" must have the columns path,group.')
    groups = {beside(table.parent, row["path"]): row["group"] for row in read_rows(table)}
    samples = [replace(sample, group=sample.group or groups.get(sample.path) or None) for sample in found.samples]
    strangers = len(groups.keys() - {sample.path for sample in samples})
    count = len({sample.group for sample in samples if sample.group is not None})
    notes = [f"{counted(count, 'group')} from {FILE_NAME}."]
    notes += [f"{counted(strangers, 'row')} of {FILE_NAME} without an image here."] * bool(strangers)
    return replace(found, samples=samples, notes=found.notes + notes)
