"""``/v1/labels``: what a labelling tool made of exported findings comes back as decisions."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from blemish.serving.access.callers import Operator
from blemish.serving.answers import Problem, TakenLabels
from blemish.serving.learning.importing import take_labels
from blemish.serving.routes.documenting import multipart
from blemish.serving.service import Serving
from blemish.serving.uploads import read_form

router = APIRouter(prefix="/v1/labels", tags=["learning"])


@router.post(
    "",
    responses={413: {"model": Problem}, 422: {"model": Problem}},
    openapi_extra=multipart(
        {
            "file": ("CVAT for images 1.1 (XML), COCO or labelme (JSON), or a zip of these", "file"),
            "job": ("only findings of this job; all where it is left out", "string"),
        },
        required=["file"],
    ),
)
async def send_labels(request: Request, service: Serving, caller: Operator) -> TakenLabels:
    """Decide as labels say: what was left as it was is approved, what was changed is a correction."""
    form = await read_form(request, max_files=1)
    job = form.fields.get("job") or None
    return await run_in_threadpool(take_labels, service, form.files[0], job, caller.actor)
