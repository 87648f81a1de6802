"""Masks that people correct: kept pixel for pixel, and refused where they do not fit."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from blemish.inspection.thresholds import set_thresholds
from blemish.serving.store.findings import contents_in_use

from .conftest import StartService, TestClient


def encoded(mask: np.ndarray) -> str:
    return base64.b64encode(cv2.imencode(".png", mask.astype(np.uint8) * 255)[1].tobytes()).decode()


@pytest.fixture
def found(client: TestClient, wall_png: bytes) -> dict[str, Any]:
    return client.post("/v1/inspect", files={"file": ("a.png", wall_png)}).json()["results"][0]


def correct(client: TestClient, found: dict[str, Any], mask: str | None, decision: str = "correct") -> Any:
    wanted = {"finding_id": found["id"], "decision": decision, "mask": mask}
    return client.post("/v1/reviews", json=wanted, headers={"If-Match": "*"})


def test_a_corrected_mask_is_kept_pixel_for_pixel(client: TestClient, found: dict[str, Any]):
    mask = np.random.default_rng(0).random((100, 150)) < 0.3
    answer = correct(client, found, encoded(mask))
    assert (answer.status_code, answer.json()["has_mask"]) == (201, True)
    assert client.get(f"/v1/findings/{found['id']}").json()["state"] == "corrected"
    kept = client.get(f"/v1/findings/{found['id']}/corrected")
    assert kept.headers["Content-Type"] == "image/png"
    assert np.array_equal(cv2.imdecode(np.frombuffer(kept.content, np.uint8), cv2.IMREAD_GRAYSCALE) > 127, mask)
    assert client.get("/v1/findings", params={"state": "corrected"}).json()["total"] == 1


def test_pieces_of_a_corrected_mask_are_counted_as_the_detector_counts_them(
    start: StartService, darkness_file: Path, wall_png: bytes
):
    mask = np.zeros((100, 150), bool)
    mask[20:24, 10:40] = mask[20:24, 45:90] = True
    counts = []
    for gap_px in (4, 5):
        set_thresholds(darkness_file, gap_px=gap_px)
        client = start(store=darkness_file.parent / f"store{gap_px}")
        found = client.post("/v1/inspect", files={"file": ("a.png", wall_png)}).json()["results"][0]
        correct(client, found, encoded(mask))
        counts.append(len(client.get(f"/v1/findings/{found['id']}").json()["finding"]["regions"]))
    assert counts == [2, 1]


def test_the_latest_correction_counts_and_a_further_decision_ends_it(client: TestClient, found: dict[str, Any]):
    address = f"/v1/findings/{found['id']}/corrected"
    assert client.get(address).status_code == 404
    correct(client, found, encoded(np.ones((100, 150), bool)))
    correct(client, found, encoded(np.zeros((100, 150), bool)))
    assert not cv2.imdecode(np.frombuffer(client.get(address).content, np.uint8), cv2.IMREAD_GRAYSCALE).any()
    assert correct(client, found, None, "reopen").json()["has_mask"] is False
    assert client.get(address).status_code == 404


def test_a_mask_with_colours_and_opacity_is_read_by_its_brightness(client: TestClient, found: dict[str, Any]):
    painted = np.zeros((100, 150, 4), np.uint8)
    painted[10:20, 30:50] = 255
    painted[..., 3] = 255
    data = base64.b64encode(cv2.imencode(".png", painted)[1].tobytes()).decode()
    assert correct(client, found, data).status_code == 201
    kept = client.get(f"/v1/findings/{found['id']}/corrected").content
    assert (cv2.imdecode(np.frombuffer(kept, np.uint8), 0) > 127).sum() == 200


def bomb() -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (encoded(np.ones((150, 100), bool)), "100 x 150 pixels, and its image 150 x 100"),
        (bomb(), "60000 x 60000"),
        ("no base64 !", "in base64"),
        (base64.b64encode(b"GIF89a").decode(), "this is none"),
        (encoded(np.ones((100, 150), bool))[:60], "this is none|damaged|in base64"),
        (None, "comes with the decision"),
    ],
)
def test_masks_that_do_not_fit_are_refused(client: TestClient, found: dict[str, Any], mask: str | None, said: str):
    answer = correct(client, found, mask)
    assert answer.status_code == 422
    assert any(part in answer.json()["error"] for part in said.split("|"))
    assert client.get(f"/v1/findings/{found['id']}").json()["state"] == "open"


def test_a_mask_comes_with_no_other_decision(client: TestClient, found: dict[str, Any]):
    assert correct(client, found, encoded(np.ones((100, 150), bool)), "approve").status_code == 422
    gone = {"id": "0" * 32}
    assert correct(client, gone, encoded(np.ones((100, 150), bool))).status_code == 404


def test_a_correction_outlives_the_cleaning_of_pictures(client: TestClient, found: dict[str, Any]):
    correct(client, found, encoded(np.ones((100, 150), bool)))
    correct(client, found, None, "approve")
    service = client.app.state.service
    with service.database.transaction() as session:
        assert set(service.pictures.all()) == contents_in_use(session)
