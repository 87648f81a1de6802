"""Trainings: from reviewed images in a process of their own, compared, activated, and found again after a restart."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from blemish.detectors import Container
from blemish.serving import one_by_one
from blemish.serving.learning import process, reviewed, trainings

from .conftest import StartService, TestClient, png
from .training_bench import detector, faint, stand_in


class Bench:
    """A service with reviewed images, and what its trainings will make."""

    def __init__(self, start: StartService, container: Container, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._start, self._container, self._folder, self._patch = start, container, folder, patch
        patch.setattr(reviewed, "_TEST_ONE_IN", 2)
        detector(container, folder / "wall.blemish", 0.6)
        self.will_make(0.6)
        self.client = self.serve()

    def serve(self, **settings: Any) -> TestClient:
        return self._start(detectors=(str(self._folder / "wall.blemish"),), **settings)

    def will_make(self, reject: float, *, seconds: float = 0.0, fails: str = "") -> None:
        made = detector(self._container, self._folder / "made.blemish", reject)
        stand_in(self._patch, self._folder, made, seconds=seconds, fails=fails)

    def review(self, count: int = 16) -> None:
        """Every second image has a faint bar (darkness .5), which people confirm; the old detector misses it."""
        rng = np.random.default_rng(0)
        for number in range(count):
            image = png(faint(rng, has_bar=bool(number % 2)))
            answer = self.client.post("/v1/inspect", files={"file": (f"{number}.png", image)})
            found = answer.json()["results"][0]
            decision = {"finding_id": found["id"], "decision": "reject" if number % 2 else "approve"}
            assert found["finding"]["verdict"] == "pass"
            self.client.post("/v1/reviews", json=decision, headers={"If-Match": "*"})

    def begin(self, **wanted: Any) -> str:
        answer = self.client.post("/v1/trainings", json={"method": "unet", **wanted})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def until(self, training: str, *states: str) -> dict[str, Any]:
        for _ in range(600):
            status = self.client.get(f"/v1/trainings/{training}").json()
            if status["state"] in states:
                return dict(status)
            time.sleep(0.05)
        raise AssertionError(status)


@pytest.fixture
def bench(start: StartService, darkness: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(start, darkness, tmp_path, monkeypatch)


def test_a_better_detector_is_trained_compared_and_activated(bench: Bench):
    bench.review()
    bench.will_make(0.45)
    status = bench.until(bench.begin(), "done", "failed")
    assert status["error"] is None
    comparison = status["comparison"]
    assert comparison["old"]["recall"]["count"] == 0
    assert comparison["new"]["recall"]["count"] == comparison["new"]["recall"]["n"] > 0
    assert comparison["new"]["recall"]["low"] < 1.0
    assert comparison["is_no_worse"]
    assert "16 reviewed images" in status["images"]
    assert not status["active"]
    activated = bench.client.post(f"/v1/trainings/{status['id']}/activate")
    assert (activated.status_code, activated.json()["active"]) == (200, True)
    assert bench.client.get("/v1/detectors/wall").json()["sha"] == status["new_sha"]
    rolled = bench.client.post("/v1/detectors/wall/roll-back")
    assert rolled.json()["active"][0]["sha"] == status["old_sha"]
    left = {path.name for path in (bench.client.app.state.service.settings.store / "trainings").glob("*/*")}
    assert left <= {"training.json", "output.log", "pid", ".lock", "begun"}


def test_a_worse_detector_is_not_activated(bench: Bench):
    bench.review()
    bench.will_make(0.1)
    status = bench.until(bench.begin(), "done", "failed")
    assert not status["comparison"]["is_no_worse"]
    refused = bench.client.post(f"/v1/trainings/{status['id']}/activate")
    assert refused.status_code == 409
    assert "worse" in refused.json()["error"]
    assert bench.client.get("/v1/detectors/wall").json()["sha"] == status["old_sha"]


def test_a_version_that_was_activated_since_is_not_replaced_unseen(bench: Bench, darkness: Container, tmp_path: Path):
    bench.review()
    bench.will_make(0.45)
    status = bench.until(bench.begin(), "done")
    other = detector(darkness, tmp_path / "other.blemish", 0.3)
    sha = bench.client.post("/v1/detectors", files={"file": other.read_bytes()}, data={"name": "wall"}).json()["sha"]
    bench.client.post("/v1/detectors/wall/activate", json={"sha": sha})
    assert "activated since" in bench.client.post(f"/v1/trainings/{status['id']}/activate").json()["error"]


def test_a_training_is_cancelled_and_says_what_it_said(bench: Bench):
    bench.review()
    bench.will_make(0.45, seconds=60)
    training = bench.begin()
    bench.until(training, "running")
    for _ in range(200):
        if (said := bench.client.get(f"/v1/trainings/{training}").json()["said"]) is not None:
            break
        time.sleep(0.05)
    assert said == "Epoch 1 of 2; 1 s left."
    bench.client.delete(f"/v1/trainings/{training}")
    assert bench.until(training, "cancelled")["new_sha"] is None
    assert bench.client.delete(f"/v1/trainings/{training}").json()["state"] == "cancelled"
    assert bench.client.post(f"/v1/trainings/{training}/activate").status_code == 409


def test_what_training_says_of_its_failure_is_the_reason(bench: Bench):
    bench.review()
    bench.will_make(0.45, fails="The class has one image.")
    status = bench.until(bench.begin(), "failed")
    assert status["error"] == "The class has one image."


@pytest.mark.parametrize(("count", "said"), [(0, "decide about findings first"), (1, "no defective one yet")])
def test_too_few_reviews_are_said(bench: Bench, count: int, said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reviewed, "_TEST_ONE_IN", 1)
    bench.review(count)
    assert said in bench.until(bench.begin(), "failed")["error"]


def test_a_stopped_server_goes_on_with_the_training(bench: Bench):
    bench.review()
    bench.will_make(0.45, seconds=60)
    training = bench.begin()
    bench.until(training, "running")
    while not list(bench.client.app.state.service.settings.store.glob("trainings/*/begun")):
        time.sleep(0.05)
    bench.client.app.state.service.trainings.close()
    bench.will_make(0.45)
    bench.client = bench.serve()
    assert bench.until(training, "done")["comparison"]["is_no_worse"]


def test_a_killed_server_leaves_the_training_at_work_and_the_next_one_finds_it(bench: Bench):
    bench.review()
    bench.will_make(0.45, seconds=4)
    training = bench.begin()
    service = bench.client.app.state.service
    folder = service.settings.store / "trainings" / training
    while not (folder / "begun").is_file():
        time.sleep(0.02)
    service.trainings._wait_for = None  # this server is dead: it looks at nothing any more
    bench.client = bench.serve()
    assert bench.until(training, "done")["comparison"]["is_no_worse"]
    assert (folder / "begun").read_text() == "x", "it was begun a second time"


def test_a_killed_training_is_begun_again_by_the_next_server(bench: Bench):
    bench.review()
    bench.will_make(0.45, seconds=60)
    training = bench.begin()
    folder = bench.client.app.state.service.settings.store / "trainings" / training
    while not (folder / "begun").is_file():
        time.sleep(0.02)
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    assert bench.until(training, "failed")["error"]
    record = (folder / "training.json").read_text().replace('"failed"', '"running"')
    (folder / "training.json").write_text(record)
    bench.will_make(0.45)
    bench.client = bench.serve()
    assert bench.until(training, "done", "failed")["state"] == "done"


def test_a_training_waits_for_room_on_a_full_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.review()
    bench.will_make(0.45)
    monkeypatch.setattr(one_by_one, "_WAIT_S", 0.05)
    real, tried = trainings.write_reviewed, []

    def full(*given: Any, **more: Any) -> Any:
        tried.append(given)
        if len(tried) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*given, **more)

    monkeypatch.setattr(trainings, "write_reviewed", full)
    assert bench.until(bench.begin(), "done", "failed")["state"] == "done"
    assert len(tried) == 3


def test_a_training_waits_for_the_database(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.review()
    bench.will_make(0.45)
    monkeypatch.setattr(one_by_one, "_WAIT_S", 0.05)
    real, tried = trainings.write_reviewed, []

    def away(*given: Any, **more: Any) -> Any:
        tried.append(given)
        if len(tried) == 1:
            raise OperationalError("SELECT", {}, Exception("gone"))
        return real(*given, **more)

    monkeypatch.setattr(trainings, "write_reviewed", away)
    assert bench.until(bench.begin(), "done", "failed")["state"] == "done"
    assert len(tried) == 2


def test_a_server_without_the_training_side_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trainings, "find_spec", lambda _: None)
    answer = bench.client.post("/v1/trainings", json={})
    assert answer.status_code == 501
    assert (
        answer.json()["error"]
        == 'This server cannot train: where it runs, in a checkout of blemish, pip install ".[train]".'
    )
    known = bench.client.get("/v1/trainings").json()
    assert known["problem"] == answer.json()["error"]
    assert "unet" in known["methods"]


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"detector": "gone"}, 404),
        ({"method": "--out=/etc/passwd"}, 422),
        ({"method": "../../x"}, 422),
        ({"seed": -1}, 422),
        ({"profile": "long"}, 422),
        ({"out": "/tmp/x"}, 422),
    ],
)
def test_trainings_that_make_no_sense_are_refused(bench: Bench, wanted: dict[str, Any], status: int):
    assert bench.client.post("/v1/trainings", json=wanted).status_code == status
    assert bench.client.get("/v1/trainings").json()["trainings"] == []


def test_only_an_engineer_trains_and_everybody_may_look(start: StartService, monkeypatch: pytest.MonkeyPatch):
    admin = start(keys=True)
    key = admin.post("/v1/keys", json={"name": "o", "role": "operator"}).json()["key"]
    operator = {"Authorization": f"Bearer {key}"}
    assert admin.get("/v1/trainings", headers=operator).status_code == 200
    for method, path in (("POST", ""), ("DELETE", "/x"), ("POST", "/x/activate")):
        assert admin.request(method, f"/v1/trainings{path}", json={}, headers=operator).status_code == 403
    assert admin.get("/v1/trainings", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.train
@pytest.mark.slow
def test_a_training_for_real(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("torch")
    importlib.reload(process)
    monkeypatch.setattr(trainings, "TrainingProcess", process.TrainingProcess)
    bench.review(40)
    status = bench.until(bench.begin(method="patch-gaussian"), "done", "failed")
    assert status["error"] is None, status
    assert bench.client.get("/v1/detectors").json()["versions"][-1]["method"] == "patch-gaussian"
