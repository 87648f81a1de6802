"""Who am I, log in and out, keys, and the audit log."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from blemish.serving.access.callers import Admin, Operator, address_of
from blemish.serving.access.keys import create_key, find_key, list_keys, revoke_key, role_of
from blemish.serving.access.sessions import COOKIE, SESSION_S, begin_session, end_session
from blemish.serving.answers import Audit, Audited, Key, KeyRequest, Me, NewKey, Problem, when
from blemish.serving.refusals import RefusalError
from blemish.serving.service import Serving
from blemish.serving.store.audit import Actor, note, read_audit

router = APIRouter(tags=["access"], responses={401: {"model": Problem}, 403: {"model": Problem}})


class LoginRequest(BaseModel):
    """A key, typed into the page."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=200)


@router.get("/v1/me")
def who_am_i(service: Serving, caller: Operator) -> Me:
    """Who is asking, and what the server takes."""
    limits = service.settings.limits
    return Me(
        name=caller.name,
        role=caller.role.name.lower(),
        needs_key=service.settings.needs_keys,
        csrf=caller.csrf,
        version=version_of("blemish"),
        max_images=limits.max_images,
        max_upload_bytes=limits.max_upload_bytes,
        max_megapixels=limits.max_megapixels,
    )


@router.post("/session", status_code=204, response_class=Response, responses={429: {"model": Problem}})
def log_in(login: LoginRequest, request: Request, service: Serving) -> Response:
    """Have a cookie stand for a key, in this browser, for twelve hours."""
    address = address_of(request)
    service.failed_keys.check(address)
    with service.database.transaction() as session:
        key = find_key(session, login.key.strip())
        begun = None if key is None else begin_session(session, key)
        note(session, Actor("?" if key is None else key.name, address), "login.failed" if key is None else "login")
    if begun is None:
        service.failed_keys.add(address)
        raise RefusalError(401, "That key is wrong or was revoked; ask an admin for a new one.")
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        begun.token,
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.delete("/session", status_code=204, response_class=Response)
def log_out(request: Request, service: Serving, caller: Operator) -> Response:
    """End the session of this browser."""
    del caller
    with service.database.transaction() as session:
        end_session(session, request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/v1/keys")
def show_keys(service: Serving, caller: Admin) -> list[Key]:
    """All keys, without themselves."""
    del caller
    with service.database.transaction() as session:
        return [
            Key(id=row.id, name=row.name, role=row.role, revoked=row.revoked, created=when(row.created_ms))
            for row in list_keys(session)
        ]


@router.post("/v1/keys", status_code=201, response_model=NewKey, responses={409: {"model": Problem}})
def give_key(wanted: KeyRequest, service: Serving, caller: Admin) -> Response:
    """Give a key; the answer is the only place where it ever stands."""
    role = role_of(wanted.role)
    with service.database.transaction() as session:
        secret = create_key(session, wanted.name, role, caller.actor)
    return JSONResponse({"key": secret}, 201)


@router.delete(
    "/v1/keys/{key_id}",
    status_code=204,
    response_class=Response,
    responses={404: {"model": Problem}, 409: {"model": Problem}},
)
def end_key(key_id: str, service: Serving, caller: Admin) -> Response:
    """Revoke a key and end its sessions."""
    with service.database.transaction() as session:
        revoke_key(session, key_id, caller.actor)
    return Response(status_code=204)


@router.get("/v1/audit")
def show_audit(
    service: Serving,
    caller: Admin,
    before: Annotated[str | None, Query(max_length=32, pattern="^[0-9a-f]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Audit:
    """Who did what, the newest first."""
    del caller
    with service.database.transaction() as session:
        rows = read_audit(session, before=before, limit=limit)
    acts = [
        Audited(
            id=row.id,
            created=when(row.created_ms),
            actor=row.actor,
            address=row.address,
            action=row.action,
            target=row.target,
        )
        for row in rows
    ]
    return Audit(acts=acts, next=acts[-1].id if len(acts) == limit else None)
