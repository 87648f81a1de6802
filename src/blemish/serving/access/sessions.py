"""Sessions of browsers: a key is typed in once, then a cookie that no script can read stands for it.

Every request that changes something also has to bring the session's CSRF token in a header, which a form of another
site cannot send.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from blemish.serving.access.keys import digest_of
from blemish.serving.store.tables import KeyRow, SessionRow, now_ms

COOKIE = "blemish_session"
CSRF_HEADER = "X-CSRF-Token"
SESSION_S = 12 * 3600


@dataclass(frozen=True, slots=True)
class Login:
    """A session that has begun: the cookie's value, and the token for the header."""

    token: str
    csrf: str


def begin_session(session: Session, key: KeyRow) -> Login:
    """Log a key's owner in; sessions that have ended are removed."""
    session.execute(delete(SessionRow).where(SessionRow.expires_ms < now_ms()))
    login = Login(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    row = SessionRow(
        digest=digest_of(login.token), key_id=key.id, csrf=login.csrf, expires_ms=now_ms() + 1000 * SESSION_S
    )
    session.add(row)
    return login


def find_session(session: Session, token: str) -> tuple[KeyRow, SessionRow] | None:
    """The key that a cookie stands for, where it still does."""
    row = session.get(SessionRow, digest_of(token))
    if row is None or row.expires_ms < now_ms():
        return None
    key = session.get(KeyRow, row.key_id)
    return None if key is None or key.revoked else (key, row)


def end_session(session: Session, token: str) -> None:
    """Log out."""
    session.execute(delete(SessionRow).where(SessionRow.digest == digest_of(token)))


def is_csrf(row: SessionRow, header: str | None) -> bool:
    """Whether a header holds the session's token."""
    return header is not None and hmac.compare_digest(row.csrf.encode(), header.encode("utf-8", "surrogatepass"))
