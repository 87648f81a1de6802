"""Detectors are added, activated and rolled back while the server runs, and outlive it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blemish.detectors import Container, Thresholds, write_container
from blemish.errors import DetectorError

from .conftest import StartService, TestClient


@pytest.fixture
def strict_file(darkness: Container, tmp_path: Path) -> Path:
    """The same detector, which rejects everything."""
    thresholds = Thresholds(pixel=0.6, reject=0.0, source="chosen for the tests")
    path = tmp_path / "strict" / "darkness.blemish"
    path.parent.mkdir()
    write_container(path, replace(darkness, spec=darkness.spec.model_copy(update={"thresholds": thresholds})))
    return path


def upload(client: TestClient, file: Path, **fields: str) -> Any:
    return client.post("/v1/detectors", files={"file": (file.name, file.read_bytes())}, data=fields)


def verdict(client: TestClient, image: bytes, **fields: str) -> str:
    return client.post("/v1/inspect", files={"file": image}, data=fields).json()["results"][0]["finding"]["verdict"]


def test_the_detector_of_the_command_line_is_there(client: TestClient):
    answer = client.get("/v1/detectors").json()
    assert [(one["name"], one["is_default"], one["calibrated"]) for one in answer["active"]] == [
        ("darkness", True, False)
    ]
    assert answer["active"][0]["thresholds"]["reject"] == 0.6
    assert answer["active"][0]["card"] == "# Darkness\n"
    assert client.get("/v1/detectors/darkness").json() == answer["active"][0]
    assert client.get("/v1/detectors/gone").status_code == 404


def test_a_new_version_waits_for_its_activation_and_can_be_rolled_back(
    client: TestClient, strict_file: Path, clear_png: bytes
):
    added = upload(client, strict_file)
    assert added.status_code == 201
    assert verdict(client, clear_png) == "pass"
    sha = added.json()["sha"]
    client.post("/v1/detectors/darkness/activate", json={"sha": sha}).raise_for_status()
    assert verdict(client, clear_png) == "reject"
    answer = client.post("/v1/detectors/darkness/roll-back").json()
    assert [one["sha"] == sha for one in answer["versions"] if one["active"]] == [False]
    assert verdict(client, clear_png) == "pass"
    again = client.post("/v1/detectors/darkness/roll-back")
    assert again.status_code == 409
    assert "no earlier version" in again.json()["error"]
    acts = [act["action"] for act in client.get("/v1/audit").json()["acts"]]
    assert acts[:3] == ["detector.roll-back", "detector.activate", "detector.add"]


def test_a_detector_of_a_new_name_answers_at_once(client: TestClient, strict_file: Path, clear_png: bytes):
    assert upload(client, strict_file, name="strict").status_code == 201
    assert verdict(client, clear_png, detector="strict") == "reject"
    assert verdict(client, clear_png) == "pass"


def test_what_was_activated_outlives_the_server(start: StartService, strict_file: Path, clear_png: bytes):
    client = start()
    sha = upload(client, strict_file).json()["sha"]
    client.post("/v1/detectors/darkness/activate", json={"sha": sha})
    upload(client, strict_file, name="other")
    again = start()
    assert verdict(again, clear_png) == "reject"
    assert verdict(again, clear_png, detector="other") == "reject"


def test_a_detector_whose_file_was_lost_makes_the_server_not_ready(
    start: StartService, strict_file: Path, clear_png: bytes, tmp_path: Path
):
    sha = upload(start(), strict_file, name="other").json()["sha"]
    (tmp_path / "store" / "detectors" / sha[:2] / sha[2:]).write_bytes(b"damaged")
    again = start()
    assert verdict(again, clear_png) == "pass"
    assert again.get("/livez").status_code == 200
    answer = again.get("/readyz")
    assert answer.status_code == 503
    assert "other" in answer.json()["error"]
    assert again.post("/v1/inspect", files={"file": clear_png}, data={"detector": "other"}).status_code == 503


@pytest.mark.parametrize("name", ["..", "a/b", "", " ", "x" * 65, "-x"])
def test_names_that_files_cannot_have_are_refused(client: TestClient, strict_file: Path, name: str):
    answer = upload(client, strict_file, name=name or "\t")
    assert answer.status_code == 422


def test_a_version_that_is_not_there_cannot_be_activated(client: TestClient):
    assert client.post("/v1/detectors/darkness/activate", json={"sha": "0" * 64}).status_code == 404
    assert client.post("/v1/detectors/darkness/activate", json={"sha": "../x"}).status_code == 422
    assert client.post("/v1/detectors/gone/roll-back").status_code == 404


def test_a_server_without_its_detector_does_not_start(start: StartService):
    with pytest.raises(DetectorError, match="There is no detector"):
        start(detectors=("gone.blemish",))
