"""The application: routes, what guards them, and how errors are said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version as version_of

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from blemish.serving.guard import Guard
from blemish.serving.metrics import Measured
from blemish.serving.refusals import say_errors
from blemish.serving.routes import (
    access,
    detectors,
    findings,
    health,
    honeypots,
    inference_protocol,
    inspect,
    jobs,
    labels,
    page,
    proposals,
    published,
    reviews,
    trainings,
)
from blemish.serving.service import Service

_CLEAN_EVERY_S = 3600.0
_DESCRIPTION = 'Inspect images, keep what was found, review it. Errors are one sentence: {"error": "…"}.'


def create_app(service: Service) -> FastAPI:
    """The ASGI application of a service. Its lifespan ends the service.

    Args:
        service: what it works with.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.jobs.start()
        service.trainings.start()
        cleaning = asyncio.create_task(_clean(service))
        try:
            yield
        finally:
            cleaning.cancel()
            await run_in_threadpool(service.close)

    app = FastAPI(
        title="blemish",
        version=version_of("blemish"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.service = service
    groups = (published, inspect, jobs, detectors, findings, reviews, proposals, labels, trainings, honeypots, access)
    for group in (*groups, health, inference_protocol, page):
        app.include_router(group.router)
    say_errors(app)
    app.add_middleware(Guard, settings=service.settings)
    app.add_middleware(Measured, metrics=service.metrics)
    return app


async def _clean(service: Service) -> None:
    """Remove what has become too old, once an hour."""
    while True:
        await asyncio.sleep(_CLEAN_EVERY_S)
        await run_in_threadpool(service.clean)
