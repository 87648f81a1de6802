"""API keys: 256 random bits, shown once, of which only the SHA-256 is kept.

A slow hash is for passwords that people choose; nobody guesses 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import IntEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from blemish.serving.refusals import RefusalError, not_found
from blemish.serving.store.audit import Actor, note
from blemish.serving.store.tables import KeyRow, SessionRow, new_id, now_ms
from blemish.text import printable

_PREFIX = "blemish_"
_MAX_NAME = 64


class Role(IntEnum):
    """What a key is for; each may do what those before it may."""

    OPERATOR = 1
    """inspects, reviews, exports"""
    ENGINEER = 2
    """also trains, adds, activates and rolls back detectors"""
    ADMIN = 3
    """also gives and revokes keys, and reads the audit log"""


def role_of(name: str) -> Role:
    """A role by its name. Raises RefusalError for an unknown one."""
    try:
        return Role[name.upper()]
    except KeyError:
        raise RefusalError(422, f'There is no role "{printable(name)}"; there are operator, engineer, admin.') from None


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_key(session: Session, name: str, role: Role, actor: Actor) -> str:
    """Give a key. Raises RefusalError where the name is taken or empty.

    Returns:
        The key itself, which is kept nowhere.
    """
    named = printable(name).strip()
    if not 0 < len(named) <= _MAX_NAME:
        raise RefusalError(422, f"A key needs a name of 1 to {_MAX_NAME} characters: whose it is.")
    if session.scalars(select(KeyRow).where(KeyRow.name == named)).first() is not None:
        raise RefusalError(409, f'There is, or was, a key "{named}"; the audit log needs another name.')
    secret = _PREFIX + secrets.token_urlsafe(32)
    session.add(KeyRow(id=new_id(), name=named, role=role.name.lower(), digest=digest_of(secret), created_ms=now_ms()))
    note(session, actor, "key.create", f"{named} ({role.name.lower()})")
    return secret


def find_key(session: Session, secret: str) -> KeyRow | None:
    """The key, where it is valid."""
    return session.scalars(select(KeyRow).where(KeyRow.digest == digest_of(secret), KeyRow.revoked.is_(False))).first()


def list_keys(session: Session) -> list[KeyRow]:
    """All keys, also revoked ones, the oldest first."""
    return list(session.scalars(select(KeyRow).order_by(KeyRow.id)))


def revoke_key(session: Session, key_id: str, actor: Actor) -> None:
    """End a key and its sessions. Raises RefusalError where there is none, or where it is the last admin's."""
    row = session.get(KeyRow, key_id)
    if row is None or row.revoked:
        raise not_found("such key")
    if row.role == "admin" and count_admins(session) == 1:
        raise RefusalError(409, "This is the last key of an admin; create another one first.")
    row.revoked = True
    for each in session.scalars(select(SessionRow).where(SessionRow.key_id == key_id)):
        session.delete(each)
    note(session, actor, "key.revoke", row.name)


def count_admins(session: Session) -> int:
    """How many valid keys of admins there are."""
    query = select(func.count()).where(KeyRow.role == "admin", KeyRow.revoked.is_(False))
    return int(session.scalar(query) or 0)
