"""Attacks on every route that OpenAPI names, so that a new one is tried without being told; and on learning by name."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest

from .conftest import StartService, TestClient, png

# What answers without a key: machines that watch, and logging in.
_OPEN = {"/livez", "/readyz", "/metrics", "/session"}
_OPEN_V2 = ("/v2/health",)
_ENGINEER = {
    ("POST", "/v1/trainings"),
    ("DELETE", "/v1/trainings/{training_id}"),
    ("POST", "/v1/trainings/{training_id}/activate"),
    ("POST", "/v1/detectors"),
    ("POST", "/v1/detectors/{name}/activate"),
    ("POST", "/v1/detectors/{name}/roll-back"),
}
_ADMIN = {("GET", "/v1/keys"), ("POST", "/v1/keys"), ("DELETE", "/v1/keys/{key_id}"), ("GET", "/v1/audit")}


def routes(client: TestClient) -> Iterator[tuple[str, str, str]]:
    """Method, path as OpenAPI has it, and an address."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        address = "/".join("0" * 32 if part.startswith("{") else part for part in path.split("/"))
        for method in methods:
            yield method.upper(), path, address.replace("/" + "0" * 32 + "/", "/x/")


@pytest.fixture
def guarded(start: StartService) -> TestClient:
    return start(keys=True, limits={"max_failed_keys": 10_000})


def test_no_route_answers_without_a_key(guarded: TestClient):
    guarded.headers.pop("Authorization")
    tried = 0
    for method, path, address in routes(guarded):
        if path in _OPEN or path.startswith(_OPEN_V2):
            continue
        assert guarded.request(method, address).status_code == 401, (method, path)
        tried += 1
    assert tried > 40


def test_no_route_changes_anything_for_a_session_without_its_token(guarded: TestClient):
    key = guarded.headers.pop("Authorization").removeprefix("Bearer ")
    assert guarded.post("/session", json={"key": key}).status_code == 204
    assert guarded.get("/v1/me").status_code == 200
    tried = 0
    for method, path, address in routes(guarded):
        if method == "GET" or path in _OPEN:
            continue
        for token in ({}, {"X-CSRF-Token": "x" * 43}):
            answer = guarded.request(method, address, headers=token)
            assert answer.status_code == 403, (method, path, answer.text)
        tried += 1
    assert tried > 15


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["another origin", "a sandboxed frame", "cross-site by the browser"],
)
def test_no_route_changes_anything_for_a_page_of_another_site(client: TestClient, headers: dict[str, str]):
    for method, path, address in routes(client):
        if method != "GET":
            assert client.request(method, address, headers=headers).status_code == 403, (method, path)


def test_roles_are_held_to(guarded: TestClient):
    keys = {
        role: {"Authorization": "Bearer " + guarded.post("/v1/keys", json={"name": role, "role": role}).json()["key"]}
        for role in ("operator", "engineer")
    }
    known = {(method, path) for method, path, _ in routes(guarded)}
    assert known >= _ENGINEER | _ADMIN
    for method, path, address in routes(guarded):
        for role, refused in (("operator", _ENGINEER | _ADMIN), ("engineer", _ADMIN)):
            if (method, path) in refused:
                answer = guarded.request(method, address, headers=keys[role])
                assert answer.status_code == 403, (role, method, path)
                assert "needs a key of the role" in answer.json()["error"]


def test_of_two_corrections_of_one_finding_one_is_told_so(client: TestClient, wall_png: bytes):
    found = client.post("/v1/inspect", files={"file": wall_png}).json()["results"][0]["id"]
    mask = base64.b64encode(cv2.imencode(".png", np.zeros((100, 150), np.uint8))[1].tobytes()).decode()
    wanted = {"finding_id": found, "decision": "correct", "mask": mask}

    def send(_: int) -> int:
        return int(client.post("/v1/reviews", json=wanted, headers={"If-Match": '"1"'}).status_code)

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(send, range(6)))
    assert codes == [201, 412, 412, 412, 412, 412]
    assert len(client.get(f"/v1/findings/{found}/reviews").json()) == 1
    assert client.post("/v1/reviews", json=wanted).status_code == 428


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        zipped({"a.json": b"\0" * (1 << 28)}),
        zipped({"../../a.json": b"{", "/etc/b.xml": b"<"}),
        zipped({"a.json": b"[" * 100_000}),
        zipped({"a.xml": b"<a>" * 100_000}),
        b"PK\x03\x04" + b"\0" * 100,
        b'{"shapes": [], "imagePath": {"$ref": "#"}}',
        b'{"images": [{"file_name": "http://169.254.169.254/x.png"}], "annotations": [], "categories": []}',
    ],
    ids=[
        "a bomb",
        "names that climb",
        "deep JSON",
        "deep XML",
        "a header alone",
        "a reference",
        "an address within the network",
    ],
)
def test_hostile_labels_are_refused_and_leave_nothing(client: TestClient, data: bytes):
    client.post("/v1/inspect", files={"file": ("a.png", png(np.full((64, 64, 3), 230, np.uint8)))})
    root = client.app.state.service.settings.store.parent
    before = sorted(path for path in root.rglob("*") if path.suffix in {".json", ".xml", ".zip"})
    answer: Any = client.post("/v1/labels", files={"file": ("a.json", data)})
    assert answer.status_code == 422, answer.text
    assert sorted(path for path in root.rglob("*") if path.suffix in {".json", ".xml", ".zip"}) == before
    assert client.get("/v1/findings").json()["findings"][0]["state"] == "open"
