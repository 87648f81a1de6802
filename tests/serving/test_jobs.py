"""Jobs: archives and folders in the background, watched, cancelled, and whole after any number of kills."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blemish.client import Client
from blemish.files import cannot_write, write_bytes
from blemish.serving import one_by_one
from blemish.serving.jobs.ingesting import Ingestion

from .conftest import StartService, TestClient, png


def walls(count: int, side_px: int = 64) -> bytes:
    """A zip of light images, every second one with a bar."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            image = np.full((side_px, side_px, 3), 230 - number % 20, np.uint8)
            image[30:34, 10:50] = 10 if number % 2 else 225
            archive.writestr(f"deck/{number:03}.png", png(image))
    return buffer.getvalue()


def begin(client: TestClient, data: bytes | None = None, **fields: str) -> Any:
    files: dict[str, Any] = {name: (None, value) for name, value in fields.items()}
    if data is not None:
        files["archive"] = ("walls.zip", data)
    return client.post("/v1/jobs", files=files)


def ended(client: TestClient, job: str) -> dict[str, Any]:
    for _ in range(600):
        status = client.get(f"/v1/jobs/{job}").json()
        if status["state"] not in {"waiting", "running"}:
            return status
        time.sleep(0.05)
    raise AssertionError(status)


def test_an_archive_is_inspected_and_its_findings_are_in_the_store(client: TestClient):
    answer = begin(client, walls(6), mm_per_px="0.5")
    assert answer.status_code == 202
    job = answer.json()["id"]
    status = ended(client, job)
    assert (status["state"], status["done"], status["total"], status["failed"]) == ("done", 6, 6, 0)
    page = client.get("/v1/findings", params={"job": job}).json()
    assert page["total"] == 6
    assert {one["finding"]["image"] for one in page["findings"]} == {f"deck/{number:03}.png" for number in range(6)}
    worst = page["findings"][0]
    assert worst["finding"]["verdict"] == "reject"
    assert worst["finding"]["path"] is None
    assert worst["finding"]["cracks"][0]["mm"]["max_width"] > 0
    for picture in ("view", "thumb", "mask", "map", "image"):
        assert client.get(f"/v1/findings/{worst['id']}/{picture}").status_code == 200
    assert [one["id"] for one in client.get("/v1/jobs").json()] == [job]
    exported = client.get("/v1/findings/export", params={"job": job, "format": "csv"})
    assert "masks/001.png" in zipfile.ZipFile(io.BytesIO(exported.content)).namelist()


