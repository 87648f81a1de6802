"""Versions of detectors in the database, and which of each name answers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.serving.refusals import RefusalError, not_found
from blemish.serving.store.tables import ActivationRow, DetectorRow, new_id, now_ms


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a detector.

    Attributes:
        name: what requests call the detector.
        sha: SHA-256 of its file.
        method: what it was trained with.
        added_by: who brought it.
        created_ms: when.
        active: whether it answers under its name.
    """

    name: str
    sha: str
    method: str
    added_by: str
    created_ms: int
    active: bool


def add_version(session: Session, name: str, sha: str, method: str, added_by: str) -> bool:
    """Note a version; False where it was known."""
    if session.get(DetectorRow, (name, sha)) is not None:
        return False
    session.add(DetectorRow(name=name, sha=sha, method=method, added_by=added_by, created_ms=now_ms()))
    session.flush()
    return True


def active_sha(session: Session, name: str) -> str | None:
    """The version that answers; None where none does."""
    current = _current(session, name)
    return None if current is None else current.sha


def list_versions(session: Session) -> list[Version]:
    """All versions, by name and age."""
    rows = session.scalars(select(DetectorRow).order_by(DetectorRow.name, DetectorRow.created_ms)).all()
    active = {name: active_sha(session, name) for name in {row.name for row in rows}}
    return [
        Version(row.name, row.sha, row.method, row.added_by, row.created_ms, row.sha == active[row.name])
        for row in rows
    ]


def activate(session: Session, name: str, sha: str, by: str) -> None:
    """Have a version answer from now on. Raises RefusalError where there is no such version."""
    if session.get(DetectorRow, (name, sha)) is None:
        raise not_found(f'version {sha[:12]} of a detector "{name}"')
    current = _current(session, name)
    if current is None or current.sha != sha:
        _append(session, name, sha, None if current is None else current.id, by)


def earlier_sha(session: Session, name: str) -> str:
    """The version that a roll-back returns to. Raises RefusalError where there is none."""
    return _earlier(session, name).sha


def roll_back(session: Session, name: str, by: str) -> None:
    """Have the version answer that did before the present one. Raises RefusalError where there is none."""
    earlier = _earlier(session, name)
    _append(session, name, earlier.sha, earlier.previous, by)


def _earlier(session: Session, name: str) -> ActivationRow:
    current = _current(session, name)
    if current is None:
        raise not_found(f'detector "{name}"')
    earlier = None if current.previous is None else session.get(ActivationRow, current.previous)
    if earlier is None:
        raise RefusalError(409, f'"{name}" has no earlier version to roll back to; activate one by its digest.')
    return earlier


def _current(session: Session, name: str) -> ActivationRow | None:
    latest = select(ActivationRow).where(ActivationRow.name == name).order_by(ActivationRow.id.desc()).limit(1)
    return session.scalars(latest).first()


def _append(session: Session, name: str, sha: str, previous: str | None, by: str) -> None:
    row = ActivationRow(id=new_id(), name=name, sha=sha, previous=previous, activated_by=by, created_ms=now_ms())
    session.add(row)
