"""Findings in the database: added, filtered, paged by cursor, and reviewed without a lost update."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from blemish.findings import UNDECIDED, VERDICTS, Finding, to_line
from blemish.serving.answers import Decision, State
from blemish.serving.refusals import RefusalError, not_found
from blemish.serving.store.tables import FindingRow, ReviewRow, new_id, now_ms

Order = Literal["worst", "newest"]
STATE_AFTER: dict[Decision, State] = {
    "approve": "approved",
    "reject": "rejected",
    "correct": "corrected",
    "reopen": "open",
}
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a finding beside itself when it is stored; contents go by their SHA-256."""

    detector: str
    detector_sha: str
    inspected_by: str
    image_sha: str
    view_sha: str | None = None
    thumb_sha: str | None = None
    mask_sha: str | None = None
    map_sha: str | None = None
    map_range: tuple[float, float] | None = None
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction makes of a finding: its mask, and what was measured and drawn of it."""

    mask_sha: str
    thumb_sha: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Filters:
    """Which findings are meant; None: all."""

    verdict: Sequence[str] = ()
    state: Sequence[str] = ()
    detector: str | None = None
    text: str | None = None
    job: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    ids: Sequence[str] = ()


def add_finding(session: Session, finding: Finding, kept: Kept) -> str:
    """Store a finding that has a score.

    Returns:
        Its id.
    """
    low, high = kept.map_range or (None, None)
    row = FindingRow(
        id=new_id(),
        created_ms=now_ms(),
        version=1,
        state="open",
        image=finding.image,
        verdict=finding.verdict,
        verdict_rank=len(VERDICTS) if finding.verdict is None else VERDICTS.index(finding.verdict),
        score=finding.score or 0.0,
        detector=kept.detector,
        detector_sha=kept.detector_sha,
        inspected_by=kept.inspected_by,
        job=kept.job,
        image_sha=kept.image_sha,
        view_sha=kept.view_sha,
        thumb_sha=kept.thumb_sha,
        mask_sha=kept.mask_sha,
        map_sha=kept.map_sha,
        map_low=low,
        map_high=high,
        record=to_line(finding),
    )
    session.add(row)
    session.flush()
    return row.id


def get_finding(session: Session, finding_id: str) -> FindingRow:
    """A finding. Raises RefusalError where there is none."""
    row = session.get(FindingRow, finding_id)
    if row is None:
        raise not_found("such finding")
    return row


def held(row: FindingRow) -> Finding:
    """What holds of a finding: as it was corrected, or else as the detector found it."""
    return Finding.model_validate_json(row.corrected_record or row.record)


def mask_of(row: FindingRow) -> str | None:
    """The mask that holds; None where nothing was outlined."""
    return row.corrected_sha or row.mask_sha


def page_of(
    session: Session, filters: Filters, *, order: Order, cursor: str | None, limit: int
) -> tuple[list[FindingRow], str | None, int]:
    """Some findings, the cursor of the next ones, and how many there are.

    A cursor stays right while findings are added: it names the last finding that was seen, not a number.

    Raises:
        RefusalError: the cursor is not one.
    """
    total = session.scalar(select(func.count()).select_from(_filtered(filters).subquery())) or 0
    query = _ordered(_filtered(filters), order).limit(limit + 1)
    if cursor is not None:
        query = query.where(_after(order, _read_cursor(cursor, order)))
    rows = list(session.scalars(query))
    more = len(rows) > limit
    return rows[:limit], _cursor(rows[limit - 1], order) if more else None, int(total)


def every_finding(session: Session, filters: Filters) -> Iterator[FindingRow]:
    """All that the filters let through, the oldest first."""
    query = _filtered(filters).where(FindingRow.known_id.is_(None))
    yield from session.scalars(query.order_by(FindingRow.id).execution_options(yield_per=_BATCH))


def scores_of(session: Session, filters: Filters) -> list[tuple[float, str | None]]:
    """Score and verdict of all that the filters let through: what a histogram is drawn from."""
    query = _filtered(filters).where(FindingRow.known_id.is_(None))
    found = session.execute(query.with_only_columns(FindingRow.score, FindingRow.verdict))
    return [(score, verdict) for score, verdict in found]


def scores_over_time(session: Session, detector_sha: str, limit: int) -> list[tuple[int, float, str | None]]:
    """Time, score and verdict of the latest findings of a detector's version, the oldest first; no undecided ones."""
    columns = (FindingRow.created_ms, FindingRow.score, FindingRow.verdict)
    query = select(*columns).where(FindingRow.detector_sha == detector_sha, FindingRow.known_id.is_(None))
    query = (
        query.where(func.coalesce(FindingRow.verdict, "").not_in(UNDECIDED)).order_by(FindingRow.id.desc()).limit(limit)
    )
    return [(time_ms, score, verdict) for time_ms, score, verdict in session.execute(query)][::-1]


