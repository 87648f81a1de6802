"""``/v1/detectors``: list, upload, activate, roll back, scores over time.

Loading an uploaded detector runs none of its sender's code.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from blemish.serving.access.callers import Engineer, Operator
from blemish.serving.answers import ActiveDetector, Detectors, DetectorVersion, Problem, ScoreHistory, when
from blemish.serving.drift import score_history
from blemish.serving.refusals import RefusalError
from blemish.serving.routes.documenting import multipart
from blemish.serving.service import Service, Serving
from blemish.serving.store import detectors, findings
from blemish.serving.uploads import read_form

router = APIRouter(
    prefix="/v1/detectors", tags=["detectors"], responses={404: {"model": Problem}, 422: {"model": Problem}}
)

# What a plot of scores is made from: the latest ones.
_MAX_SCORES = 20_000


class Activation(BaseModel):
    """Which version is to answer."""

    model_config = ConfigDict(extra="forbid")

    sha: str = Field(description="SHA-256 of its file", pattern="^[0-9a-f]{64}$")


class Uploaded(BaseModel):
    """A version that was added."""

    name: str
    sha: str


@router.get("")
def list_detectors(service: Serving, caller: Operator) -> Detectors:
    """All detectors: those that answer, all versions, and those that could not be loaded."""
    del caller
    return listed(service)


@router.post(
    "",
    status_code=201,
    openapi_extra=multipart(
        {
            "file": ("a .blemish file", "file"),
            "name": ("what requests call it; the file's name where it is left out", "string"),
        },
        required=["file"],
    ),
)
async def upload_detector(request: Request, service: Serving, caller: Engineer) -> Uploaded:
    """Add a version. It is tried out first, and answers when it is activated, or at once if its name is new."""
    form = await read_form(request, max_files=1)
    file = form.files[0]
    name = form.fields.get("name") or PurePosixPath(file.name).name.removesuffix(".blemish")
    sha = await run_in_threadpool(service.detectors.add, file.data, name, caller.actor)
    return Uploaded(name=name, sha=sha)


@router.get("/{name}")
def show_detector(name: str, service: Serving, caller: Operator) -> ActiveDetector:
    """The version that answers under a name."""
    del caller
    for active in listed(service).active:
        if active.name == name:
            return active
    service.detectors.get(name)
    raise RefusalError(404, "There is no such detector.")


@router.get("/{name}/drift")
def show_drift(name: str, service: Serving, caller: Operator) -> ScoreHistory:
    """How the scores of the version that answers went over time, beside those that calibrated it."""
    del caller
    answering = service.detectors.get(name)
    with service.database.transaction() as session:
        found = findings.scores_over_time(session, answering.sha, _MAX_SCORES)
    return score_history(found, answering.detector.spec.calibration, answering.doubt)


@router.post("/{name}/activate")
def activate_detector(name: str, activation: Activation, service: Serving, caller: Engineer) -> Detectors:
    """Have a version answer from now on."""
    service.detectors.activate(name, activation.sha, caller.actor)
    return listed(service)


@router.post("/{name}/roll-back", responses={409: {"model": Problem}})
def roll_back_detector(name: str, service: Serving, caller: Engineer) -> Detectors:
    """Have the version answer again that did before the present one."""
    service.detectors.roll_back(name, caller.actor)
    return listed(service)


def listed(service: Service) -> Detectors:
    """All detectors as they are now."""
    with service.database.transaction() as session:
        versions = detectors.list_versions(session)
    active = []
    for answering in service.detectors.all():
        spec = answering.detector.spec
        active.append(
            ActiveDetector(
                name=answering.name,
                sha=answering.sha,
                method=spec.method,
                is_default=answering.name == service.detectors.default,
                classes=spec.classes,
                thresholds=spec.thresholds.model_dump(mode="json"),
                calibrated=spec.calibration is not None,
                doubt=answering.doubt,
                card=answering.detector.container.card,
            )
        )
    known = [
        DetectorVersion(
            name=version.name,
            sha=version.sha,
            method=version.method,
            added_by=version.added_by,
            created=when(version.created_ms),
            active=version.active,
        )
        for version in versions
    ]
    return Detectors(active=active, versions=known, broken=service.detectors.broken)
