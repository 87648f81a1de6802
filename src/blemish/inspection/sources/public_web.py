"""A web client that connects to no machine in a private network, whatever names and redirects lead there."""

from __future__ import annotations

from typing import Any

import aiohttp

from blemish.inspection.sources.remote import check_public


class _PublicConnector(aiohttp.TCPConnector):
    """Checks every address immediately before it is connected to, so that no name can change its meaning meanwhile."""

    async def _resolve_host(self, host: str, *arguments: Any, **named: Any) -> list[Any]:
        found = await super()._resolve_host(host, *arguments, **named)
        for one in found:
            check_public(one["host"], host)
        return found


async def connect_public_only(**options: Any) -> aiohttp.ClientSession:
    """What fsspec makes its client with."""
    return aiohttp.ClientSession(connector=_PublicConnector(), **options)
