"""Which findings are proposed for review: near a threshold, and different from one another."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.detectors import Container, Thresholds, write_container
from blemish.serving.learning.proposals import farthest_first

from .conftest import StartService, TestClient, png


def wall(level: int, *, at: int = 30, grey: int = 230) -> bytes:
    """A light image with a bar so dark; the score of the tests' detector is the darkness of the darkest pixel."""
    image = np.full((64, 64, 3), grey, np.uint8)
    image[at : at + 4, 10:50] = level
    return png(image)


def send(client: TestClient, **images: bytes) -> dict[str, str]:
    files = [("file", (f"{name}.png", data)) for name, data in images.items()]
    results = client.post("/v1/inspect", files=files).json()["results"]
    return {one["finding"]["image"].removesuffix(".png"): one["id"] for one in results}


def proposed(client: TestClient, **how: object) -> list[str]:
    answer = client.get("/v1/reviews/proposals", params=how)
    assert answer.status_code == 200, answer.text
    return [each["finding"]["finding"]["image"].removesuffix(".png") for each in answer.json()["proposals"]]


@pytest.fixture
def judged(start: StartService, darkness: Container, tmp_path) -> TestClient:
    """A service whose detector rejects from a darkness of .5 on."""
    spec = darkness.spec.model_copy(update={"thresholds": Thresholds(pixel=0.5, reject=0.5, source="the tests")})
    file = tmp_path / "judged.blemish"
    write_container(file, Container(spec, darkness.graph, ""))
    return start(detectors=(str(file),))


def test_the_most_uncertain_comes_first(judged: TestClient):
    send(judged, black=wall(0), near=wall(125), dark=wall(60), clear=wall(229))
    first = judged.get("/v1/reviews/proposals").json()["proposals"]
    assert first[0]["finding"]["finding"]["image"] == "near.png"
    assert first[0]["rank_distance"] == 0
    assert len(first) == 4


def test_of_uncertain_ones_those_that_differ_are_taken(judged: TestClient):
    alike = {f"alike{number}": wall(120 + number) for number in range(4)}
    send(judged, **alike, other=wall(118, at=5, grey=140))
    assert "other" in proposed(judged, limit=2)


def test_what_is_decided_is_not_proposed_and_neither_is_what_another_version_found(judged: TestClient):
    ids = send(judged, a=wall(125), b=wall(60))
    judged.post("/v1/reviews", json={"finding_id": ids["a"], "decision": "approve"}, headers={"If-Match": "*"})
    assert proposed(judged) == ["b"]
    service = judged.app.state.service
    service.detectors._active["judged"].sha = "0" * 64
    assert proposed(judged) == []


def test_without_a_threshold_only_the_difference_counts(start: StartService, darkness: Container, tmp_path):
    spec = darkness.spec.model_copy(update={"thresholds": Thresholds()})
    file = tmp_path / "open.blemish"
    write_container(file, Container(spec, darkness.graph, ""))
    client = start(detectors=(str(file),))
    send(client, a=wall(125), b=wall(60))
    assert {each["rank_distance"] for each in client.get("/v1/reviews/proposals").json()["proposals"]} == {None}


def test_pictures_that_are_gone_stop_nothing(judged: TestClient):
    send(judged, a=wall(125), b=wall(60))
    pictures = judged.app.state.service.pictures
    for sha in list(pictures.all()):
        pictures.remove(sha)
    assert sorted(proposed(judged)) == ["a", "b"]


def test_an_unknown_detector_is_said(judged: TestClient):
    assert judged.get("/v1/reviews/proposals", params={"detector": "gone"}).status_code == 404
    assert judged.get("/v1/reviews/proposals", params={"limit": 0}).status_code == 422
    assert proposed(judged) == []


def test_farthest_first_covers_the_corners_before_the_middle():
    square = np.array([[0, 0], [0.5, 0.5], [1, 1], [1, 0], [0, 1], [0.5, 0.4]], np.float32)
    assert set(farthest_first(square, 4)) == {0, 2, 3, 4}
    assert farthest_first(np.zeros((3, 2), np.float32), 5) == [0, 1, 2]
