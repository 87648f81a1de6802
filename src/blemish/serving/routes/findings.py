"""``/v1/findings``: filter, page, look at, export."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, Response

from blemish.findings import Verdict
from blemish.serving.access.callers import Operator
from blemish.serving.answers import Page, Problem, Review, State, Stored, when
from blemish.serving.exporting import write_archive
from blemish.serving.refusals import RefusalError, not_found
from blemish.serving.routes.reviews import plain_text, reviewed
from blemish.serving.service import Serving
from blemish.serving.store import findings
from blemish.serving.store.audit import note
from blemish.serving.store.findings import Filters
from blemish.serving.store.tables import FindingRow
from blemish.serving.trends import Trend, trend_of

router = APIRouter(prefix="/v1/findings", tags=["findings"], responses={404: {"model": Problem}})
_PICTURES = {
    "view": "image/jpeg",
    "thumb": "image/jpeg",
    "mask": "image/png",
    "map": "image/png",
    "corrected": "image/png",
}

# Longer than any name here; NUL is text to no database.
Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


def filters_of(
    verdict: Annotated[list[Verdict], Query(description="one or several")] = [],  # noqa: B006
    state: Annotated[list[State], Query(description="one or several")] = [],  # noqa: B006
    detector: Text = None,
    text: Annotated[Text, Query(description="a part of the image's name")] = None,
    job: Text = None,
    since: Annotated[datetime | None, Query(description="made then or later, ISO 8601")] = None,
    until: Annotated[datetime | None, Query(description="made before then, ISO 8601")] = None,
) -> Filters:
    """The filters that a request names."""
    return Filters(verdict, state, detector, text, job, _ms(since), _ms(until))


Filtered = Annotated[Filters, Depends(filters_of)]


class PlaceRequest(BaseModel):
    """Which place an image shows."""

    model_config = ConfigDict(extra="forbid")

    place: str | None = Field(max_length=255, description="any name; null: images of the same name show the same place")


class Histogram(BaseModel):
    """All scores that the filters let through, ascending, with their verdicts."""

    scores: list[float]
    verdicts: list[str | None]


@router.get("", response_model=Page)
def list_findings(
    service: Serving,
    caller: Operator,
    filters: Filtered,
    order: Annotated[Literal["worst", "newest"], Query()] = "worst",
    cursor: Annotated[str | None, Query(max_length=300, description='"next" of the page before')] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Findings, the worst or the newest first."""
    del caller
    with service.database.transaction() as session:
        rows, following, total = findings.page_of(session, filters, order=order, cursor=cursor, limit=limit)
    page = Page(findings=[stored(row) for row in rows], next=following, total=total)
    return Response(page.model_dump_json(), media_type="application/json")


@router.get("/scores")
def list_scores(service: Serving, caller: Operator, filters: Filtered) -> Histogram:
    """What a histogram is drawn from."""
    del caller
    with service.database.transaction() as session:
        found = sorted(findings.scores_of(session, filters), key=lambda pair: pair[0])
    return Histogram(scores=[score for score, _ in found], verdicts=[verdict for _, verdict in found])


@router.get(
    "/export",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}}, 422: {"model": Problem}},
)
def export_findings(
    service: Serving,
    caller: Operator,
    filters: Filtered,
    formats: Annotated[str, Query(alias="format", max_length=200, description="one or several, with commas")] = "csv",
) -> FileResponse:
    """What the filters let through as a zip: findings.jsonl, run.json, masks, and the formats that were asked for."""
    archive = write_archive(service, filters, formats.split(","))
    with service.database.transaction() as session:
        note(session, caller.actor, "findings.export", formats)
    return archive


@router.get("/{finding_id}", response_model=Stored)
def show_finding(finding_id: str, service: Serving, caller: Operator) -> Response:
    """One finding; its ETag is what a review names in If-Match."""
    del caller
    with service.database.transaction() as session:
        row = findings.get_finding(session, finding_id)
    headers = {"ETag": f'"{row.version}"'}
    return Response(stored(row).model_dump_json(), media_type="application/json", headers=headers)


@router.get("/{finding_id}/reviews")
def list_reviews(finding_id: str, service: Serving, caller: Operator) -> list[Review]:
    """All decisions about a finding, the first one first."""
    del caller
    with service.database.transaction() as session:
        findings.get_finding(session, finding_id)
        return [reviewed(row) for row in findings.reviews_of(session, finding_id)]


@router.get("/{finding_id}/trend")
def show_trend(finding_id: str, service: Serving, caller: Operator) -> Trend:
    """What became of its cracks since earlier images of the same place: of the same name where no place was given."""
    del caller
    return trend_of(service, finding_id)


@router.put("/{finding_id}/place", response_model=Stored)
def set_place(finding_id: str, wanted: PlaceRequest, service: Serving, caller: Operator) -> Response:
    """Say which place an image shows."""
    place = plain_text(wanted.place or "").strip() or None
    with service.database.transaction() as session:
        row = findings.get_finding(session, finding_id)
        row.place = place
        note(session, caller.actor, "finding.place", f"{finding_id} {place or ''}")
    return Response(stored(row).model_dump_json(), media_type="application/json")


@router.get("/{finding_id}/{picture}", response_class=Response, responses={200: {"content": {"image/*": {}}}})
def show_picture(
    finding_id: str,
    picture: Literal["view", "thumb", "mask", "map", "image", "corrected"],
    service: Serving,
    caller: Operator,
) -> Response:
    """A picture: view and thumb (JPEG), mask and map (PNG), image, the file as it was sent, to download; or corrected,
    the mask of the correction that stands (PNG)."""
    del caller
    with service.database.transaction() as session:
        row = findings.get_finding(session, finding_id)
    sha: str | None = getattr(row, f"{picture}_sha")
    if picture == "thumb":
        sha = row.corrected_thumb_sha or sha
    if sha is None:
        raise not_found(f"{picture} of this finding")
    # But for corrections the content never changes under this address; the page adds a version to that of a thumbnail.
    headers = {"Cache-Control": "no-store" if picture == "corrected" else "private, max-age=31536000, immutable"}
    if picture == "image":
        headers["Content-Disposition"] = f'attachment; filename="{_ascii(row.image)}"'
    kind = _PICTURES.get(picture, "application/octet-stream")
    return Response(service.pictures.read(sha), media_type=kind, headers=headers)


def stored(row: FindingRow) -> Stored:
    """A row as it is answered."""
    has_map = row.map_low is not None and row.map_high is not None and row.map_sha is not None
    return Stored(
        id=row.id,
        version=row.version,
        state=row.state,
        created=when(row.created_ms),
        detector=row.detector,
        detector_sha=row.detector_sha,
        inspected_by=row.inspected_by,
        job=row.job,
        map_range=(row.map_low, row.map_high) if has_map else None,
        place=row.place,
        corrected=row.corrected_record is not None,
        has_mask=findings.mask_of(row) is not None,
        detector_mask=row.mask_sha is not None,
        finding=findings.held(row),
    )


def _ms(time: datetime | None) -> int | None:
    if time is None:
        return None
    try:
        return int(time.timestamp() * 1000)
    except (OverflowError, ValueError, OSError):
        raise RefusalError(422, "That time lies outside of what clocks show.") from None


def _ascii(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name.rpartition("/")[2]) or "image"
