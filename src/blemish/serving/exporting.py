"""Findings of the store as the folder that ``blemish inspect`` writes, exported by `blemish.reports`, in one zip."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from blemish.errors import did_you_mean
from blemish.findings import FINDINGS_NAME, MASKS_NAME, Finding, to_line
from blemish.inspection.names import unique_names
from blemish.inspection.provenance import describe_run
from blemish.reports.document import read_document
from blemish.reports.exports import FORMATS, export
from blemish.serving.refusals import RefusalError
from blemish.serving.service import Service
from blemish.serving.store import findings
from blemish.serving.store.findings import Filters
from blemish.serving.store.tables import FindingRow

_ARCHIVE = "blemish-findings.zip"


def write_archive(service: Service, filters: Filters, formats: Sequence[str]) -> FileResponse:
    """A zip of what the filters let through.

    Args:
        service: holds the store.
        filters: which findings.
        formats: names out of `blemish.reports.exports.FORMATS`.

    Raises:
        RefusalError: an unknown format, or no finding.
        MissingExtraError: a format needs an extra that is not installed.
    """
    wanted = list(dict.fromkeys(name.strip() for name in formats if name.strip()))
    for name in wanted:
        if name not in FORMATS:
            raise RefusalError(422, f'There is no export format "{name}".{did_you_mean(name, FORMATS)}')
    work = Path(tempfile.mkdtemp(prefix="blemish-export-"))
    try:
        folder = work / "findings"
        with service.database.transaction() as session:
            _write_folder(session, service, filters, folder)
        export(read_document(folder), wanted, folder)
        archive = work / _ARCHIVE
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
            for file in sorted(folder.rglob("*")):
                target.write(file, file.relative_to(folder))
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    clean = BackgroundTask(shutil.rmtree, work, ignore_errors=True)
    return FileResponse(archive, media_type="application/zip", filename=_ARCHIVE, background=clean)


def _write_folder(session: Session, service: Service, filters: Filters, folder: Path) -> None:
    rows = list(findings.every_finding(session, filters))
    if not rows:
        raise RefusalError(404, "There is no finding to export; ask for others.")
    (folder / MASKS_NAME).mkdir(parents=True)
    answering = service.detectors.get(rows[-1].detector)
    describe_run(answering.detector).model_copy(update={"folder": str(folder)}).write(folder)
    with (folder / FINDINGS_NAME).open("w", encoding="utf-8", newline="\n") as lines:
        for finding in _renamed(rows, service, folder):
            lines.write(to_line(finding) + "\n")


def _renamed(rows: Sequence[FindingRow], service: Service, folder: Path) -> Iterable[Finding]:
    """Findings under names that differ, each with its mask and its image beside it."""
    names = unique_names([Path(row.id, row.image) for row in rows])
    for row, name in zip(rows, names, strict=True):
        finding, mask_sha = findings.held(row), findings.mask_of(row)
        mask_file = None
        if mask_sha is not None:
            mask_file = f"{MASKS_NAME}/{name}.png"
            (folder / mask_file).write_bytes(service.pictures.read(mask_sha))
        path = str(service.pictures.path(row.image_sha).absolute())
        yield finding.model_copy(update={"name": name, "mask_file": mask_file, "path": path})
