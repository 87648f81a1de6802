"""Who did what: one row for every act that changed something, in the act's own transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.serving.store.tables import AuditRow, new_id, now_ms
from blemish.text import printable

_MAX_TARGET = 500


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        name: of the key, or ``local`` where none is needed.
        address: where the request came from.
    """

    name: str
    address: str = ""


def note(session: Session, actor: Actor, action: str, target: str = "") -> None:
    """Write down an act."""
    row = AuditRow(
        id=new_id(),
        created_ms=now_ms(),
        actor=actor.name[:255],
        address=actor.address[:64],
        action=action,
        target=printable(target)[:_MAX_TARGET],
    )
    session.add(row)


def read_audit(session: Session, *, before: str | None, limit: int) -> list[AuditRow]:
    """The newest acts first; ``before`` an id goes on from there."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(AuditRow.id < before)))
