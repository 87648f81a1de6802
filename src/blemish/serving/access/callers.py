"""Who sends a request, told from its key or its session, and whether the role is enough."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from blemish.serving.access.keys import Role, find_key, role_of
from blemish.serving.access.sessions import COOKIE, CSRF_HEADER, find_session, is_csrf
from blemish.serving.refusals import RefusalError
from blemish.serving.store.audit import Actor

_SAFE = {"GET", "HEAD", "OPTIONS"}
_WINDOW_S = 60.0
# Addresses whose failures are remembered; a flood from more of them is a matter for a firewall.
_MAX_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        name: of the key; ``local`` where none is needed.
        role: what it may do.
        address: where it comes from.
        csrf: the token of the session; None without one.
    """

    name: str
    role: Role
    address: str
    csrf: str | None = None

    @property
    def actor(self) -> Actor:
        """For the audit log."""
        return Actor(self.name, self.address)


class FailedKeys:
    """Counts wrong keys by address, so that guessing gets slow.

    Args:
        limit: failures within a minute, beyond which an address has to wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise RefusalError where the address has failed too often."""
        with self._lock:
            times = self._recent(address)
            oldest = times[0] if len(times) >= self._limit else None
        if oldest is not None:
            wait_s = _WINDOW_S - (time.monotonic() - oldest)
            raise RefusalError(429, "Too many wrong keys from this address; wait.", retry_after_s=wait_s)

    def add(self, address: str) -> None:
        """Count a failure."""
        with self._lock:
            times = self._recent(address)
            times.append(time.monotonic())
            self._times[address] = times
            self._times.move_to_end(address)
            while len(self._times) > _MAX_ADDRESSES:
                self._times.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        times = self._times.get(address, deque())
        while times and time.monotonic() - times[0] > _WINDOW_S:
            times.popleft()
        return times


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"


def key_of(request: Request) -> str | None:
    """The key that a request brings; None where it brings none."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return request.headers.get("X-API-Key")


def caller_of(request: Request) -> Caller:
    """Who sends a request.

    Raises:
        RefusalError: 401 without a valid key or session, 403 without the CSRF token, 429 after too many wrong keys.
    """
    service: Any = request.app.state.service
    address = address_of(request)
    if not service.settings.needs_keys:
        return Caller("local", Role.ADMIN, address)
    service.failed_keys.check(address)
    secret, cookie = key_of(request), request.cookies.get(COOKIE)
    with service.database.transaction() as session:
        if secret is not None:
            key = find_key(session, secret)
            if key is not None:
                return Caller(key.name, role_of(key.role), address)
        elif cookie is not None and (found := find_session(session, cookie)) is not None:
            key, row = found
            if request.method not in _SAFE and not is_csrf(row, request.headers.get(CSRF_HEADER)):
                raise RefusalError(403, f"A request of a browser needs the session's token in {CSRF_HEADER}.")
            return Caller(key.name, role_of(key.role), address, row.csrf)
    if secret is None:
        raise RefusalError(401, "This server wants a key: send Authorization: Bearer KEY.")
    service.failed_keys.add(address)
    raise RefusalError(401, "That key is wrong or was revoked; ask an admin for a new one.")


def _at_least(caller: Caller, role: Role) -> Caller:
    if caller.role < role:
        raise RefusalError(
            403, f'This needs a key of the role "{role.name.lower()}", and yours is {caller.role.name.lower()}.'
        )
    return caller


def operator(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """Anybody with a key."""
    return caller


def engineer(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """An engineer or an admin."""
    return _at_least(caller, Role.ENGINEER)


def admin(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """An admin."""
    return _at_least(caller, Role.ADMIN)


Operator = Annotated[Caller, Depends(operator)]
Engineer = Annotated[Caller, Depends(engineer)]
Admin = Annotated[Caller, Depends(admin)]
