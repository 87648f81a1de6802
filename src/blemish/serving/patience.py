"""Connections whose first request does not come are closed: uvicorn itself waits for it without end."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def impatient_protocol(seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's protocol, with a limit to the time from a connection to the end of its first request's head.

    Args:
        seconds: the limit.
    """

    class Impatient(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.loop.call_later(seconds, self._close_if_headless)

        def _close_if_headless(self) -> None:
            if getattr(self, "cycle", None) is None and not self.transport.is_closing():
                self.transport.close()

    return Impatient
