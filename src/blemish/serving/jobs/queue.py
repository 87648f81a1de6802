"""The jobs of a server, one after another: begun, watched, cancelled, and gone on with after a restart.

What a job is stands in ``job-request.json`` of its folder, how far it is in the shards of its job folder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from blemish.errors import BlemishError
from blemish.files import write_text
from blemish.inspection.job import Images, Job, JobOptions
from blemish.inspection.progress import Progress
from blemish.serving.jobs.ingesting import Ingestion
from blemish.serving.jobs.unpacking import remove_folder
from blemish.serving.one_by_one import OneByOne, read_records
from blemish.serving.refusals import RefusalError, not_found
from blemish.serving.registry import Registry
from blemish.serving.scales import measuring_of
from blemish.serving.store import Blobs, Database
from blemish.serving.store.tables import new_id, now_ms

_LOG = logging.getLogger("blemish.serving")
JobState = Literal["waiting", "running", "done", "cancelled", "failed"]
_REQUEST_NAME = "job-request.json"
IMAGES_NAME, _FOUND_NAME = "images", "found"
_ENDED: set[JobState] = {"done", "cancelled", "failed"}
_MAX_UNFINISHED = 50


class JobRequest(BaseModel):
    """What a job is, as it is kept on disk."""

    id: str
    by: str
    detector: str
    mm_per_px: float | None = None
    grades: str | None = None
    measure: bool | None = None
    source: str | None = None
    created_ms: int
    state: JobState = "waiting"
    error: str | None = None
    done: int = 0
    failed: int = 0
    total: int | None = None


@dataclass(slots=True)
class Running:
    """A job in memory."""

    request: JobRequest
    progress: Progress = field(default_factory=lambda: Progress(0, None))
    cancelled: bool = False
    stop: Callable[[], None] | None = None


class JobQueue(OneByOne):
    """Works on jobs in one thread; begin it with `start`.

    Args:
        root: folder of all jobs.
        images: folder that jobs may name sources in; None: none may.
        detectors: what inspects.
        database: where findings go.
        pictures: where pictures go.
        honeypots: as in `ServeSettings`.
    """

    def __init__(
        self,
        root: Path,
        images: Path | None,
        detectors: Registry,
        database: Database,
        pictures: Blobs,
        honeypots: float,
    ) -> None:
        super().__init__("job")
        self._root = root.absolute()
        self._images = images
        self._detectors = detectors
        self._database = database
        self._pictures = pictures
        self._honeypots = honeypots
        self._jobs: dict[str, Running] = {}

    def start(self) -> None:
        """Take up what an earlier server left, and begin."""
        for request in read_records(self._root, _REQUEST_NAME, JobRequest, "job"):
            self._jobs[request.id] = Running(request, Progress(request.done, request.total, request.failed))
            if request.state not in _ENDED:
                self._waiting.append(request.id)
        self._worker.start()

    def new_folder(self) -> tuple[str, Path]:
        """A folder for a job to come, and its id. Raises RefusalError where too many wait."""
        with self._changed:
            if sum(job.request.state not in _ENDED for job in self._jobs.values()) >= _MAX_UNFINISHED:
                raise RefusalError(429, "As many jobs wait as the server takes on; try again.", retry_after_s=60)
        job_id = new_id()
        folder = self._root / job_id
        (folder / IMAGES_NAME).mkdir(parents=True)
        return job_id, folder

    def add(self, request: JobRequest) -> JobRequest:
        """Begin a job when its turn comes. From the return on it is on disk, and no restart loses it."""
        self._detectors.get(request.detector)
        with self._changed:
            self._jobs[request.id] = Running(request)
            self._save(request)
            self._waiting.append(request.id)
            self._changed.notify_all()
        return request

    def discard(self, job_id: str) -> None:
        """Remove the folder of a job that was not added."""
        remove_folder(self._root / job_id)

    def get(self, job_id: str) -> Running:
        """A job. Raises RefusalError where there is none."""
        with self._changed:
            if job_id not in self._jobs:
                raise not_found("such job")
            return self._jobs[job_id]

    def all(self) -> list[Running]:
        """All jobs, the newest first."""
        with self._changed:
            return [self._jobs[job_id] for job_id in sorted(self._jobs, reverse=True)]

    def cancel(self, job_id: str) -> Running:
        """End a job after the images in hand; what it found stays. Raises RefusalError where there is none."""
        job = self.get(job_id)
        with self._changed:
            if job.request.state in _ENDED:
                return job
            job.cancelled = True
            if job.stop is not None:
                job.stop()
            else:
                self._end(job, "cancelled")
        return job

    def source_of(self, name: str) -> Path:
        """A folder below that of the server's images. Raises RefusalError where there is none."""
        if self._images is None:
            raise RefusalError(404, "This server has no folder of images; start it with --images DIR, or send a zip.")
        root = self._images.resolve()
        try:
            path = (root / name).resolve(strict=True)
        except (OSError, ValueError):
            path = Path()
        if not path.is_relative_to(root) or not path.is_dir():
            raise RefusalError(404, f'There is no folder "{name}" in the folder of images.')
        return path

    def close(self) -> None:
        """Stop after the images in hand; the next server goes on."""
        with self._changed:
            self._closing = True
            for job in self._jobs.values():
                if job.stop is not None:
                    job.stop()
        super().close()

    def _run(self, piece: str) -> None:
        job = self._jobs[piece]
        if job.request.state in _ENDED:
            return
        request = job.request
        folder = self._root / request.id
        answering = self._detectors.get(request.detector)
        options = JobOptions(
            measuring=measuring_of(request.mm_per_px, request.grades, cracks=request.measure), overlays=False
        )
        found = folder / _FOUND_NAME
        source = folder / IMAGES_NAME if request.source is None else self.source_of(request.source)
        places = (self._database, self._pictures)
        ingestion = Ingestion(request.id, found, answering, request.by, *places, self._honeypots)
        with Images([source]) as images, Job(found, answering.detector, options) as work:
            with self._changed:
                job.stop = work.cancel
                if job.cancelled or self._closing:
                    work.cancel()
                self._set(job, state="running", total=len(images))
            ingestion.catch_up()
            for event in work.run(images):
                ingestion.add(event.finding)
                job.progress = event.progress
            if self._closing and not job.cancelled and job.progress.done < len(images):
                return
            work.finish(report=False)
        self._end(job, "cancelled" if job.cancelled else "done")

    def _wait(self, piece: str, error: Exception) -> None:
        with self._changed:
            self._jobs[piece].stop = None
        super()._wait(piece, error)

    def _fail(self, piece: str, error: str) -> None:
        self._end(self._jobs[piece], "failed", error)

    def _end(self, job: Running, state: JobState, error: str | None = None) -> None:
        with self._changed:
            job.stop = None
            progress = job.progress
            total = progress.total if progress.total is not None else job.request.total
            self._set(job, state=state, error=error, done=progress.done, failed=progress.failed, total=total)
        # What was found is in the store by now.
        remove_folder(self._root / job.request.id / IMAGES_NAME)

    def _set(self, job: Running, **changes: object) -> None:
        job.request = job.request.model_copy(update=changes)
        try:
            self._save(job.request)
        except (BlemishError, OSError) as error:
            # The next server takes the job for unfinished, finds its images answered, and ends it.
            _LOG.warning("job %s cannot be written: %s", job.request.id, error)

    def _save(self, request: JobRequest) -> None:
        write_text(self._root / request.id / _REQUEST_NAME, request.model_dump_json() + "\n")


def new_request(job_id: str, by: str, detector: str, **more: object) -> JobRequest:
    """A job that begins now."""
    return JobRequest.model_validate({"id": job_id, "by": by, "detector": detector, "created_ms": now_ms(), **more})
