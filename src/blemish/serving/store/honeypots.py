"""Known images, mixed into the queue as if they were new: how reviewers decide about them measures the reviewers.

A copy is a finding of its own. Until it is decided about, nothing tells it from others; from then on it is in no list,
and at no time in an export, a histogram or a label.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from blemish.findings import Finding, to_line
from blemish.serving.refusals import RefusalError
from blemish.serving.store.findings import get_finding
from blemish.serving.store.tables import FindingRow, KnownRow, ReviewRow, new_id, now_ms

Truth = Literal["approve", "reject"]
_CHANCE = random.SystemRandom()


@dataclass(slots=True)
class Tally:
    """How a reviewer decided about known images, or how reviewers decided about one.

    Attributes:
        caught: real defects that were confirmed.
        missed: real defects that were dismissed.
        dismissed: false alarms that were dismissed.
        confirmed: false alarms that were confirmed.
    """

    caught: int = 0
    missed: int = 0
    dismissed: int = 0
    confirmed: int = 0

    def add(self, truth: str, decision: str) -> None:
        """Count a decision; a correction confirms that there is a defect."""
        is_right = (decision == "reject") == (truth == "reject")
        if truth == "reject":
            self.dismissed += is_right
            self.confirmed += not is_right
        else:
            self.caught += is_right
            self.missed += not is_right


def set_known(session: Session, finding_id: str, truth: Truth | None, by: str) -> None:
    """Have a finding shown again as a known image, or no longer.

    Args:
        session: of the database.
        finding_id: which.
        truth: the decision that is right; None ends it. What was counted stays counted.
        by: who says so.

    Raises:
        RefusalError: there is no such finding, or it is a copy of a known image.
    """
    row = get_finding(session, finding_id)
    if row.known_id is not None:
        raise RefusalError(409, "This is a known image already, shown again.")
    known = session.get(KnownRow, finding_id)
    if truth is None:
        if known is not None:
            session.delete(known)
    elif known is None:
        session.add(KnownRow(finding_id=finding_id, truth=truth, added_by=by, created_ms=now_ms()))
    else:
        known.truth = truth


def mix_in(session: Session, finding_id: str, fraction: float) -> None:
    """Beside a finding that was just stored, perhaps put a copy of a known image.

    Args:
        session: of the database.
        finding_id: the new finding.
        fraction: how probable that is.
    """
    if fraction <= 0 or _CHANCE.random() >= fraction:
        return
    new = get_finding(session, finding_id)
    query = select(KnownRow, FindingRow).join(FindingRow, FindingRow.id == KnownRow.finding_id)
    # Of the same detector, since scores and maps of another one would tell it apart.
    drawn = session.execute(query.where(FindingRow.detector == new.detector).order_by(func.random()).limit(1)).first()
    if drawn is None:
        return
    known, old = drawn
    # It seems to come from where the new one does.
    image = str(PurePosixPath(new.image).parent / PurePosixPath(old.image).name)
    kept = {column.name: getattr(old, column.name) for column in FindingRow.__table__.columns}
    kept |= {
        "id": new_id(),
        "created_ms": now_ms(),
        "version": 1,
        "state": "open",
        "image": image,
        "inspected_by": new.inspected_by,
        "job": new.job,
        "place": None,
        "record": to_line(Finding.model_validate_json(old.record).model_copy(update={"image": image})),
        "corrected_sha": None,
        "corrected_thumb_sha": None,
        "corrected_record": None,
        "known_id": old.id,
        "known_truth": known.truth,
    }
    session.add(FindingRow(**kept))


def known_findings(session: Session) -> list[tuple[KnownRow, FindingRow]]:
    """What is mixed in, the latest first."""
    query = select(KnownRow, FindingRow).join(FindingRow, FindingRow.id == KnownRow.finding_id)
    return [(known, row) for known, row in session.execute(query.order_by(KnownRow.created_ms.desc()))]


def tallies(session: Session) -> tuple[dict[str, Tally], dict[str, Tally]]:
    """How each reviewer decided about known images, and how each known image was decided about, by its id."""
    by_reviewer: dict[str, Tally] = defaultdict(Tally)
    by_image: dict[str, Tally] = defaultdict(Tally)
    for reviewer, known_id, truth, decision in _decisions(session):
        by_reviewer[reviewer].add(truth, decision)
        by_image[known_id].add(truth, decision)
    return dict(by_reviewer), dict(by_image)


def _decisions(session: Session) -> Iterator[tuple[str, str, str, str]]:
    """The last decision of each reviewer about each copy: reviewer, known image, what is right, what was decided."""
    query = select(ReviewRow, FindingRow.known_id, FindingRow.known_truth)
    query = query.join(FindingRow, FindingRow.id == ReviewRow.finding_id).where(FindingRow.known_id.is_not(None))
    last: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    for review, known_id, truth in session.execute(query.order_by(ReviewRow.id)):
        key = (review.reviewer, review.finding_id)
        if review.decision == "reopen":
            last.pop(key, None)
        else:
            last[key] = (review.reviewer, str(known_id), str(truth), review.decision)
    yield from last.values()
