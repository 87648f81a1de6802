"""Is the server alive, is it ready, what has it counted: for machines that watch it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from blemish.serving.answers import Problem
from blemish.serving.metrics import CONTENT_TYPE
from blemish.serving.refusals import RefusalError
from blemish.serving.service import Service, Serving

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """That all is well."""

    status: str = "ok"


@router.get("/livez")
async def live() -> Health:
    """The server answers."""
    return Health()


@router.get("/readyz", responses={503: {"model": Problem}})
def ready(service: Serving) -> Health:
    """The database and every detector answer, too."""
    check_ready(service)
    return Health()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(service: Serving) -> Response:
    """What Prometheus reads. It names no image, and needs no key."""
    service.metrics.waiting.set(service.queue.waiting)
    for answering in service.detectors.all():
        service.metrics.drift.labels(answering.name).set(answering.doubt is not None)
    return Response(service.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def check_ready(service: Service) -> None:
    """Raise where something that an inspection needs is missing: DBAPIError or RefusalError."""
    service.database.check()
    if service.detectors.broken:
        told = "; ".join(f"{name}: {reason}" for name, reason in sorted(service.detectors.broken.items()))
        raise RefusalError(503, f"Detectors could not be loaded: {told}", retry_after_s=60)
