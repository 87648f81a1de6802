"""What every request passes before a route sees it: host, origin, size of its body, and the time that it takes to come.

Plain ASGI, so that a body is counted while it arrives and never held.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blemish.serving.refusals import RefusalError, refuse
from blemish.serving.settings import Limits, ServeSettings

_SAFE = {"GET", "HEAD", "OPTIONS"}
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]"}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?")
_MAX_HEAD_BYTES = 16 << 10
# What may have left a part of a body in the connection.
_CLOSING = {400, 408, 411, 413}
_NOT_CACHED = ("/v1", "/v2", "/imageai", "/session")

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(slots=True)
class Guard:
    """Holds requests to `ServeSettings` and gives every answer the headers of `SECURITY_HEADERS`."""

    app: ASGIApp
    settings: ServeSettings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        send = _with_headers(send, scope["path"])
        headers = Headers(scope=scope)
        try:
            # uvicorn's own limit is for heads that come in parts.
            if sum(len(name) + len(value) for name, value in headers.raw) > _MAX_HEAD_BYTES:
                raise RefusalError(431, "The head of the request is too large.")
            self._check_host(headers)
            self._check_origin(headers, scope["method"])
            limit = _body_limit(scope["path"], self.settings.limits)
            _check_length(headers, limit)
        except RefusalError as error:
            await refuse(error.status, str(error))(scope, receive, send)
            return
        limits = self.settings.limits
        seconds = limits.job_body_s if scope["path"] == "/v1/jobs" else limits.body_s
        await self.app(scope, _Body(receive, limit, seconds), send)

    def _check_host(self, headers: Headers) -> None:
        """A page elsewhere can have its name point at this machine; then its name stands in the request."""
        if len(headers.getlist("host")) != 1:
            raise RefusalError(400, "A request has one Host header.")
        found = _HOST.fullmatch(headers["host"].lower())
        name = found[1].rstrip(".") if found else ""
        known = {*self.settings.names, self.settings.host, f"[{self.settings.host}]"}
        if self.settings.on_loopback:
            known |= _LOOPBACK_NAMES
        elif self.settings.host in {"0.0.0.0", "::"}:  # noqa: S104
            return  # it listens under whatever names the machine has; every request needs a key there
        if name not in known:
            raise RefusalError(421, "The server does not answer under this name; start it with --name NAME.")
        if not self.settings.needs_keys and any(header in headers for header in _PROXY_HEADERS):
            raise RefusalError(
                403, "Behind a proxy, requests of others arrive as local ones: start the server with --keys."
            )

    @staticmethod
    def _check_origin(headers: Headers, method: str) -> None:
        """A page of another site must not have a browser change anything here."""
        if method in _SAFE:
            return
        if headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
            raise RefusalError(403, "A page of another site may not send this request.")
        origin = headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != headers["host"]:
            raise RefusalError(403, "A page of another site may not send this request.")


class _Body:
    """Counts a body while it arrives, and the time that it takes.

    It ends in an HTTPException, which FastAPI lets through where it reads a body itself.
    """

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._seconds = seconds
        self._left_s: float | None = seconds

    async def __call__(self) -> Message:
        if self._left_s is None:
            return await self._receive()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"The body did not arrive within {self._seconds:g} s.") from None
        self._left_s = max(0.0, self._left_s - (loop.time() - began))
        if message["type"] == "http.request":
            self._limit -= len(message.get("body", b""))
            if self._limit < 0:
                raise HTTPException(413, "The body is larger than this server takes.")
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._left_s = None
        return message


def _body_limit(path: str, limits: Limits) -> int:
    if path == "/v1/jobs":
        return limits.max_job_bytes
    if path.startswith("/v1/detectors"):
        return limits.max_detector_bytes
    if path in {"/v1/inspect", "/v1/labels", "/imageai"} or path.startswith("/v2/"):
        return limits.max_upload_bytes
    return limits.max_review_bytes if path == "/v1/reviews" else limits.max_json_bytes


def _check_length(headers: Headers, limit: int) -> None:
    stated = headers.get("Content-Length")
    if stated is None:
        return
    if "Transfer-Encoding" in headers:
        raise RefusalError(400, "A body has a Content-Length or a Transfer-Encoding, and never both.")
    if not stated.isdecimal():
        raise RefusalError(400, "Content-Length is a number.")
    if int(stated) > limit:
        raise RefusalError(413, f"The body has {int(stated) / 1e6:.1f} MB; this address takes {limit / 1e6:.1f} MB.")


def _with_headers(send: Send, path: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            wanted: dict[str, Any] = dict(SECURITY_HEADERS)
            if path.startswith(_NOT_CACHED):
                wanted["Cache-Control"] = "no-store"
            headers += [
                (name.lower().encode(), value.encode())
                for name, value in wanted.items()
                if name.lower().encode() not in present
            ]
            if message["status"] in _CLOSING:
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        await send(message)

    return sending
