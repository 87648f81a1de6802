"""``/v1/jobs``: a zip of images, or a folder of the server's images, inspected in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import StreamingResponse

from blemish.serving.access.callers import Caller, Operator
from blemish.serving.answers import JobStatus, Problem, when
from blemish.serving.jobs.queue import IMAGES_NAME, Running, new_request
from blemish.serving.jobs.unpacking import unpack
from blemish.serving.refusals import RefusalError
from blemish.serving.routes.documenting import multipart
from blemish.serving.service import Service, Serving
from blemish.serving.store.audit import note
from blemish.serving.uploads import Form, measuring_in, opened_form

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses={404: {"model": Problem}})
_LOOK_EVERY_S = 0.5
_ENDED = {"done", "cancelled", "failed"}


@router.post(
    "",
    status_code=202,
    responses={413: {"model": Problem}, 422: {"model": Problem}, 429: {"model": Problem}},
    openapi_extra=multipart(
        {
            "archive": ("a zip of images", "file"),
            "folder": ("instead: the name of a folder in that of --images", "string"),
            "detector": ("its name; the first one where it is left out", "string"),
            "mm_per_px": ("millimetres per pixel, for widths in millimetres and grades", "number"),
            "grades": ("grade scale for the largest widths; eurocode-2 where there is a scale", "string"),
            "measure": ("whether cracks are measured; where it is left out, by a detector of cracks", "boolean"),
        },
        required=[],
    ),
)
async def begin_job(request: Request, service: Serving, caller: Operator) -> JobStatus:
    """Begin a job. Once this is answered, no restart loses it; its findings carry its id."""
    async with opened_form(request, max_files=1) as (files, fields):
        form = Form((), fields)
        return await run_in_threadpool(_begin, service, caller, form, files[0] if files else None)


@router.get("")
def list_jobs(service: Serving, caller: Operator) -> list[JobStatus]:
    """All jobs, the newest first."""
    del caller
    return [status_of(job) for job in service.jobs.all()]


@router.get("/{job_id}")
def show_job(job_id: str, service: Serving, caller: Operator) -> JobStatus:
    """How far a job is."""
    del caller
    return status_of(service.jobs.get(job_id))


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def watch_job(job_id: str, service: Serving, caller: Operator) -> StreamingResponse:
    """How far a job is, as server-sent events, until it ends."""
    del caller
    job = service.jobs.get(job_id)

    async def events() -> AsyncIterator[str]:
        told = ""
        while True:
            status = status_of(job)
            if (now := status.model_dump_json()) != told:
                yield f"event: {status.state}\ndata: {now}\n\n"
                told = now
            if status.state in _ENDED:
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    return StreamingResponse(events(), media_type="text/event-stream")


@router.delete("/{job_id}")
def cancel_job(job_id: str, service: Serving, caller: Operator) -> JobStatus:
    """End a job after the images in hand. What it found stays."""
    job = service.jobs.cancel(job_id)
    with service.database.transaction() as session:
        note(session, caller.actor, "job.cancel", job_id)
    return status_of(job)


def status_of(job: Running) -> JobStatus:
    """A job as it is answered."""
    request, progress = job.request, job.progress
    return JobStatus(
        id=request.id,
        state=request.state,
        error=request.error,
        detector=request.detector,
        by=request.by,
        created=when(request.created_ms),
        done=progress.done,
        total=request.total,
        failed=progress.failed,
        left_s=progress.left_s if request.state == "running" else None,
    )


def _begin(service: Service, caller: Caller, form: Form, archive: UploadFile | None) -> JobStatus:
    measuring_in(form)  # what makes no sense is said now and not by the job
    answering = service.detectors.get(form.fields.get("detector"))
    folder_name = form.fields.get("folder")
    if (archive is None) == (not folder_name):
        raise RefusalError(422, 'Send either a zip as "archive", or the name of a "folder".')
    if folder_name:
        service.jobs.source_of(folder_name)
    job_id, folder = service.jobs.new_folder()
    try:
        if archive is not None:
            unpack(archive.file, Path(folder) / IMAGES_NAME)
        request = new_request(
            job_id,
            caller.name,
            answering.name,
            mm_per_px=form.number("mm_per_px"),
            grades=form.fields.get("grades") or None,
            measure=form.flag("measure"),
            source=folder_name or None,
        )
        with service.database.transaction() as session:
            note(session, caller.actor, "job.begin", job_id)
        service.jobs.add(request)
    except BaseException:
        service.jobs.discard(job_id)
        raise
    return status_of(service.jobs.get(job_id))
