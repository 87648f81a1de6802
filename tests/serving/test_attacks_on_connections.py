"""Attacks on the connection itself: hostile heads, slow and endless bodies, silence, browsers that go away."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from blemish.client import Client
from blemish.serving.patience import impatient_protocol
from blemish.serving.service import Service
from blemish.serving.settings import Limits, ServeSettings

from .conftest import listening


def send(address: str, data: bytes, seconds: float) -> bytes:
    """What a service answers to raw bytes within so many seconds."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(data)
        said = b""
        try:
            while some := connection.recv(65536):
                said += some
        except OSError:
            pass
        return said


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/inspect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /v1/keys HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
    ids=["smuggling", "two hosts", "negative length", "giant header", "proxying", "raw traversal", "TLS hello"],
)
def test_hostile_heads_are_refused(address: str, head: bytes):
    said = send(address, head, 1.0)
    assert b"200 OK" not in said
    assert b"root:" not in said


CHUNKED = (
    b"POST /v1/inspect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


@pytest.fixture
def strict(darkness_file: Path, tmp_path: Path) -> Iterator[str]:
    """A service that takes small bodies, and those at once."""
    limits = Limits(max_upload_bytes=10_000, body_s=0.4)
    settings = ServeSettings(detectors=(str(darkness_file),), store=tmp_path / "strict", threads=2, limits=limits)
    with listening(Service(settings)) as at:
        yield at


def test_a_body_that_states_no_length_is_cut_off(strict: str):
    body = PART + b"\0" * 20_000
    said = send(strict, CHUNKED + f"{len(body):x}\r\n".encode() + body + b"\r\n", 3.0)
    assert b"413" in said.splitlines()[0]


def test_a_slow_body_is_told_to_come_again(strict: str):
    started = time.monotonic()
    said = send(strict, CHUNKED + f"{len(PART):x}\r\n".encode() + PART + b"\r\n", 3.0)
    assert b"408" in said.splitlines()[0]
    assert time.monotonic() - started < 3


def test_connections_that_say_nothing_are_closed():
    import asyncio

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def body() -> tuple[bytes, bytes]:
        config = uvicorn.Config(app, http=impatient_protocol(0.3), lifespan="off", log_level="error", port=0)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        silent = await asyncio.wait_for(reader.read(), 3)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        spoken = await asyncio.wait_for(reader.readline(), 3)
        writer.close()
        server.should_exit = True
        await running
        return silent, spoken

    silent, spoken = asyncio.run(body())
    assert silent == b""
    assert b"204" in spoken


def test_a_browser_that_closes_in_the_middle_stops_nothing(address: str, wall_png: bytes):
    host = address.removeprefix("http://").encode()
    head = b"POST /v1/inspect HTTP/1.1\r\nHost: " + host + b"\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    send(address, head + b"Content-Length: 100000\r\n\r\n" + PART, 0.3)
    with Client(address) as service:
        assert service.inspect([("a.png", wall_png)])[0].finding.verdict == "reject"
