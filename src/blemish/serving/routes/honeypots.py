"""``/v1/honeypots``: known images that are mixed into the queue, and how reviewers decide about them; for engineers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from blemish.calibration.exact import at_least
from blemish.serving.access.callers import Engineer
from blemish.serving.answers import Problem, when
from blemish.serving.service import Serving
from blemish.serving.store import honeypots
from blemish.serving.store.audit import note

router = APIRouter(prefix="/v1/honeypots", tags=["honeypots"], responses={404: {"model": Problem}})
_CONFIDENCE = 0.95


class KnownImage(BaseModel):
    """An image that is mixed into the queue again."""

    finding_id: str
    image: str
    truth: Literal["approve", "reject"] = Field(description="the decision that is right")
    added_by: str
    created: datetime
    right: int = Field(description="decisions about its copies that were right")
    wrong: int


class ReviewerTally(BaseModel):
    """How a reviewer decided about known images."""

    reviewer: str
    caught: int = Field(description="real defects that were confirmed")
    missed: int = Field(description="real defects that were dismissed")
    dismissed: int = Field(description="false alarms that were dismissed")
    confirmed: int = Field(description="false alarms that were confirmed")
    recall_at_least: float | None = Field(
        description="fraction of real defects that are confirmed, at least, with 95 % confidence; null without any"
    )


class Honeypots(BaseModel):
    """Known images in the queue, and what they say about the reviewers."""

    fraction: float = Field(description="known images for each new one, on average")
    known: list[KnownImage]
    reviewers: list[ReviewerTally]


class KnownRequest(BaseModel):
    """Whether an image is mixed into the queue again."""

    model_config = ConfigDict(extra="forbid")

    truth: Literal["approve", "reject"] | None = Field(description="the decision that is right; null: no longer")


@router.get("")
def show_honeypots(service: Serving, caller: Engineer) -> Honeypots:
    """Known images, and how each reviewer has decided about them."""
    del caller
    with service.database.transaction() as session:
        known = honeypots.known_findings(session)
        by_reviewer, by_image = honeypots.tallies(session)
    reviewers = []
    for name, tally in sorted(by_reviewer.items()):
        defects = tally.caught + tally.missed
        reviewers.append(
            ReviewerTally(
                reviewer=name,
                caught=tally.caught,
                missed=tally.missed,
                dismissed=tally.dismissed,
                confirmed=tally.confirmed,
                recall_at_least=at_least(tally.caught, defects, _CONFIDENCE) if defects else None,
            )
        )
    images = [
        KnownImage(
            finding_id=row.id,
            image=row.image,
            truth=mark.truth,
            added_by=mark.added_by,
            created=when(mark.created_ms),
            right=tally.caught + tally.dismissed,
            wrong=tally.missed + tally.confirmed,
        )
        for mark, row in known
        for tally in [by_image.get(row.id, honeypots.Tally())]
    ]
    return Honeypots(fraction=service.settings.honeypots, known=images, reviewers=reviewers)


@router.put("/{finding_id}", status_code=204, response_class=Response, responses={409: {"model": Problem}})
def set_honeypot(finding_id: str, wanted: KnownRequest, service: Serving, caller: Engineer) -> Response:
    """Mix an image into the queue again, with the decision that is right; null ends it."""
    with service.database.transaction() as session:
        honeypots.set_known(session, finding_id, wanted.truth, caller.name)
        note(session, caller.actor, "honeypot.set", f"{finding_id} {wanted.truth or 'no longer'}")
    return Response(status_code=204)
