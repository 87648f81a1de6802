"""From a job's folder into the store: each finding once, however often the job was interrupted."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from blemish.errors import BlemishError
from blemish.findings import Finding
from blemish.images import load_image, read_image
from blemish.images.options import DEFAULT_OPTIONS
from blemish.inspection.job.assembling import read_job
from blemish.reports.overlays import map_range_of
from blemish.serving.pictures import thumbnail_jpeg, view_jpeg
from blemish.serving.registry import Answering
from blemish.serving.store import Blobs, Database
from blemish.serving.store.findings import Kept, add_finding
from blemish.serving.store.honeypots import mix_in
from blemish.serving.store.tables import FindingRow


class Ingestion:
    """Puts findings of one job into the store.

    Args:
        job: its id.
        folder: of the job's findings.
        answering: what inspects.
        by: who asked for the job.
        database: where findings go.
        pictures: where pictures go.
        honeypots: as in `ServeSettings`.
    """

    def __init__(
        self,
        job: str,
        folder: Path,
        answering: Answering,
        by: str,
        database: Database,
        pictures: Blobs,
        honeypots: float,
    ) -> None:
        self._job = job
        self._folder = folder
        self._answering = answering
        self._by = by
        self._database = database
        self._pictures = pictures
        self._honeypots = honeypots

    def catch_up(self) -> None:
        """Take over what earlier runs have inspected and not stored."""
        with self._database.transaction() as session:
            known = set(
                session.scalars(
                    select(FindingRow.image).where(FindingRow.job == self._job, FindingRow.known_id.is_(None))
                )
            )
        for _, finding in read_job(self._folder):
            if finding.image not in known:
                self.add(finding)

    def add(self, finding: Finding) -> None:
        """Take one finding over; one with an error stays in the job's folder alone.

        Raises:
            BlemishError: its image is gone.
            DBAPIError: the database is away.
        """
        if finding.error is not None or finding.file is None:
            return
        self._answering.watch(finding)
        kept = self._keep(finding, finding.file)
        with self._database.transaction() as session:
            # The store knows images by name, not by where the server keeps them.
            plain = finding.model_copy(update={"path": None, "mask_file": None, "map_file": None})
            mix_in(session, add_finding(session, plain, kept), self._honeypots)

    def _keep(self, finding: Finding, file: Path) -> Kept:
        put, spec = self._pictures.put, self._answering.detector.spec
        pixels = load_image(file, self._answering.detector.read_options(DEFAULT_OPTIONS)).pixels
        mask = None if finding.mask_file is None else read_image(self._folder / finding.mask_file)[..., 0] > 127
        limits = spec.thresholds
        return Kept(
            detector=self._answering.name,
            detector_sha=self._answering.sha,
            inspected_by=self._by,
            image_sha=put(_bytes(file)),
            view_sha=put(view_jpeg(pixels)),
            thumb_sha=put(thumbnail_jpeg(pixels, mask)),
            mask_sha=None if finding.mask_file is None else put(_bytes(self._folder / finding.mask_file)),
            map_sha=None if finding.map_file is None else put(_bytes(self._folder / finding.map_file)),
            map_range=map_range_of(limits.reject if limits.pixel is None else limits.pixel),
            job=self._job,
        )


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise BlemishError(f'"{file.name}" is gone from the job\'s folder.') from None
