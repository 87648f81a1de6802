"""Everything that routes use: detectors, queue, store, limits. One for a server."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from blemish.detectors import Measuring
from blemish.serving.access.callers import Caller, FailedKeys
from blemish.serving.access.keys import Role, count_admins, create_key
from blemish.serving.inspecting import Outcome, Upload, inspect_upload, sources_of
from blemish.serving.jobs.queue import JobQueue
from blemish.serving.learning.trainings import Trainings
from blemish.serving.metrics import Metrics
from blemish.serving.queueing import FairQueue
from blemish.serving.registry import Registry
from blemish.serving.settings import ServeSettings
from blemish.serving.store import Blobs, Database
from blemish.serving.store.audit import Actor, note
from blemish.serving.store.findings import Kept, add_finding, contents_in_use, remove_older
from blemish.serving.store.honeypots import mix_in
from blemish.serving.store.tables import now_ms

_LOG = logging.getLogger("blemish.serving")
_DAY_MS = 24 * 3600 * 1000
# Pictures this young may belong to a finding that is being stored.
_GRACE_S = 3600.0


class Service:
    """What a server works with.

    Args:
        settings: how it starts.

    Attributes:
        first_key: the first admin's key, where one was given just now: to be shown once.

    Raises:
        BlemishError: no detector, or a database or store that cannot be used.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.pictures = Blobs(settings.store / "pictures")
        self.detectors = Registry(settings, self.database, Blobs(settings.store / "detectors"))
        self.queue = FairQueue(self.detectors.workers, settings.limits.max_waiting)
        self.failed_keys = FailedKeys(settings.limits.max_failed_keys)
        self.metrics = Metrics()
        jobs = settings.store / "jobs"
        self.jobs = JobQueue(jobs, settings.images, self.detectors, self.database, self.pictures, settings.honeypots)
        self.trainings = Trainings(settings.store / "trainings", self.detectors, self.database, self.pictures)
        self.first_key = self._give_first_key()
        self.clean()

    async def inspect(
        self, uploads: Sequence[Upload], caller: Caller, *, detector: str | None, measuring: Measuring, keep: bool
    ) -> list[tuple[Outcome, str | None]]:
        """Inspect images of one request, and store what was found.

        Args:
            uploads: images.
            caller: who asks; callers take turns.
            detector: its name; None takes the default one.
            measuring: what is measured, in which scale.
            keep: whether findings and pictures are stored.

        Returns:
            What came of each, with the id of the stored finding; None where it was not stored.

        Raises:
            RefusalError: no such detector, too much to do, or the deadline has passed.
        """
        answering = self.detectors.get(detector)
        limits = self.settings.limits
        self.metrics.batch.observe(len(uploads))
        works = [
            partial(
                inspect_upload,
                upload,
                source,
                answering,
                measuring,
                max_megapixels=limits.max_megapixels,
                keep=keep,
            )
            for upload, source in zip(uploads, sources_of(uploads), strict=True)
        ]
        client = f"{caller.name} {caller.address}"
        outcomes = await self.queue.run(client, works, deadline_s=limits.deadline_s)
        for outcome in outcomes:
            self.metrics.count(answering.name, outcome.inspection.finding)
        if not keep:
            return [(outcome, None) for outcome in outcomes]
        ids = await run_in_threadpool(self._store, outcomes, caller)
        return list(zip(outcomes, ids, strict=True))

    def clean(self) -> None:
        """Remove what is older than the settings keep, and pictures that no finding refers to."""
        if self.settings.keep_days is None:
            return
        with self.database.transaction() as session:
            removed = remove_older(session, now_ms() - int(self.settings.keep_days * _DAY_MS))
            in_use = contents_in_use(session)
            if removed:
                note(session, Actor("retention"), "findings.remove", f"{removed} findings")
        for sha in set(self.pictures.all()) - in_use:
            if time.time() - self.pictures.path(sha).stat().st_mtime > _GRACE_S:
                self.pictures.remove(sha)

    def close(self) -> None:
        """End the workers and let go of the database."""
        self.jobs.close()
        self.trainings.close()
        self.queue.close()
        self.database.close()

    def _store(self, outcomes: Sequence[Outcome], caller: Caller) -> list[str | None]:
        # Files first: a finding in the database never lacks its pictures.
        kept = [self._keep(outcome, caller) for outcome in outcomes]
        with self.database.transaction() as session:
            ids = [
                None if one is None else add_finding(session, outcome.inspection.finding, one)
                for outcome, one in zip(outcomes, kept, strict=True)
            ]
            for finding_id in filter(None, ids):
                mix_in(session, finding_id, self.settings.honeypots)
        return ids

    def _keep(self, outcome: Outcome, caller: Caller) -> Kept | None:
        pictures = outcome.pictures
        if pictures is None:
            return None
        put = self.pictures.put
        return Kept(
            detector=outcome.answering.name,
            detector_sha=outcome.answering.sha,
            inspected_by=caller.name,
            image_sha=put(outcome.upload.data),
            view_sha=put(pictures.view),
            thumb_sha=put(pictures.thumb),
            mask_sha=None if pictures.mask is None else put(pictures.mask),
            map_sha=None if pictures.anomaly_map is None else put(pictures.anomaly_map),
            map_range=outcome.inspection.map_range,
        )

    def _give_first_key(self) -> str | None:
        if not self.settings.needs_keys:
            return None
        with self.database.transaction() as session:
            if count_admins(session):
                return None
            return create_key(session, "first admin", Role.ADMIN, Actor("command line"))


def service_of(request: Request) -> Service:
    """The service of the application that a request was sent to."""
    service: Service = request.app.state.service
    return service


Serving = Annotated[Service, Depends(service_of)]
