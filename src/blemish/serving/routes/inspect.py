"""``POST /v1/inspect``: images in, findings out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from blemish.serving.access.callers import Operator
from blemish.serving.answers import Inspected, InspectedImages, Problem
from blemish.serving.inspecting import Outcome
from blemish.serving.pictures import in_base64, mask_png, overlay_jpeg, run_lengths
from blemish.serving.routes.documenting import multipart
from blemish.serving.service import Serving
from blemish.serving.uploads import measuring_in, read_form

router = APIRouter(tags=["inspection"])
_MASKS = ("none", "rle", "png")


@router.post(
    "/v1/inspect",
    response_model=InspectedImages,
    responses={
        422: {"model": InspectedImages, "description": "none of the images could be inspected"},
        413: {"model": Problem},
        429: {"model": Problem},
        503: {"model": Problem},
    },
    openapi_extra=multipart(
        {
            "file": ("one image or several", "files"),
            "detector": ("its name; the first one where it is left out", "string"),
            "mm_per_px": ("millimetres per pixel, for widths in millimetres and grades", "number"),
            "grades": ("grade scale for the largest widths; eurocode-2 where there is a scale", "string"),
            "measure": ("whether cracks are measured; where it is left out, by a detector of cracks", "boolean"),
            "mask": ("how the mask is given; none where it is left out", "none|rle|png"),
            "overlay": ("whether the image with what was found drawn on it is given; false", "boolean"),
            "store": ("whether finding and image are kept for review; true", "boolean"),
        },
        required=["file"],
    ),
)
async def inspect(request: Request, service: Serving, caller: Operator) -> Response:
    """Inspect images. One that cannot be inspected has its reason in `finding.error`; the others are inspected."""
    form = await read_form(request, max_files=service.settings.limits.max_images)
    mask, overlay = form.choice("mask", _MASKS), bool(form.flag("overlay"))
    outcomes = await service.inspect(
        form.files,
        caller,
        detector=form.fields.get("detector"),
        measuring=measuring_in(form),
        keep=form.flag("store") is not False,
    )

    def answer() -> bytes:
        results = [_inspected(outcome, finding_id, mask, overlay) for outcome, finding_id in outcomes]
        return InspectedImages(results=results).model_dump_json().encode()

    failed = all(outcome.inspection.error is not None for outcome, _ in outcomes)
    return Response(await run_in_threadpool(answer), 422 if failed else 200, media_type="application/json")


def _inspected(outcome: Outcome, finding_id: str | None, mask: str, overlay: bool) -> Inspected:
    found = outcome.inspection
    outlined = found.mask if found.mask is not None and found.mask.any() else None
    return Inspected(
        id=finding_id,
        detector=outcome.answering.name,
        detector_sha=outcome.answering.sha,
        finding=found.finding,
        mask=run_lengths(outlined) if mask == "rle" and outlined is not None else None,
        mask_png=in_base64(mask_png(outlined)) if mask == "png" and outlined is not None else None,
        overlay_jpeg=in_base64(overlay_jpeg(found)) if overlay and found.pixels is not None else None,
    )
