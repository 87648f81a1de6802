"""The page: three files out of the package, which load nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from blemish.serving.refusals import not_found

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[1] / "page"
_KINDS = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@router.get("/")
async def show_page(request: Request) -> Response:
    """The page itself."""
    return _file("index.html", request)


@router.get("/page/{name}")
async def show_part(name: str, request: Request) -> Response:
    """What the page consists of."""
    if name not in _KINDS:
        raise not_found("such part of the page")
    return _file(name, request)


def _file(name: str, request: Request) -> Response:
    data, etag = _read(name)
    # Asked for each time and sent only where it has changed, as after an upgrade.
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=_KINDS[name], headers=headers)


@cache
def _read(name: str) -> tuple[bytes, str]:
    data = (FOLDER / name).read_bytes()
    return data, f'"{sha256(data).hexdigest()[:16]}"'