def review(
    session: Session,
    finding_id: str,
    version: int | None,
    decision: Decision,
    *,
    tags: Sequence[str],
    comment: str,
    reviewer: str,
    corrected: Corrected | None = None,
) -> ReviewRow:
    """Decide about a finding.

    Args:
        session: of the database.
        finding_id: which.
        version: the one that the reviewer saw; None decides whatever happened since.
        decision: approve, reject, correct or reopen.
        tags: why, in words.
        comment: why, in a sentence.
        reviewer: who.
        corrected: what a correction brings; any other decision ends the correction that stands.

    Raises:
        RefusalError: 404 where there is no such finding, 412 where somebody else has decided since.
    """
    # The first statement writes, so that two reviewers meet here and nowhere later.
    change = update(FindingRow).where(FindingRow.id == finding_id)
    if version is not None:
        change = change.where(FindingRow.version == version)
    done: Any = session.execute(
        change.values(
            version=FindingRow.version + 1,
            state=STATE_AFTER[decision],
            corrected_sha=None if corrected is None else corrected.mask_sha,
            corrected_thumb_sha=None if corrected is None else corrected.thumb_sha,
            corrected_record=None if corrected is None else to_line(corrected.finding),
        ),
        execution_options={"synchronize_session": False},
    )
    row = get_finding(session, finding_id)
    session.refresh(row)
    if done.rowcount == 0:
        raise RefusalError(412, "Somebody else has decided about this finding since; look at it again.")
    decided = ReviewRow(
        id=new_id(),
        finding_id=finding_id,
        version=row.version,
        decision=decision,
        tags=json.dumps(list(tags), ensure_ascii=False),
        comment=comment,
        mask_sha=None if corrected is None else corrected.mask_sha,
        reviewer=reviewer,
        created_ms=now_ms(),
    )
    session.add(decided)
    return decided


def reviews_of(session: Session, finding_id: str) -> list[ReviewRow]:
    """All decisions about a finding, the first one first."""
    return list(
        session.scalars(select(ReviewRow).where(ReviewRow.finding_id == finding_id).order_by(ReviewRow.version))
    )


def every_review(session: Session) -> Iterator[ReviewRow]:
    """All decisions, the first one first; of each finding the last one counts."""
    yield from session.scalars(select(ReviewRow).order_by(ReviewRow.id).execution_options(yield_per=_BATCH))


def reviews_page(session: Session, *, after: str | None, limit: int) -> list[ReviewRow]:
    """Decisions about any finding but copies of known images, the first one first, from behind an id on."""
    copies = select(FindingRow.id).where(FindingRow.known_id.is_not(None))
    query = select(ReviewRow).where(ReviewRow.finding_id.not_in(copies)).order_by(ReviewRow.id).limit(limit)
    return list(session.scalars(query if after is None else query.where(ReviewRow.id > after)))


def remove_older(session: Session, before_ms: int) -> int:
    """Remove findings that were made before a time, and their reviews; how many."""
    done: Any = session.execute(delete(FindingRow).where(FindingRow.created_ms < before_ms))
    return int(done.rowcount)


def contents_in_use(session: Session) -> set[str]:
    """The digests of all pictures that findings refer to."""
    columns = (
        FindingRow.image_sha,
        FindingRow.view_sha,
        FindingRow.thumb_sha,
        FindingRow.mask_sha,
        FindingRow.map_sha,
        FindingRow.corrected_thumb_sha,
    )
    found = {sha for row in session.execute(select(*columns)) for sha in row if sha is not None}
    return found | set(session.scalars(select(ReviewRow.mask_sha).where(ReviewRow.mask_sha.is_not(None))))


def _filtered(filters: Filters) -> Select[Any]:
    # Copies of known images are in the queue as others are, and nowhere once they are decided about.
    conditions: list[ColumnElement[bool]] = [or_(FindingRow.known_id.is_(None), FindingRow.state == "open")]
    for column, wanted in (
        (FindingRow.verdict, filters.verdict),
        (FindingRow.state, filters.state),
        (FindingRow.id, filters.ids),
    ):
        if wanted:
            conditions.append(column.in_(wanted))
    if filters.detector is not None:
        conditions.append(FindingRow.detector == filters.detector)
    if filters.job is not None:
        conditions.append(FindingRow.job == filters.job)
    if filters.text:
        conditions.append(func.lower(FindingRow.image).contains(filters.text.lower(), autoescape=True))
    if filters.since_ms is not None:
        conditions.append(FindingRow.created_ms >= filters.since_ms)
    if filters.until_ms is not None:
        conditions.append(FindingRow.created_ms < filters.until_ms)
    return select(FindingRow).where(*conditions)


def _ordered(query: Select[Any], order: Order) -> Select[Any]:
    if order == "newest":
        return query.order_by(FindingRow.id.desc())
    return query.order_by(FindingRow.verdict_rank, FindingRow.score.desc(), FindingRow.id)


def _after(order: Order, last: list[Any]) -> ColumnElement[bool]:
    if order == "newest":
        return FindingRow.id < str(last[0])
    rank, score, finding_id = last
    same_rank = FindingRow.verdict_rank == rank
    return or_(
        FindingRow.verdict_rank > rank,
        and_(same_rank, FindingRow.score < score),
        and_(same_rank, FindingRow.score == score, FindingRow.id > finding_id),
    )


def _cursor(row: FindingRow, order: Order) -> str:
    last = [row.id] if order == "newest" else [row.verdict_rank, row.score, row.id]
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: Order) -> list[Any]:
    kinds: tuple[type | tuple[type, ...], ...] = (str,) if order == "newest" else (int, (int, float), str)
    try:
        last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        last = None
    if (
        not isinstance(last, list)
        or len(last) != len(kinds)
        or not all(
            isinstance(value, kind) and not isinstance(value, bool) for value, kind in zip(last, kinds, strict=True)
        )
    ):
        raise RefusalError(422, 'That is no cursor of this order; take it from "next" of the page before.')
    return last
