"""A hot folder: each file once, when it has come to rest, and each finding told until it is received."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import load
from blemish.errors import SettingsError
from blemish.findings import Finding
from blemish.images import write_png
from blemish.inspection import Job
from blemish.inspection.watching import interval_s, watch
from blemish.inspection.webhook import Webhook

SECRET = "known to both"


class Receiver(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.refusals, self.refusal = 0, 503
        self.received: list[tuple[str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.refusals -= 1
        if self.server.refusals >= 0:
            self.send_response(self.server.refusal)
            self.send_header("Location", self.server.url)
            self.end_headers()
            return
        self.server.received.append((self.headers["X-Blemish-Delivery"], self.headers["X-Blemish-Signature"], body))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_files_are_inspected_when_they_rest(darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8]):
    write_png(tmp_path / "wall.png", wall)
    data = (tmp_path / "wall.png").read_bytes()
    (tmp_path / "hot").mkdir()
    stop, looks, found = threading.Event(), [], []

    def listen(finding: Finding) -> None:
        found.append(finding)
        if len(found) == 2:
            stop.set()

    def copy_slowly() -> None:
        with (tmp_path / "hot" / "slow.png").open("wb") as file:
            for start in range(0, len(data), 40):
                file.write(data[start : start + 40])
                file.flush()
                time.sleep(0.02)
        (tmp_path / "hot" / "second.png").write_bytes(data)

    threading.Thread(target=copy_slowly).start()
    threading.Timer(60, stop.set).start()
    with Job(tmp_path / "out", load(darkness_file)) as job:
        watch(job, tmp_path / "hot", stop=stop, every_s=0.1, say=looks.append, on_finding=listen)
        summary = job.finish(report=False)
    assert sorted(one.image for one in found) == ["second.png", "slow.png"]
    assert [one.error for one in found] == [None, None]
    assert looks == []
    assert summary.inspected == 2


def test_a_finding_is_told_once_signed_and_again_until_it_is_received(receiver: Receiver, tmp_path: Path):
    receiver.refusals = 2
    finding, said = Finding(image="벽.png", name="벽", score=0.5), []
    for _ in range(2):
        assert Webhook(receiver.url, SECRET, tmp_path, wait_s=0.01).send("key", "1", finding, said.append)
    ((delivery, signature, body),) = receiver.received
    assert signature == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert json.loads(body) == {"delivery": delivery, "finding": finding.model_dump(mode="json")}
    assert said == []


@pytest.mark.parametrize("refusal", [301, 302, 307, 401, 503])
def test_what_is_never_received_is_said_and_told_by_the_next_run(receiver: Receiver, tmp_path: Path, refusal: int):
    receiver.refusals, receiver.refusal = 4, refusal
    finding, said = Finding(image="a.png", name="a"), []
    hook = Webhook(receiver.url, SECRET, tmp_path, wait_s=0.01)
    assert not hook.send("key", "1", finding, said.append)
    assert "was not received" in said[0]
    assert hook.send("key", "1", finding, said.append)
    assert len(receiver.received) == 1


def test_a_receiver_that_speaks_no_http_ends_nothing(tmp_path: Path):
    def answer(listening: socket.socket) -> None:
        for _ in range(4):
            connection, _ = listening.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"220 ready\r\n")

    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        hook = Webhook(f"http://127.0.0.1:{listening.getsockname()[1]}", SECRET, tmp_path, wait_s=0.0)
        assert not hook.send("key", "1", Finding(image="a.png", name="a"), said.append)
    assert "was not received" in said[0]


def test_a_token_in_the_address_is_not_said(tmp_path: Path):
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    hook = Webhook(f"http://127.0.0.1:{port}/a?token=hidden", SECRET, tmp_path, wait_s=0.0)
    assert not hook.send("key", "1", Finding(image="a.png", name="a"), said.append)
    assert f"http://127.0.0.1:{port}/a" in said[0]
    assert "hidden" not in said[0]


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [("file:///etc", SECRET, "http://"), ("http://a:b@c", SECRET, "password"), ("http://a", "", "SECRET")],
)
def test_an_address_that_cannot_be_told_is_refused(tmp_path: Path, url: str, secret: str, said: str):
    with pytest.raises(SettingsError, match=said):
        Webhook(url, secret, tmp_path)


@pytest.mark.parametrize(("text", "seconds"), [("2s", 2.0), ("0.5s", 0.5), ("0.1s", 0.1), ("2", 2.0), ("0.2", 0.2)])
def test_looks_are_so_far_apart(text: str, seconds: float):
    assert interval_s(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "often", "0s", "-1", "0.05s", "nans", "infs", "2ss", "2m"])
def test_other_times_between_two_looks_are_refused(text: str):
    with pytest.raises(SettingsError, match=f'not every "{text}"'):
        interval_s(text)
