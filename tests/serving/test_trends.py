"""One place at several dates: what became of its cracks, and their widths over time."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
import pytest

from .browsing import wall_of
from .conftest import TestClient, png

STAYS, SHORT, LONG, CLOSED = (60, 360, 60, 65), (60, 260, 160, 164), (60, 420, 160, 164), (60, 360, 260, 266)
OPENED, WIDE = (60, 360, 400, 406), (60, 420, 157, 167)


def send(client: TestClient, name: str, *bars: tuple[int, int, int, int], **data: Any) -> str:
    answer = client.post("/v1/inspect", files={"file": (name, png(wall_of(*bars)))}, data=data)
    return str(answer.json()["results"][0]["id"])


@pytest.fixture
def dated(client: TestClient) -> list[str]:
    """Three dates of one wall, and another image."""
    ids = [
        send(client, "pier.png", STAYS, SHORT, CLOSED, mm_per_px="0.5"),
        send(client, "pier.png", STAYS, LONG, mm_per_px="0.5"),
        send(client, "pier.png", STAYS, WIDE, OPENED, mm_per_px="0.5"),
    ]
    send(client, "other.png", STAYS)
    return ids


def test_each_crack_is_new_grown_static_or_repaired(client: TestClient, dated: list[str]):
    told = client.get(f"/v1/findings/{dated[2]}/trend").json()
    assert [date["id"] for date in told["dates"]] == dated[:2]
    assert told["dates"][0]["counts"] == {"grown": 1, "new": 1, "repaired": 1, "static": 1}
    assert told["dates"][1]["counts"] == {"grown": 1, "new": 1, "static": 1}
    assert [date["status"] for date in told["dates"]] == ["grown", "grown"]
    assert client.get(f"/v1/findings/{dated[0]}/trend").json()["dates"] == []


def test_widths_and_lengths_go_over_time_with_their_uncertainty(client: TestClient, dated: list[str]):
    told = client.get(f"/v1/findings/{dated[2]}/trend").json()
    finding = client.get(f"/v1/findings/{dated[2]}").json()["finding"]
    widest = next(track for track in told["tracks"] if len(track["points"]) == 3 and track["points"][2]["width"] > 4)
    assert widest["unit"] == "mm"
    assert [point["width"] for point in widest["points"]] == pytest.approx([2, 2, 5], abs=0.8)
    assert [point["length"] for point in widest["points"]] == pytest.approx([100, 180, 180], abs=6)
    assert all(point["width_uncertainty"] > 0 for point in widest["points"])
    now = next(crack for crack in finding["cracks"] if crack["number"] == widest["crack"])
    assert widest["points"][2]["width"] == pytest.approx(now["mm"]["max_width"])
    lengths = sorted([round(point["length"] / 5) * 5 for point in track["points"]] for track in told["tracks"])
    assert lengths == [[100, 180, 180], [150], [150, 150, 150]]
    taken = [point["taken"] for point in widest["points"]]
    assert taken == sorted(taken)


def test_a_place_that_was_given_counts_instead_of_the_name(client: TestClient, dated: list[str]):
    moved = send(client, "IMG_7.png", STAYS, LONG)
    for finding_id in (dated[0], moved):
        answer = client.put(f"/v1/findings/{finding_id}/place", json={"place": " Pier 1, east "})
        assert answer.json()["place"] == "Pier 1, east"
    assert [date["id"] for date in client.get(f"/v1/findings/{moved}/trend").json()["dates"]] == [dated[0]]
    assert [date["id"] for date in client.get(f"/v1/findings/{dated[2]}/trend").json()["dates"]] == [dated[1]]
    assert client.put(f"/v1/findings/{moved}/place", json={"place": ""}).json()["place"] is None


def test_images_that_cannot_be_aligned_say_so(client: TestClient, dated: list[str]):
    other = np.random.default_rng(9).normal(180, 20, (480, 640, 1))
    noise = np.clip(cv2.GaussianBlur(other, (0, 0), 2), 130, 255)[..., None].repeat(3, 2).astype(np.uint8)
    later = client.post("/v1/inspect", files={"file": ("pier.png", png(noise))}).json()["results"][0]["id"]
    told = client.get(f"/v1/findings/{later}/trend").json()
    assert len(told["dates"]) == 3
    assert all(date["problem"] and date["status"] is None for date in told["dates"])


def test_a_correction_is_what_is_compared(client: TestClient, dated: list[str]):
    before = client.get(f"/v1/findings/{dated[2]}/trend").json()["dates"][1]["counts"]
    mask = np.zeros((480, 640), np.uint8)
    wanted = {"finding_id": dated[2], "decision": "correct", "mask": base64.b64encode(png_of(mask)).decode()}
    client.post("/v1/reviews", json=wanted, headers={"If-Match": "*"}).raise_for_status()
    assert client.get(f"/v1/findings/{dated[2]}/trend").json()["dates"][1]["counts"] != before


def png_of(mask: np.ndarray) -> bytes:
    return cv2.imencode(".png", mask)[1].tobytes()


def test_no_such_finding(client: TestClient):
    assert client.get(f"/v1/findings/{'0' * 32}/trend").status_code == 404
    assert client.put(f"/v1/findings/{'0' * 32}/place", json={"place": "a"}).status_code == 404
