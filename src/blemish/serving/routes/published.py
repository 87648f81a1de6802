"""``/imageai``, as the published crack classifier answers it (Park, "concrete-crack-detection", 2024).

An image by name out of a folder, or an uploaded one, and one sentence in Korean: positive (a crack) or negative.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from blemish.detectors import Measuring
from blemish.findings import UNDECIDED
from blemish.serving.access.callers import Caller, Operator
from blemish.serving.answers import Problem
from blemish.serving.inspecting import Upload
from blemish.serving.refusals import RefusalError
from blemish.serving.routes.documenting import multipart
from blemish.serving.service import Service, Serving
from blemish.serving.uploads import read_form

router = APIRouter(tags=["as published"], responses={404: {"model": Problem}, 422: {"model": Problem}})


class Recognised(BaseModel):
    """The published answer."""

    result: str = Field(examples=["이미지 인식 결과: 00623.jpg --> positive"])


@router.get("/imageai")
async def recognise_named(
    service: Serving,
    caller: Operator,
    name: Annotated[str, Query(description="of an image in the folder of --images", examples=["00623.jpg"])],
    detector: Annotated[str | None, Query(description="its name; the first one where it is left out")] = None,
) -> Recognised:
    """Look at an image of the server's folder."""
    data = await run_in_threadpool(_read_named, service.settings.images, name)
    return await _recognise(service, caller, Upload(name, data), detector)


@router.post(
    "/imageai",
    openapi_extra=multipart(
        {
            "file": ("the image", "file"),
            "name": ("what the answer calls it; the file's name where it is left out", "string"),
            "detector": ("its name; the first one where it is left out", "string"),
        },
        required=["file"],
    ),
)
async def recognise_uploaded(request: Request, service: Serving, caller: Operator) -> Recognised:
    """Look at an uploaded image."""
    form = await read_form(request, max_files=1)
    upload = form.files[0]
    name = form.fields.get("name") or upload.name
    if _climbs(name):
        raise _no_such_image(name)
    return await _recognise(service, caller, Upload(name, upload.data), form.fields.get("detector"))


async def _recognise(service: Service, caller: Caller, upload: Upload, detector: str | None) -> Recognised:
    ((outcome, _),) = await service.inspect(
        [upload], caller, detector=detector, measuring=Measuring(cracks=False), keep=False
    )
    finding = outcome.inspection.finding
    if finding.error is not None:
        raise RefusalError(422, finding.error)
    if finding.verdict is None or finding.verdict in UNDECIDED:
        reason = "; ".join(finding.notes) or "its detector has no thresholds"
        raise RefusalError(422, f'"{upload.name}" cannot be judged: {reason}.')
    answer = "negative" if finding.verdict == "pass" else "positive"
    return Recognised(result=f"이미지 인식 결과: {upload.name} --> {answer}")


def _read_named(folder: Path | None, name: str) -> bytes:
    if folder is None:
        raise RefusalError(404, "This server has no folder of images; start it with --images DIR, or POST the image.")
    if _climbs(name):
        raise _no_such_image(name)
    try:
        root = folder.resolve(strict=True)
        # Links are followed first: one that leads out of the folder is not in it.
        path = (root / name).resolve(strict=True)
        if not path.is_relative_to(root) or not path.is_file():
            raise _no_such_image(name)
        return path.read_bytes()
    except (OSError, ValueError):
        raise _no_such_image(name) from None


def _climbs(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return "\0" in name or parts[0] == "" or ".." in parts or ":" in parts[0]


def _no_such_image(name: str) -> RefusalError:
    return RefusalError(404, f'There is no image "{name}" in the folder.')
