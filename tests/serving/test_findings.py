"""Stored findings: pictures, filters, cursors, exports, and reviews that no two people overwrite."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from typing import Any

import cv2
import numpy as np
import pytest

from blemish.findings import Finding

from .conftest import StartService, TestClient, png


def wall_of(level: int) -> bytes:
    """A light image with a bar of a grey level: its score grows as the bar gets darker."""
    image = np.full((64, 64, 3), 230, np.uint8)
    image[30:34, 10:50] = level
    return png(image)


@pytest.fixture
def filled(client: TestClient) -> TestClient:
    """A service with seven findings: two rejected, two for review, three that pass."""
    levels = {"a/x.png": 10, "b/y.png": 200, "c.png": 60, "d.png": 130, "e.png": 210, "100%_f.png": 220, "g.png": 140}
    for name, level in levels.items():
        client.post("/v1/inspect", files={"file": (name, wall_of(level))}).raise_for_status()
    return client


def names(client: TestClient, **filters: Any) -> list[str]:
    return [one["finding"]["image"] for one in client.get("/v1/findings", params=filters).json()["findings"]]


def decide(client: TestClient, finding_id: str, decision: str, etag: str = "*", **more: Any) -> Any:
    wanted = {"finding_id": finding_id, "decision": decision, **more}
    return client.post("/v1/reviews", json=wanted, headers={"If-Match": etag})


def test_the_worst_come_first(filled: TestClient):
    assert names(filled) == ["a/x.png", "c.png", "d.png", "g.png", "b/y.png", "e.png", "100%_f.png"]
    assert names(filled, order="newest") == ["g.png", "100%_f.png", "e.png", "d.png", "c.png", "b/y.png", "a/x.png"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"verdict": "reject"}, ["a/x.png", "c.png"]),
        ({"verdict": ["reject", "review"]}, ["a/x.png", "c.png", "d.png", "g.png"]),
        ({"text": "X.P"}, ["a/x.png"]),
        ({"text": "%"}, ["100%_f.png"]),
        ({"text": "_"}, ["100%_f.png"]),
        ({"detector": "gone"}, []),
        ({"state": "approved"}, []),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"until": "2999-01-01T00:00:00Z", "verdict": "reject"}, ["a/x.png", "c.png"]),
        ({"job": "none"}, []),
    ],
)
def test_filters(filled: TestClient, filters: dict[str, Any], expected: list[str]):
    assert names(filled, **filters) == expected
    assert filled.get("/v1/findings", params=filters).json()["total"] == len(expected)


@pytest.mark.parametrize("order", ["worst", "newest"])
def test_cursors_lead_to_every_finding_once_while_others_arrive(filled: TestClient, order: str):
    expected, seen, cursor = names(filled, order=order), [], None
    for page in range(4):
        page_filters = {"order": order, "limit": 2} | ({} if cursor is None else {"cursor": cursor})
        answer = filled.get("/v1/findings", params=page_filters).json()
        seen += [one["finding"]["image"] for one in answer["findings"]]
        cursor = answer["next"]
        if page == 0:
            filled.post("/v1/inspect", files={"file": ("late.png", wall_of(5))})
    assert cursor is None
    assert [name for name in seen if name != "late.png"] == expected


@pytest.mark.parametrize("cursor", ["x", "WzFd", "bnVsbA", "W3RydWUsIDEsICJhIl0", "%00", "é"])
def test_what_is_no_cursor_is_said(filled: TestClient, cursor: str):
    answer = filled.get("/v1/findings", params={"cursor": cursor})
    assert answer.status_code == 422
    assert "error" in answer.json()


def test_scores_are_there_for_a_histogram(filled: TestClient):
    answer = filled.get("/v1/findings/scores").json()
    assert answer["scores"] == sorted(answer["scores"])
    assert answer["verdicts"] == ["pass"] * 3 + ["review"] * 2 + ["reject"] * 2


def test_pictures_are_made_anew_and_the_upload_only_downloads(filled: TestClient):
    (found,) = filled.get("/v1/findings", params={"text": "a/x"}).json()["findings"]
    at = f"/v1/findings/{found['id']}"
    for picture, kind in {"view": "image/jpeg", "thumb": "image/jpeg", "mask": "image/png", "map": "image/png"}.items():
        answer = filled.get(f"{at}/{picture}")
        assert answer.headers["Content-Type"] == kind
        assert cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED).shape[:2] == (64, 64)
    image = filled.get(f"{at}/image")
    assert image.content == wall_of(10)
    assert image.headers["Content-Type"] == "application/octet-stream"
    assert image.headers["Content-Disposition"] == 'attachment; filename="x.png"'
    passed = filled.get("/v1/findings", params={"text": "b/y"}).json()["findings"][0]
    assert filled.get(f"/v1/findings/{passed['id']}/mask").status_code == 404
    assert filled.get(f"{at}/secrets").status_code == 422


def test_the_same_image_is_kept_once(filled: TestClient):
    kept = filled.app.state.service.pictures
    before = sorted(kept.all())
    filled.post("/v1/inspect", files={"file": ("again.png", wall_of(10))})
    assert sorted(kept.all()) == before


def test_a_review_changes_the_state_and_stays_in_the_history(filled: TestClient):
    found = filled.get("/v1/findings").json()["findings"][0]
    first = decide(filled, found["id"], "reject", '"1"', tags=["dirt", "얼룩"], comment="only <b>dirt</b>")
    assert first.status_code == 201
    assert first.headers["ETag"] == '"2"'
    assert filled.get(f"/v1/findings/{found['id']}").json()["state"] == "rejected"
    assert decide(filled, found["id"], "reopen", '"2"').status_code == 201
    assert decide(filled, found["id"], "approve", '"3"').status_code == 201
    history = filled.get(f"/v1/findings/{found['id']}/reviews").json()
    assert [(one["decision"], one["version"], one["reviewer"]) for one in history] == [
        ("reject", 2, "local"),
        ("reopen", 3, "local"),
        ("approve", 4, "local"),
    ]
    assert (history[0]["tags"], history[0]["comment"]) == (["dirt", "얼룩"], "only <b>dirt</b>")
    assert names(filled, state="approved") == ["a/x.png"]
    everything = filled.get("/v1/reviews").json()
    assert [one["id"] for one in everything] == [one["id"] for one in history]
    assert filled.get("/v1/reviews", params={"after": history[0]["id"]}).json() == history[1:]


def test_two_reviewers_do_not_overwrite_each_other(filled: TestClient):
    finding_id = filled.get("/v1/findings").json()["findings"][0]["id"]
    assert decide(filled, finding_id, "approve", '"1"').status_code == 201
    late = decide(filled, finding_id, "reject", '"1"')
    assert late.status_code == 412
    assert filled.get(f"/v1/findings/{finding_id}").json()["state"] == "approved"
    assert decide(filled, finding_id, "reject", "*").status_code == 201


def test_of_many_reviewers_at_once_one_wins(filled: TestClient):
    finding_id = filled.get("/v1/findings").json()["findings"][0]["id"]
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(decide(filled, finding_id, "approve", '"1"').status_code))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] + [412] * 7
    assert len(filled.get(f"/v1/findings/{finding_id}/reviews").json()) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, {}, 428),
        ({"If-Match": "yes"}, {}, 422),
        ({"If-Match": '"99999999999999999999"'}, {}, 422),
        ({"If-Match": "*"}, {"decision": "maybe"}, 422),
        ({"If-Match": "*"}, {"finding_id": "0" * 32}, 404),
        ({"If-Match": "*"}, {"comment": "x" * 4001}, 422),
        ({"If-Match": "*"}, {"tags": ["x"] * 21}, 422),
        ({"If-Match": "*"}, {"extra": 1}, 422),
    ],
)
def test_reviews_that_make_no_sense_are_refused(
    filled: TestClient, headers: dict[str, str], body: dict[str, Any], status: int
):
    finding_id = filled.get("/v1/findings").json()["findings"][0]["id"]
    wanted = {"finding_id": finding_id, "decision": "approve", **body}
    answer = filled.post("/v1/reviews", json=wanted, headers=headers)
    assert answer.status_code == status
    assert "error" in answer.json()


def test_an_export_is_what_inspect_writes(filled: TestClient):
    answer = filled.get("/v1/findings/export", params={"format": "csv,coco,jsonl,geojson", "verdict": "reject"})
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        members = set(archive.namelist())
        assert {"findings.jsonl", "findings.csv", "coco.json", "run.json", "masks/x.png", "masks/c.png"} <= members
        lines = archive.read("findings.jsonl").decode().splitlines()
        coco = json.loads(archive.read("coco.json"))
    assert [Finding.model_validate_json(line).image for line in lines] == ["a/x.png", "c.png"]
    assert [image["file_name"] for image in coco["images"]] == ["a/x.png", "c.png"]


@pytest.mark.parametrize(
    ("filters", "status", "said"),
    [({"format": "pfd"}, 422, 'Did you mean "pdf"?'), ({"detector": "gone"}, 404, "no finding")],
)
def test_exports_that_cannot_be_are_said(filled: TestClient, filters: dict[str, str], status: int, said: str):
    answer = filled.get("/v1/findings/export", params=filters)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_old_findings_go_with_their_pictures(start: StartService, monkeypatch: pytest.MonkeyPatch):
    client = start(keep_days=1.0)
    client.post("/v1/inspect", files={"file": wall_of(10)})
    service = client.app.state.service
    service.clean()
    assert client.get("/v1/findings").json()["total"] == 1
    day_ms = 24 * 3600 * 1000
    monkeypatch.setattr("blemish.serving.service.now_ms", lambda now=service: 2 * day_ms + 10**13)
    monkeypatch.setattr("blemish.serving.service._GRACE_S", -1.0)
    service.clean()
    assert client.get("/v1/findings").json()["total"] == 0
    assert list(service.pictures.all()) == []
