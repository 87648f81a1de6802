"""Every error of a request as one JSON object with one sentence: ``{"error": "…"}``."""

from __future__ import annotations

import errno
import logging
import math

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from blemish.errors import BlemishError
from blemish.text import printable

_LOG = logging.getLogger("blemish.serving")
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class RefusalError(BlemishError):
    """A request that is not carried out.

    Args:
        status: HTTP status code.
        sentence: what was wrong, and what would be right.
        retry_after_s: when to try again; None: trying again changes nothing.
    """

    def __init__(self, status: int, sentence: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s


def refuse(status: int, sentence: str, retry_after_s: float | None = None) -> Response:
    """The answer that says so."""
    headers = {} if retry_after_s is None else {"Retry-After": str(max(1, math.ceil(retry_after_s)))}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": printable(sentence)}, status, headers)


def not_found(what: str) -> RefusalError:
    """There is no such thing."""
    return RefusalError(404, f"There is no {what}.")


def is_disk_full(error: BaseException) -> bool:
    """Whether an error comes of a disk without room."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _NO_SPACE:
            return True
        cause = cause.__cause__
    return False


def passes_by_itself(error: BaseException) -> bool:
    """Whether what failed will do so no more once the database answers again, or the disk has room."""
    return isinstance(error, OperationalError | InterfaceError) or is_disk_full(error)


def say_errors(app: FastAPI) -> None:
    """Have every error of an application answered that way."""
    app.add_exception_handler(RefusalError, _refused)
    app.add_exception_handler(BlemishError, _bad_input)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(OSError, _system)
    app.add_exception_handler(Exception, _fault)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return refuse(error.status, str(error), error.retry_after_s)


async def _bad_input(_: Request, error: Exception) -> Response:
    return _disk_full() if is_disk_full(error) else refuse(422, str(error))


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the request"
    return refuse(422, f'"{where}": {first["msg"].removeprefix("Value error, ")}')


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {
        404: "There is nothing at this address; GET /openapi.json lists what there is.",
        405: "This address does not answer that method; GET /openapi.json lists what there is.",
    }.get(error.status_code, str(error.detail))
    answer = refuse(error.status_code, sentence)
    answer.headers.update(error.headers or {})
    return answer


async def _database(request: Request, error: Exception) -> Response:
    if isinstance(error, OperationalError | InterfaceError) or getattr(error, "connection_invalidated", False):
        _LOG.warning("database away: %s", printable(str(error.__cause__ or error)))
        return refuse(503, "The database cannot be reached; nothing was stored. Try again.", 5)
    return await _fault(request, error)


async def _system(request: Request, error: Exception) -> Response:
    return _disk_full() if is_disk_full(error) else await _fault(request, error)


def _disk_full() -> Response:
    return refuse(507, "The server's disk is full; nothing was stored. Free some space there.", 60)


async def _fault(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refuse(500, f"blemish failed where it should not ({type(error).__name__}); its log says more.")
