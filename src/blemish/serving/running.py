"""``blemish serve``: from settings to a server that answers until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from blemish.errors import SettingsError
from blemish.serving.app import create_app
from blemish.serving.patience import impatient_protocol
from blemish.serving.service import Service
from blemish.serving.settings import ServeSettings

_STOP_WITHIN_S = 30
_IDLE_S = 15
# Sockets that wait or stream events; images wait in `FairQueue`, which has its own limit.
_MAX_CONNECTIONS = 512


def serve(settings: ServeSettings, *, say: Callable[[str], None] = print) -> None:
    """Answer requests until a signal ends it.

    Args:
        settings: how.
        say: told the address, and the first key where one is given.

    Raises:
        SettingsError: somebody else listens at the address.
        BlemishError: no detector, or a database or store that cannot be used.
    """
    with _listening(settings) as listener:
        service = Service(settings)
        port = listener.getsockname()[1]
        if service.first_key is not None:
            say(f"Key of the first admin, shown this once: {service.first_key}")
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        say(f"blemish answers at http://{host}:{port}/ (stop with Ctrl-C); it keeps findings in {settings.store}.")
        config = server_config(service)
        uvicorn.Server(config).run(sockets=[listener])


def server_config(service: Service) -> uvicorn.Config:
    """How uvicorn answers for a service."""
    return uvicorn.Config(
        create_app(service),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_STOP_WITHIN_S,
        limit_concurrency=_MAX_CONNECTIONS,
        # What proxies say is not believed: see `Guard`.
        proxy_headers=False,
        http=impatient_protocol(service.settings.limits.header_s),
        ws="none",
    )


def _listening(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen at {settings.host}:{settings.port} ({error.strerror}); choose another --port."
        ) from error
    return listener
