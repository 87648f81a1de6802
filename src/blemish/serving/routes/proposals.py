"""``/v1/reviews/proposals``: the open findings that are most worth a decision."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from blemish.serving import answers
from blemish.serving.access.callers import Operator
from blemish.serving.answers import Problem, Proposals
from blemish.serving.learning.proposals import propose
from blemish.serving.routes.findings import Text, stored
from blemish.serving.service import Serving

router = APIRouter(prefix="/v1/reviews/proposals", tags=["learning"], responses={404: {"model": Problem}})


@router.get("", response_model=Proposals)
def list_proposals(
    service: Serving,
    caller: Operator,
    detector: Annotated[Text, Query(description="its name; the first one where it is left out")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Open findings near a threshold, and among these such that differ: in the order in which to decide about them."""
    del caller
    answering = service.detectors.get(detector)
    with service.database.transaction() as session:
        proposed = [
            answers.Proposal(finding=stored(each.row), rank_distance=each.rank_distance)
            for each in propose(session, service.pictures, answering, limit)
        ]
    return Response(Proposals(proposals=proposed).model_dump_json(), media_type="application/json")
