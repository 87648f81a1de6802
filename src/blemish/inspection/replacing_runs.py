"""A run into a folder that holds an earlier one: afterwards nothing of the earlier run stands beside the new findings.

The earlier findings and their masks stay as they were until the new run has come to its end, so that a run that is
stopped spoils nothing. Overlays are for looking at while a run goes on: the earlier ones go when it begins.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blemish.errors import DataError
from blemish.findings import FINDINGS_NAME, MAPS_NAME, MASKS_NAME, RUN_RECORD_NAME, VERSION_1_NAME
from blemish.reports.exports import remove_exports

_OVERLAY_SUFFIXES = {".jpg", ".png"}


def check_masks(out: Path) -> None:
    """Refuse a folder whose masks no inspection wrote: a data set's labels would be overwritten.

    Raises:
        DataError: there are such masks, or a file has their folder's name.
    """
    masks = out / MASKS_NAME
    if masks.exists() and not masks.is_dir():
        raise DataError(f'"{masks}" is no folder, so masks cannot be written; choose another folder for the findings.')
    if not (out / FINDINGS_NAME).exists() and masks.is_dir() and any(masks.iterdir()):
        raise DataError(f'"{masks}" holds files that no inspection wrote; choose another folder for the findings.')


def remove_overlays(overlays: Path) -> None:
    """Remove the pictures in a folder of overlays."""
    for picture in list(overlays.iterdir()) if overlays.is_dir() else ():
        if picture.suffix in _OVERLAY_SUFFIXES:
            picture.unlink()


@contextmanager
def replacing_earlier(out: Path) -> Iterator[Path]:
    """Yield a hidden folder for new masks and maps; when the block ends well they take the place of the earlier run's.

    Its exports, its report and its record go as well. Without earlier findings nothing is removed.
    """
    waiting = Path(tempfile.mkdtemp(prefix=".masks.", dir=out))
    try:
        yield waiting
        if (out / FINDINGS_NAME).exists():
            for name in (MASKS_NAME, MAPS_NAME):
                for picture in (out / name).glob("*.png"):
                    picture.unlink()
            remove_exports(out)
            for record in (RUN_RECORD_NAME, VERSION_1_NAME):
                (out / record).unlink(missing_ok=True)
        for name in (MASKS_NAME, MAPS_NAME):
            for picture in sorted((waiting / name).glob("*.png")):
                (out / name).mkdir(exist_ok=True)
                picture.replace(out / name / picture.name)
            if (out / name).is_dir() and not any((out / name).iterdir()):
                (out / name).rmdir()
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
