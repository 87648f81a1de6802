"""What machines watch, what OpenAPI says, and failures of the machine itself."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from blemish.detectors import Calibration, Container, write_container
from blemish.files import cannot_write
from blemish.serving.guard import SECURITY_HEADERS

from .conftest import StartService, TestClient


def samples(client: TestClient) -> dict[str, float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_count_requests_images_and_verdicts(client: TestClient, wall_png: bytes, clear_png: bytes):
    client.post("/v1/inspect", files=[("file", wall_png), ("file", clear_png), ("file", b"x")])
    client.get("/nothing/at/all")
    client.get("/v1/findings/" + "0" * 32)
    seen = samples(client)
    assert seen["blemish_requests_total 200 POST /v1/inspect"] == 1
    assert seen["blemish_requests_total 404 GET other"] == 1
    assert seen["blemish_requests_total 404 GET /v1/findings/{finding_id}"] == 1
    assert seen["blemish_verdicts_total darkness reject"] == 1
    assert seen["blemish_verdicts_total darkness pass"] == 1
    assert seen["blemish_unreadable_images_total"] == 1
    assert seen["blemish_score_count darkness"] == 2
    assert seen["blemish_batch_images_sum"] == 3
    assert seen["blemish_request_seconds_count /v1/inspect"] == 1
    assert seen["blemish_requests_in_progress"] == 1
    assert seen["blemish_drift_alarm darkness"] == 0


def test_drift_raises_the_alarm(start: StartService, darkness: Container, tmp_path: Path, wall_png: bytes):
    calibration = Calibration(scores=tuple(0.1 + number / 1000 for number in range(100)), source="the tests")
    spec = darkness.spec.model_copy(update={"calibration": calibration})
    file = tmp_path / "calibrated.blemish"
    write_container(file, Container(spec, darkness.graph, ""))
    client = start(detectors=(str(file),))
    for _ in range(2):
        client.post("/v1/inspect", files=[("file", wall_png)] * 20, data={"store": "false"})
    seen = samples(client)
    assert seen["blemish_drift_alarm calibrated"] == 1
    assert seen["blemish_p_value_count calibrated"] == 40
    assert client.get("/v1/detectors").json()["active"][0]["doubt"]


def test_every_answer_has_the_security_headers_and_none_allows_other_sites(client: TestClient):
    for address in ("/v1/me", "/v1/findings", "/nothing", "/livez", "/metrics"):
        answer = client.get(address, headers={"Origin": "http://evil.example"})
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value, address
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert client.get("/v1/me").headers["Cache-Control"] == "no-store"


def test_openapi_names_every_route_and_shows_examples(client: TestClient):
    document = client.get("/openapi.json").json()
    paths = document["paths"]
    assert {"/imageai", "/v1/inspect", "/v1/findings", "/v1/reviews", "/v1/detectors", "/livez", "/metrics"} <= set(
        paths
    )
    body = paths["/v1/inspect"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["required"] == ["file"]
    assert "mm_per_px" in body["properties"]
    assert "이미지 인식 결과: 00623.jpg --> positive" in str(document["components"]["schemas"]["Recognised"])
    for path, methods in paths.items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), (method, path)


def test_errors_are_one_sentence_everywhere(client: TestClient):
    for method, address in (("GET", "/nothing"), ("PUT", "/v1/findings"), ("GET", "/v1/findings?limit=x")):
        answer = client.request(method, address)
        assert set(answer.json()) == {"error"}
        assert answer.status_code in {404, 405, 422}


def test_a_full_disk_is_said_and_passes(client: TestClient, wall_png: bytes, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def full_in_words(target: Path, _: bytes) -> None:
        error = OSError(errno.ENOSPC, "No space left on device")
        raise cannot_write(target, error) from error

    for fails in (full, full_in_words):
        with monkeypatch.context() as patch:
            patch.setattr("blemish.serving.store.blobs.write_bytes", fails)
            answer = client.post("/v1/inspect", files={"file": wall_png})
        assert answer.status_code == 507
    assert "disk is full" in answer.json()["error"]
    assert client.get("/v1/findings").json()["total"] == 0
    assert client.post("/v1/inspect", files={"file": wall_png}).status_code == 200


def test_a_fault_is_said_without_its_traceback(client: TestClient, wall_png: bytes, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret path /etc")

    monkeypatch.setattr("blemish.serving.service.inspect_upload", broken)
    answer = client.post("/v1/inspect", files={"file": wall_png})
    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.json()["error"]
    assert "secret" not in answer.text


def test_the_command_starts_prints_its_address_and_stops(darkness_file: Path, tmp_path: Path):
    import signal

    command = [
        sys.executable,
        "-m",
        "blemish",
        "serve",
        "--detector",
        str(darkness_file),
        "--store",
        str(tmp_path / "s"),
    ]
    process = subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = process.stderr.readline()
    assert re.search(r"http://127\.0\.0\.1:\d+/", line), line
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) in {0, 130}
    assert "Traceback" not in process.stderr.read()
