"""A folder that holds something already: what is refused, and what is removed where that is asked for."""

from __future__ import annotations

from pathlib import Path

from blemish.errors import DataError
from blemish.findings import (
    FINDINGS_NAME,
    MASKS_NAME,
    PICTURE_FOLDERS,
    REPORT_NAME,
    RUN_RECORD_NAME,
    TABLE_NAME,
    VERSION_1_NAME,
)
from blemish.inspection.job.lock import SHARDS_NAME
from blemish.inspection.job.record import JOB_NAME
from blemish.inspection.job.shards import has_shards

_PICTURES = {".jpg", ".png"}


def check_folder(out: Path) -> None:
    """Refuse a folder that no job may write into.

    Raises:
        DataError: its masks are no inspection's, so that a data set's labels would be overwritten; or its findings are
            no job's.
    """
    masks = out / MASKS_NAME
    if masks.exists() and not masks.is_dir():
        raise DataError(f'"{masks}" is no folder, so masks cannot be written; choose another folder for the findings.')
    if (out / JOB_NAME).exists():
        return
    if (out / FINDINGS_NAME).exists() or has_shards(out):
        raise DataError(
            f'"{out}" holds findings that no job wrote, so nothing can be added to them; choose another folder, or '
            "give --anew to discard what it holds."
        )
    if masks.is_dir() and any(masks.iterdir()):
        raise DataError(f'"{masks}" holds files that no inspection wrote; choose another folder for the findings.')


def discard(out: Path) -> None:
    """Remove an inspection with its pictures and exports; files of other names stay.

    Without an inspection nothing is removed.
    """
    if not ((out / FINDINGS_NAME).exists() or (out / JOB_NAME).exists()):
        return
    from blemish.reports.exports import remove_exports  # here, for runs that discard nothing

    # The job's record goes last: as long as it is there, what is left is known to be an inspection's.
    remove_exports(out)
    for pattern in ("*.jsonl", "*.part"):
        for shard in (out / SHARDS_NAME).glob(pattern):
            shard.unlink()
    for name in PICTURE_FOLDERS:
        pictures = out / name
        for picture in list(pictures.iterdir()) if pictures.is_dir() else ():
            if picture.suffix in _PICTURES:
                picture.unlink()
        if pictures.is_dir() and not any(pictures.iterdir()):
            pictures.rmdir()
    for name in (TABLE_NAME, RUN_RECORD_NAME, VERSION_1_NAME, FINDINGS_NAME, JOB_NAME):
        (out / name).unlink(missing_ok=True)


def remove_leftovers(out: Path) -> None:
    """Remove what a killed run had begun to write, beside its targets."""
    for name in PICTURE_FOLDERS:
        for unfinished in (out / name).glob(".*"):
            unfinished.unlink()
    for target in (FINDINGS_NAME, TABLE_NAME, RUN_RECORD_NAME, JOB_NAME, REPORT_NAME):
        stem, suffix = target.split(".")
        for unfinished in out.glob(f".{stem}.*.{suffix}"):
            unfinished.unlink()
