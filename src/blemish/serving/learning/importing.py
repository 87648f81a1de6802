"""Labels of another tool become decisions: what it left as it was is approved, what it changed is a correction.

A finding that somebody has decided about since stays as it is.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from blemish.datasets import Sample, read_dataset
from blemish.errors import DataError
from blemish.findings import UNDECIDED, Finding
from blemish.serving.answers import Decision, TakenLabels
from blemish.serving.inspecting import Upload
from blemish.serving.jobs.unpacking import unpack
from blemish.serving.learning.label_files import Known, Names, arrange
from blemish.serving.refusals import RefusalError
from blemish.serving.remeasuring import remeasure
from blemish.serving.service import Service
from blemish.serving.store.audit import Actor, note
from blemish.serving.store.findings import get_finding, review
from blemish.serving.store.tables import FindingRow

_MAX_IMAGES = 2000
_MAX_BYTES = 1 << 30
_CHANGED_SINCE = 412


def take_labels(service: Service, upload: Upload, job: str | None, actor: Actor) -> TakenLabels:
    """Decide about findings as labels say.

    Args:
        service: holds the store.
        upload: CVAT for images 1.1 (XML), COCO or labelme (JSON), or a zip of these.
        job: only findings of this job; None takes all.
        actor: who sends them.

    Raises:
        DataError: they cannot be read, or are about other images.
        RefusalError: of too many images.
    """
    with tempfile.TemporaryDirectory(prefix="blemish-labels-") as work:
        sent, arranged = Path(work) / "sent", Path(work) / "arranged"
        sent.mkdir()
        arranged.mkdir()
        _unpack(upload, sent)
        layout, placed = arrange(sent, Names(_findings(service, job)), service.pictures.path, arranged)
        shutil.rmtree(sent)
        if len(placed) > _MAX_IMAGES:
            raise RefusalError(413, f"The labels are about {len(placed)} images, more than {_MAX_IMAGES}; send parts.")
        dataset = read_dataset(arranged, layout=layout)
        counts = dict.fromkeys(("approved", "corrected", "decided_before", "without_extent"), 0)
        for sample in dataset.samples:
            if (known := placed.get(sample.path)) is not None:
                counts[_take(service, sample, known, actor)] += 1
    return TakenLabels(**counts, notes=list(dataset.notes))


def _unpack(upload: Upload, folder: Path) -> None:
    file = folder / Path(upload.name).name
    file.write_bytes(upload.data)
    if zipfile.is_zipfile(file):
        with file.open("rb") as archive:
            unpack(archive, folder / "unpacked", max_bytes=_MAX_BYTES)
        file.unlink()


def _findings(service: Service, job: str | None) -> list[Known]:
    query = select(FindingRow.id, FindingRow.image, FindingRow.image_sha).order_by(FindingRow.id.desc())
    query = query.where(FindingRow.known_id.is_(None))
    if job is not None:
        query = query.where(FindingRow.job == job)
    with service.database.transaction() as session:
        return [Known(*row) for row in session.execute(query)]


def _take(service: Service, sample: Sample, known: Known, actor: Actor) -> str:
    """Decide about one finding; which count it adds to."""
    if sample.masks is None:
        return "without_extent"
    with service.database.transaction() as session:
        row = get_finding(session, known.id)
    if row.state != "open":
        return "decided_before"
    finding = Finding.model_validate_json(row.record)
    if finding.size_px is None:
        return "without_extent"
    width_px, height_px = finding.size_px
    drawn = sample.read_mask(height_px, width_px)
    is_same = finding.verdict not in UNDECIDED and np.array_equal(drawn, _outlined(service, row, drawn.shape))
    # An image that was rejected without an outline, and has none now, is normal: that is a correction.
    is_same = is_same and (bool(drawn.any()) == (finding.verdict != "pass"))
    decision: Decision = "approve" if is_same else "correct"
    corrected = None if is_same else remeasure(service, row, drawn, None)
    try:
        with service.database.transaction() as session:
            review(
                session,
                row.id,
                row.version,
                decision,
                tags=[],
                comment="",
                reviewer=actor.name,
                corrected=corrected,
            )
            note(session, actor, f"review.{decision}", f"{row.id} by labels")
    except RefusalError as error:
        if error.status != _CHANGED_SINCE:
            raise
        return "decided_before"
    return "approved" if is_same else "corrected"


def _outlined(service: Service, row: FindingRow, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if row.mask_sha is None:
        return np.zeros(shape, np.bool_)
    levels = cv2.imdecode(np.frombuffer(service.pictures.read(row.mask_sha), np.uint8), cv2.IMREAD_GRAYSCALE)
    if levels is None:
        raise DataError(f"The mask {row.mask_sha[:12]} of the store is damaged; restore it from a backup.")
    return np.asarray(levels > 127)