def test_names_that_windows_takes_and_linux_does_not_are_inspected(client: TestClient, wall_png: bytes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(2):
            archive.writestr(f"교량/{'벽' * 100}{number}{'벽' * 99}.png", wall_png)
    job = ended(client, begin(client, buffer.getvalue()).json()["id"])
    assert (job["state"], job["done"], job["failed"]) == ("done", 2, 0)
    found = client.get("/v1/findings", params={"job": job["id"]}).json()["findings"]
    assert len({one["finding"]["image"] for one in found}) == 2


def test_the_answers_are_those_of_a_single_request(client: TestClient):
    archive = walls(2)
    job = begin(client, archive).json()["id"]
    ended(client, job)
    stored = client.get("/v1/findings", params={"text": "001"}).json()["findings"][0]["finding"]
    data = zipfile.ZipFile(io.BytesIO(archive)).read("deck/001.png")
    alone = client.post("/v1/inspect", files={"file": ("deck/001.png", data)}).json()["results"][0]["finding"]
    assert stored == alone


def test_a_folder_of_the_server_is_inspected(start: StartService, tmp_path: Path, wall_png: bytes):
    (tmp_path / "images" / "deck").mkdir(parents=True)
    (tmp_path / "images" / "deck" / "a.png").write_bytes(wall_png)
    (tmp_path / "secret").mkdir()
    client = start(images=tmp_path / "images")
    assert ended(client, begin(client, folder="deck").json()["id"])["done"] == 1
    assert client.get("/v1/findings").json()["total"] == 1
    for name in ("../secret", "/etc", "gone", "deck/a.png", "a\0b"):
        assert begin(client, folder=name).status_code == 404
    assert begin(start(), folder="deck").status_code == 404


def test_files_that_are_no_images_are_counted(client: TestClient, wall_png: bytes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", wall_png)
        archive.writestr("b.png", b"no image")
    status = ended(client, begin(client, buffer.getvalue()).json()["id"])
    assert (status["state"], status["done"], status["failed"]) == ("done", 2, 1)
    assert client.get("/v1/findings").json()["total"] == 1


def test_progress_comes_as_events_and_a_job_is_cancelled(address: str, tmp_path: Path):
    (tmp_path / "walls.zip").write_bytes(walls(300, 256))
    with Client(address) as service:
        job = service.begin_job(tmp_path / "walls.zip", measure=False)
        seen = []
        for status in service.watch_job(job.id):
            seen.append(status)
            if status.done and not any(one.state == "cancelled" for one in seen):
                service.cancel_job(job.id)
        assert seen[-1].state == "cancelled"
        assert 0 < seen[-1].done < 300
        assert service.cancel_job(job.id).state == "cancelled"


@pytest.mark.parametrize(
    ("data", "fields", "status", "said"),
    [
        (None, {"detector": "darkness"}, 422, "either a zip"),
        (b"no zip", {}, 422, "cannot be unpacked"),
        (walls(1), {"folder": "x"}, 422, "either a zip"),
        (walls(1), {"detector": "gone"}, 404, "no detector"),
        (walls(1), {"grades": "eurocode-2"}, 422, "millimetres"),
    ],
)
def test_jobs_that_make_no_sense_are_refused(
    client: TestClient, data: bytes | None, fields: dict[str, str], status: int, said: str
):
    answer = begin(client, data, **fields)
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert client.get("/v1/jobs").json() == []
    assert list(client.app.state.service.settings.store.glob("jobs/*")) == []


def test_a_job_waits_for_room_on_a_full_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(one_by_one, "_WAIT_S", 0.05)
    real, tried = write_bytes, []

    def full(target: Path, data: bytes) -> None:
        tried.append(target)
        if len(tried) < 6:
            error = OSError(errno.ENOSPC, "No space left on device")
            raise error if len(tried) % 2 else cannot_write(target, error) from error
        real(target, data)

    monkeypatch.setattr("blemish.serving.store.blobs.write_bytes", full)
    job = begin(client, walls(4)).json()["id"]
    assert ended(client, job)["state"] == "done"
    assert len(tried) > 6
    assert client.get("/v1/findings", params={"job": job}).json()["total"] == 4


def test_a_job_that_cannot_write_how_it_stands_ends_and_others_follow(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        jobs = client.app.state.service.jobs
        save, saved = jobs._save, []

        def full(request: Any) -> None:
            saved.append(request.id)
            if len(saved) > 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            save(request)

        patch.setattr(jobs, "_save", full)
        assert ended(client, begin(client, walls(2)).json()["id"])["state"] == "done"
    assert ended(client, begin(client, walls(2)).json()["id"])["state"] == "done"


def test_a_job_goes_on_where_the_server_before_was(start: StartService, monkeypatch: pytest.MonkeyPatch):
    first = start()
    add, seen = Ingestion.add, []

    def slowly(self: Ingestion, finding: Any) -> None:
        seen.append(finding.image)
        if len(seen) == 3:
            raise KeyboardInterrupt  # the worker dies between a shard's line and the store
        add(self, finding)

    with monkeypatch.context() as patch:
        patch.setattr(Ingestion, "add", slowly)
        patch.setattr("threading.excepthook", lambda _: None)
        job = begin(first, walls(8)).json()["id"]
        while len(seen) < 3:
            time.sleep(0.02)
    first.app.state.service.jobs._worker.join()
    again = start()
    assert ended(again, job)["state"] == "done"
    page = again.get("/v1/findings", params={"job": job}).json()
    assert page["total"] == len({one["finding"]["image"] for one in page["findings"]}) == 8


@pytest.mark.slow
def test_a_killed_server_loses_nothing_that_it_answered(darkness_file: Path, tmp_path: Path, wall_png: bytes):
    command = [sys.executable, "-m", "blemish", "serve", "--detector", str(darkness_file), "--port", "0"]
    (tmp_path / "walls.zip").write_bytes(walls(60, 256))
    answered, job = [], None
    for life in range(4):
        server = subprocess.Popen([*command, "--store", str(tmp_path / "s")], stderr=subprocess.PIPE, text=True)
        line = server.stderr.readline()
        address = next(word for word in line.split() if word.startswith("http")).rstrip("/")
        with Client(address) as service:
            if job is None:
                job = service.begin_job(tmp_path / "walls.zip").id
            answered += [one.id for one in service.inspect([(f"{life}.png", wall_png)])]
            if life < 3:
                time.sleep(0.2)
                os.kill(server.pid, signal.SIGKILL)
            else:
                *_, last = service.watch_job(job)
                assert (last.state, last.done) == ("done", 60)
                found = list(service.findings(job=job))
                assert len(found) == len({one.finding.image for one in found}) == 60
                assert {one.id for one in service.findings()} >= set(answered)
                server.terminate()
        server.wait(timeout=30)
