"""``/v1/reviews``: decisions of people about findings, without a lost update."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from blemish.serving.access.callers import Operator
from blemish.serving.answers import Problem, Review, ReviewRequest, when
from blemish.serving.corrections import keep_correction
from blemish.serving.refusals import RefusalError
from blemish.serving.service import Serving
from blemish.serving.store import findings
from blemish.serving.store.audit import note
from blemish.serving.store.tables import ReviewRow

router = APIRouter(prefix="/v1/reviews", tags=["reviews"], responses={404: {"model": Problem}})


@router.post(
    "",
    status_code=201,
    response_model=Review,
    responses={412: {"model": Problem, "description": "somebody else has decided since"}, 428: {"model": Problem}},
)
def decide(
    review: ReviewRequest,
    service: Serving,
    caller: Operator,
    if_match: Annotated[str | None, Header(description="ETag of the finding as it was looked at")] = None,
) -> Response:
    """Approve, reject, correct or reopen a finding. If-Match names what was looked at; ``*`` decides all the same."""
    version = _version(if_match)
    corrected = keep_correction(service, review)
    with service.database.transaction() as session:
        row = findings.review(
            session,
            review.finding_id,
            version,
            review.decision,
            tags=[plain_text(tag) for tag in review.tags],
            comment=plain_text(review.comment),
            reviewer=caller.name,
            corrected=corrected,
        )
        note(session, caller.actor, f"review.{review.decision}", review.finding_id)
    headers = {"ETag": f'"{row.version}"'}
    return Response(reviewed(row).model_dump_json(), 201, headers, "application/json")


@router.get("")
def list_all_reviews(
    service: Serving,
    caller: Operator,
    after: Annotated[
        str | None, Query(max_length=32, pattern="^[0-9a-f]*$", description="id of the last one seen")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Review]:
    """Decisions about any finding, the first one first: what labels are made from."""
    del caller
    with service.database.transaction() as session:
        return [reviewed(row) for row in findings.reviews_page(session, after=after, limit=limit)]


def reviewed(row: ReviewRow) -> Review:
    """A row as it is answered."""
    return Review(
        id=row.id,
        finding_id=row.finding_id,
        version=row.version,
        decision=row.decision,
        tags=json.loads(row.tags),
        comment=row.comment,
        has_mask=row.mask_sha is not None,
        reviewer=row.reviewer,
        created=when(row.created_ms),
    )


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        raise RefusalError(428, "Name what you looked at: send the finding's ETag as If-Match.")
    given = if_match.strip().removeprefix("W/").strip('"')
    if given == "*":
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > 9:
        raise RefusalError(422, 'If-Match is the ETag of a finding, as "3".')
    return int(given)


def plain_text(text: str) -> str:
    """Text that every database takes."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
