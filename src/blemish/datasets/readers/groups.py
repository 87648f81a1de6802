"""An optional ``groups.csv`` (path,group) beside the images: which of them show one part, wall or lot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from blemish.datasets.readers.csv_files import beside, header_of, read_rows
from blemish.datasets.readers.layout import Found
from blemish.errors import DataError
from blemish.text import counted

FILE_NAME = "groups.csv"


def with_groups(found: Found, root: Path) -> Found:
    """Samples with the groups of ``groups.csv``, where there is one; groups that are known already stay.

    Raises:
        DataError: the table lacks its columns.
    """
    table = (root if root.is_dir() else root.parent) / FILE_NAME
    if not table.is_file():
        return found
    groups = _read(table)
    samples = [replace(sample, group=sample.group or groups.get(sample.path) or None) for sample in found.samples]
    strangers = len(groups.keys() - {sample.path for sample in samples})
    count = len({sample.group for sample in samples if sample.group is not None})
    notes = [f"{counted(count, 'group')} from {FILE_NAME}."]
    notes += [f"{counted(strangers, 'row')} of {FILE_NAME} without an image here."] * bool(strangers)
    return replace(found, samples=samples, notes=found.notes + notes)


def groups_of_images(images: Iterable[Path], given: Iterable[Path]) -> dict[Path, str | None]:
    """The group (camera, line, lot) of each image of some folders.

    Args:
        images: the images, such as `blemish.images.list_images` finds them.
        given: the folders and files that they were found by. A ``groups.csv`` in a folder names the groups of its
            images; in a folder without one each sub-folder directly below it is a group.

    Returns:
        By image, in order; None where neither table nor folder tells.

    Raises:
        DataError: a table lacks its columns.
    """
    folders = [folder for folder in given if folder.is_dir()]
    tables = {folder: _read(folder / FILE_NAME) for folder in folders if (folder / FILE_NAME).is_file()}
    groups: dict[Path, str | None] = {}
    for image in images:
        groups[image] = None
        for folder in folders:
            if folder in tables:
                groups[image] = groups[image] or tables[folder].get(image) or None
            elif image.is_relative_to(folder) and image.parent != folder:
                groups[image] = groups[image] or image.relative_to(folder).parts[0]
    return groups


def _read(table: Path) -> dict[Path, str]:
    if not {"path", "group"} <= set(header_of(table)):
        raise DataError(f'The table "{table}" must have the columns path,group.')
    return {beside(table.parent, row["path"]): row["group"] for row in read_rows(table)}
