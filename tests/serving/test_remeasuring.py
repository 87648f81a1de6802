"""What a corrected mask measures: in the finding, in exports, and in the scale of two points."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import cv2
import numpy as np
import pytest

from blemish.measurement import Scale, load_grades, measure_mask

from .conftest import TestClient


@pytest.fixture
def found(client: TestClient, wall_png: bytes) -> dict[str, Any]:
    data = {"mm_per_px": "0.5", "grades": "korea-rc"}
    return client.post("/v1/inspect", files={"file": ("a.png", wall_png)}, data=data).json()["results"][0]


@pytest.fixture
def mask() -> np.ndarray:
    """A crack of another length and width than the detector's: 60 x 6 px."""
    drawn = np.zeros((100, 150), bool)
    drawn[49:55, 20:80] = True
    return drawn


def correct(client: TestClient, finding_id: str, mask: np.ndarray, if_match: str = "*", **more: Any) -> Any:
    data = base64.b64encode(cv2.imencode(".png", mask.astype(np.uint8) * 255)[1].tobytes()).decode()
    wanted = {"finding_id": finding_id, "decision": "correct", "mask": data, **more}
    return client.post("/v1/reviews", json=wanted, headers={"If-Match": if_match})


def test_cracks_are_measured_from_the_corrected_mask_as_the_library_measures_it(
    client: TestClient, found: dict[str, Any], mask: np.ndarray, wall: np.ndarray
):
    assert correct(client, found["id"], mask).status_code == 201
    stored = client.get(f"/v1/findings/{found['id']}").json()
    assert (stored["corrected"], stored["has_mask"], stored["detector_mask"]) == (True, True, True)
    (crack,) = stored["finding"]["cracks"]
    (expected,) = measure_mask(mask, wall, scale=Scale.given(0.5)).cracks
    assert crack["length_px"] == pytest.approx(expected.length_px, rel=1e-3)
    assert crack["max_width_px"] == pytest.approx(expected.max_width_px, rel=1e-3)
    assert crack["mm"]["length"] == pytest.approx(expected.mm.length, rel=1e-3)
    assert crack["grade"] == load_grades("korea-rc").graded(expected).grade
    (region,) = stored["finding"]["regions"]
    assert region["area_px"] == mask.sum()
    assert region["label"] == "dark"
    assert region["score"] == pytest.approx(found["finding"]["regions"][0]["score"], abs=0.3)
    for kept in ("score", "verdict", "p_value", "size_px"):
        assert stored["finding"][kept] == found["finding"][kept]


def test_the_scale_of_two_points_holds_from_then_on(client: TestClient, found: dict[str, Any], mask: np.ndarray):
    address = f"/v1/findings/{found['id']}"
    before = found["finding"]["cracks"][0]["mm"]["max_width"]
    scale = {"first": [10, 10], "second": [10, 60], "length_mm": 100}
    own = client.get(f"{address}/mask").content
    outlined = cv2.imdecode(np.frombuffer(own, np.uint8), cv2.IMREAD_GRAYSCALE) > 127
    correct(client, found["id"], outlined, scale=scale)
    stored = client.get(address).json()["finding"]
    assert stored["scale"]["mm_per_px"] == pytest.approx(2.0)
    assert stored["scale"]["source"] == "two points"
    # Four times the scale, and the outline the same: widths told by the grey levels may differ a little.
    assert stored["cracks"][0]["mm"]["max_width"] == pytest.approx(4 * before, rel=0.2)
    correct(client, found["id"], mask)
    assert client.get(address).json()["finding"]["scale"]["mm_per_px"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ({"first": [10, 10], "second": [10, 10], "length_mm": 100}, "on one another"),
        ({"first": [10, 10], "second": [900, 10], "length_mm": 100}, "outside"),
        ({"first": [10, 10], "second": [90, 10], "length_mm": 0}, "above 0"),
        ({"first": [10, 10], "second": [90, 10], "length_mm": 1e9}, "cannot be right"),
        ({"first": [10], "second": [90, 10], "length_mm": 1}, "first"),
    ],
)
def test_a_scale_that_cannot_be_right_is_refused_and_nothing_changes(
    client: TestClient, found: dict[str, Any], mask: np.ndarray, scale: dict[str, Any], said: str
):
    answer = correct(client, found["id"], mask, scale=scale)
    assert answer.status_code == 422
    assert said in answer.json()["error"]
    assert client.get(f"/v1/findings/{found['id']}").json()["state"] == "open"


def test_nobody_s_correction_is_lost(client: TestClient, found: dict[str, Any], mask: np.ndarray):
    assert correct(client, found["id"], mask, '"1"').status_code == 201
    assert correct(client, found["id"], ~mask, '"1"').status_code == 412
    assert client.get(f"/v1/findings/{found['id']}").json()["finding"]["regions"][0]["area_px"] == mask.sum()


def test_another_decision_brings_the_detector_s_finding_back(
    client: TestClient, found: dict[str, Any], mask: np.ndarray
):
    address = f"/v1/findings/{found['id']}"
    thumb = client.get(f"{address}/thumb").content
    correct(client, found["id"], mask)
    assert client.get(f"{address}/thumb").content != thumb
    reopened = {"finding_id": found["id"], "decision": "reopen"}
    client.post("/v1/reviews", json=reopened, headers={"If-Match": "*"}).raise_for_status()
    stored = client.get(address).json()
    assert stored["finding"] == found["finding"]
    assert stored["corrected"] is False
    assert client.get(f"{address}/thumb").content == thumb


def test_an_empty_mask_says_that_there_is_nothing(client: TestClient, found: dict[str, Any]):
    correct(client, found["id"], np.zeros((100, 150), bool))
    stored = client.get(f"/v1/findings/{found['id']}").json()
    assert (stored["finding"]["cracks"], stored["finding"]["regions"]) == ([], [])


def test_exports_hold_what_was_corrected(client: TestClient, found: dict[str, Any], clear_png: bytes, mask: np.ndarray):
    clear = client.post("/v1/inspect", files={"file": ("b.png", clear_png)}).json()["results"][0]
    assert clear["finding"]["verdict"] == "pass"
    missed = np.zeros((80, 90), bool)
    missed[40:44, 10:70] = True
    correct(client, found["id"], mask)
    correct(client, clear["id"], missed)
    data = client.get("/v1/findings/export", params={"format": "csv,coco,cvat,yolo,labelme,html"}).content
    archive = zipfile.ZipFile(io.BytesIO(data))
    lines = [json.loads(line) for line in archive.read("findings.jsonl").decode().splitlines()]
    for line, drawn in zip(lines, (mask, missed), strict=True):
        assert sum(region["area_px"] for region in line["regions"]) == drawn.sum()
        exported = cv2.imdecode(np.frombuffer(archive.read(line["mask_file"]), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(exported > 127, drawn)
