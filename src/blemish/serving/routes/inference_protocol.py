"""``/v2``: the Open Inference Protocol, as clients of Triton, OpenVINO Model Server and KServe speak it.

A model is a detector; its input is an image of any size, its outputs are the score, the anomaly map (of several classes
the largest of their maps) and the verdict.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version as version_of
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from blemish.serving.access.callers import Operator
from blemish.serving.answers import Problem
from blemish.serving.refusals import RefusalError
from blemish.serving.registry import Answering
from blemish.serving.routes.health import check_ready
from blemish.serving.service import Service, Serving
from blemish.serving.tensors import JSON_LENGTH_HEADER, Output, read_request, write_answer

router = APIRouter(tags=["Open Inference Protocol v2"], responses={400: {"model": Problem}, 404: {"model": Problem}})
_EXTENSIONS = ["binary_tensor_data"]


@router.get("/v2")
@router.get("/v2/", include_in_schema=False)
def server_metadata(caller: Operator) -> dict[str, Any]:
    """Which server this is."""
    del caller
    return {"name": "blemish", "version": version_of("blemish"), "extensions": _EXTENSIONS}


@router.get("/v2/health/live")
def server_live() -> dict[str, bool]:
    """The server answers."""
    return {"live": True}


@router.get("/v2/health/ready", responses={503: {"model": Problem}})
def server_ready(service: Serving) -> dict[str, bool]:
    """The database and every detector answer, too."""
    check_ready(service)
    return {"ready": True}


@router.get("/v2/models/{name}")
@router.get("/v2/models/{name}/versions/{version}", include_in_schema=False)
def model_metadata(name: str, service: Serving, caller: Operator, version: str | None = None) -> dict[str, Any]:
    """What a detector takes and gives."""
    del caller
    answering = _model(service, name, version)
    outputs = [{"name": "score", "datatype": "FP32", "shape": [-1]}]
    if answering.detector.spec.localises:
        outputs.append({"name": "map", "datatype": "FP32", "shape": [-1, -1, -1]})
    outputs.append({"name": "verdict", "datatype": "BYTES", "shape": [-1]})
    return {
        "name": name,
        "versions": [answering.sha[:12]],
        "platform": "blemish",
        "inputs": [{"name": "image", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}],
        "outputs": outputs,
    }


@router.get("/v2/models/{name}/ready")
@router.get("/v2/models/{name}/versions/{version}/ready", include_in_schema=False)
def model_ready(name: str, service: Serving, caller: Operator, version: str | None = None) -> dict[str, Any]:
    """A detector answers."""
    del caller
    _model(service, name, version)
    return {"name": name, "ready": True}


@router.post("/v2/models/{name}/infer")
@router.post("/v2/models/{name}/versions/{version}/infer", include_in_schema=False)
async def infer(
    name: str, request: Request, service: Serving, caller: Operator, version: str | None = None
) -> Response:
    """Scores, anomaly maps at the images' own size, and verdicts. Nothing is stored."""
    answering, limits = _model(service, name, version), service.settings.limits
    read = await run_in_threadpool(read_request, await request.body(), request.headers.get(JSON_LENGTH_HEADER))
    images = read.images
    if len(images) > limits.max_images or images[0].size / 3e6 > limits.max_megapixels:
        raise RefusalError(413, f"At most {limits.max_images} images of {limits.max_megapixels:g} megapixels each.")
    service.metrics.batch.observe(len(images))
    works = [partial(_look, answering, np.ascontiguousarray(image)) for image in images]
    found = await service.queue.run(f"{caller.name} {caller.address}", works, deadline_s=limits.deadline_s)
    outputs = [Output("score", np.asarray([score for score, _, _ in found], np.float32))]
    maps = [one for _, one, _ in found if one is not None]
    if maps:
        outputs.append(Output("map", np.stack(maps)))
    outputs.append(Output("verdict", [verdict for _, _, verdict in found]))
    head = {"model_name": name, "model_version": answering.sha[:12], **({} if read.id is None else {"id": read.id})}
    body, json_length = await run_in_threadpool(write_answer, head, outputs, read)
    if json_length is None:
        return Response(body, media_type="application/json")
    return Response(body, media_type="application/octet-stream", headers={JSON_LENGTH_HEADER: str(json_length)})


def _look(answering: Answering, image: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32] | None, str]:
    found = answering.detector.inspect_pixels(image)
    score = found.score
    return score if score is not None else float("nan"), found.anomaly_map, found.verdict or ""


def _model(service: Service, name: str, version: str | None) -> Answering:
    answering = service.detectors.get(name)
    if version not in {None, "", "1", answering.sha[:12]}:
        raise RefusalError(404, f'"{name}" answers as version {answering.sha[:12]} alone.')
    return answering
