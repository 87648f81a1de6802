"""Known images in the queue: not to be told from others, and counted for whoever decides about them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from blemish.calibration.exact import at_least
from blemish.errors import SettingsError
from blemish.serving.settings import ServeSettings

from .conftest import StartService, TestClient


def send(client: TestClient, name: str, data: bytes, **more: Any) -> str:
    return str(client.post("/v1/inspect", files={"file": (name, data)}, **more).json()["results"][0]["id"])


def decide(client: TestClient, finding_id: str, decision: str, **more: Any) -> None:
    wanted = {"finding_id": finding_id, "decision": decision}
    client.post("/v1/reviews", json=wanted, headers={"If-Match": "*"} | more).raise_for_status()


def names(client: TestClient, **filters: Any) -> list[str]:
    return [one["finding"]["image"] for one in client.get("/v1/findings", params=filters).json()["findings"]]


@pytest.fixture
def client(start: StartService) -> TestClient:
    """A service that mixes in a known image beside every new one."""
    return start(honeypots=1.0)


@pytest.fixture
def known(client: TestClient, wall_png: bytes) -> str:
    """A known defect."""
    finding_id = send(client, "old/known.png", wall_png)
    decide(client, finding_id, "approve")
    assert client.put(f"/v1/honeypots/{finding_id}", json={"truth": "approve"}).status_code == 204
    return finding_id


def copy_of(client: TestClient, image: str = "new/known.png") -> dict[str, Any]:
    (found,) = client.get("/v1/findings", params={"text": image}).json()["findings"]
    return found


def test_nothing_is_mixed_in_where_nothing_is_known(client: TestClient, wall_png: bytes):
    send(client, "a.png", wall_png)
    assert names(client) == ["a.png"]


def test_a_copy_looks_like_a_new_finding_of_the_same_folder(client: TestClient, known: str, clear_png: bytes):
    new = send(client, "new/b.png", clear_png)
    assert sorted(names(client, state="open")) == ["new/b.png", "new/known.png"]
    copy, old, other = copy_of(client), *(client.get(f"/v1/findings/{one}").json() for one in (known, new))
    assert copy.keys() == other.keys()
    assert known not in json.dumps(copy)
    assert (copy["state"], copy["version"], copy["finding"]["score"]) == ("open", 1, old["finding"]["score"])
    assert copy["created"] >= other["created"]
    for picture in ("view", "thumb", "mask"):
        pictures = [client.get(f"/v1/findings/{one}/{picture}").content for one in (copy["id"], known)]
        assert pictures[0] == pictures[1]
    assert client.get(f"/v1/findings/{copy['id']}/reviews").json() == []


def test_copies_are_in_no_export_histogram_or_label_and_leave_the_queue(
    client: TestClient, known: str, clear_png: bytes
):
    send(client, "new/b.png", clear_png)
    assert len(client.get("/v1/findings/scores").json()["scores"]) == 2
    archive = zipfile.ZipFile(io.BytesIO(client.get("/v1/findings/export").content))
    assert len(archive.read("findings.jsonl").splitlines()) == 2
    decide(client, copy_of(client)["id"], "reject")
    assert sorted(names(client)) == ["new/b.png", "old/known.png"]
    assert [review["finding_id"] for review in client.get("/v1/reviews").json()] == [known]
    drift = client.get("/v1/detectors/darkness/drift").json()
    assert sum(interval["images"] for interval in drift["intervals"]) == 2


def test_decisions_are_counted_by_reviewer_and_the_last_one_counts(
    start: StartService, wall_png: bytes, clear_png: bytes
):
    admin = start(honeypots=1.0, keys=True)
    people = {}
    for name in ("Kim", "Lee"):
        key = admin.post("/v1/keys", json={"name": name, "role": "operator"}).json()["key"]
        people[name] = {"Authorization": f"Bearer {key}"}
    defect, alarm = send(admin, "old/defect.png", wall_png), send(admin, "old/alarm.png", clear_png)
    admin.put(f"/v1/honeypots/{defect}", json={"truth": "approve"})
    for number in range(3):
        send(admin, f"{number}/new.png", clear_png)
    admin.put(f"/v1/honeypots/{defect}", json={"truth": None})
    admin.put(f"/v1/honeypots/{alarm}", json={"truth": "reject"})
    for number in range(3, 5):
        send(admin, f"{number}/new.png", clear_png)
    copies = [
        copy_of(admin, f"{number}/{name}.png")["id"] for number, name in enumerate(["defect"] * 3 + ["alarm"] * 2)
    ]
    for copy, decision in zip(copies, ("approve", "reject", "reject", "reject", "approve"), strict=True):
        decide(admin, copy, decision, **people["Kim"])
    decide(admin, copies[1], "reopen", **people["Kim"])
    decide(admin, copies[1], "approve", **people["Lee"])
    told = admin.get("/v1/honeypots").json()
    kim, lee = told["reviewers"]
    assert (kim["reviewer"], kim["caught"], kim["missed"], kim["dismissed"], kim["confirmed"]) == ("Kim", 1, 1, 1, 1)
    assert kim["recall_at_least"] == pytest.approx(at_least(1, 2, 0.95))
    assert (lee["caught"], lee["missed"], lee["recall_at_least"]) == (1, 0, pytest.approx(0.05))
    (image,) = told["known"]
    assert (image["image"], image["truth"], image["right"], image["wrong"]) == ("old/alarm.png", "reject", 1, 1)
    for person in people.values():
        assert admin.get("/v1/honeypots", headers=person).status_code == 403


def test_a_copy_is_no_known_image_and_a_missing_one_neither(client: TestClient, known: str, clear_png: bytes):
    send(client, "new/b.png", clear_png)
    assert client.put(f"/v1/honeypots/{copy_of(client)['id']}", json={"truth": "reject"}).status_code == 409
    assert client.put(f"/v1/honeypots/{'0' * 32}", json={"truth": "reject"}).status_code == 404


def test_a_job_mixes_them_in_too_and_inspects_an_image_of_the_same_name(
    client: TestClient, known: str, clear_png: bytes
):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        for name in ("a.png", "known.png"):
            target.writestr(name, clear_png)
    job = client.post("/v1/jobs", files={"archive": ("a.zip", data.getvalue())}).json()["id"]
    client.get(f"/v1/jobs/{job}/events")
    found = client.get("/v1/findings", params={"job": job}).json()["findings"]
    assert sorted(one["finding"]["image"] for one in found) == ["a.png", "known.png", "known.png", "known.png"]
    archive = zipfile.ZipFile(io.BytesIO(client.get("/v1/findings/export", params={"job": job}).content))
    assert len(archive.read("findings.jsonl").splitlines()) == 2


@pytest.mark.parametrize(("fraction", "most"), [(0.0, 0), (0.5, 19)])
def test_the_fraction_is_kept(start: StartService, wall_png: bytes, fraction: float, most: int):
    client = start(honeypots=fraction)
    finding_id = send(client, "old/known.png", wall_png)
    client.put(f"/v1/honeypots/{finding_id}", json={"truth": "approve"})
    for number in range(20):
        send(client, f"new/{number}.png", wall_png)
    assert 21 + bool(fraction) <= client.get("/v1/findings").json()["total"] <= 21 + most


def test_a_fraction_beyond_1_is_refused():
    with pytest.raises(SettingsError, match="from 0 to 1"):
        ServeSettings(honeypots=2)
