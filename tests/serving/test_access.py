"""Keys, roles, sessions, and what browsers of other sites are held to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blemish.errors import SettingsError
from blemish.serving.access.sessions import COOKIE
from blemish.serving.settings import ServeSettings
from blemish.serving.store.tables import KeyRow

from .conftest import ADDRESS, StartService, TestClient


@pytest.fixture
def keyed(start: StartService) -> TestClient:
    """A service that wants keys, asked by its first admin."""
    return start(keys=True)


def give(client: TestClient, role: str, name: str | None = None) -> dict[str, str]:
    answer = client.post("/v1/keys", json={"name": name or f"a {role}", "role": role})
    assert answer.status_code == 201
    return {"Authorization": f"Bearer {answer.json()['key']}"}


def without_key(client: TestClient) -> TestClient:
    client.headers.pop("Authorization")
    return client


@pytest.mark.parametrize("address", ["/v1/me", "/v1/findings", "/v1/detectors", "/imageai?name=a", "/v1/audit"])
def test_without_a_key_nothing_is_told(keyed: TestClient, address: str):
    answer = without_key(keyed).get(address)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_machines_that_watch_need_no_key(keyed: TestClient):
    for address in ("/livez", "/readyz", "/metrics"):
        assert without_key(keyed).get(address).status_code == 200
        keyed.headers["Authorization"] = "Bearer x"


# What each role may do: the status where it may not is 403.
RULES: list[tuple[str, str, dict[str, Any], str]] = [
    ("GET", "/v1/findings", {}, "operator"),
    ("POST", "/v1/reviews", {"json": {}}, "operator"),
    ("GET", "/v1/detectors", {}, "operator"),
    ("POST", "/v1/detectors", {"files": {"file": b"x"}}, "engineer"),
    ("POST", "/v1/detectors/darkness/activate", {"json": {"sha": "0" * 64}}, "engineer"),
    ("POST", "/v1/detectors/darkness/roll-back", {}, "engineer"),
    ("GET", "/v1/keys", {}, "admin"),
    ("POST", "/v1/keys", {"json": {"name": "x", "role": "operator"}}, "admin"),
    ("GET", "/v1/audit", {}, "admin"),
]
RANK = {"operator": 1, "engineer": 2, "admin": 3}


@pytest.mark.parametrize("role", RANK)
def test_roles(keyed: TestClient, role: str):
    headers = give(keyed, role)
    for method, address, what, needed in RULES:
        answer = keyed.request(method, address, headers=headers, **what)
        assert (answer.status_code == 403) == (RANK[role] < RANK[needed]), (method, address, answer.text)


def test_keys_are_kept_as_digests_and_can_be_revoked(keyed: TestClient, tmp_path: Path):
    headers = give(keyed, "operator", "line 3")
    secret = headers["Authorization"].removeprefix("Bearer ")
    listed = keyed.get("/v1/keys")
    assert secret not in listed.text
    with keyed.app.state.service.database.transaction() as session:
        assert all(secret not in str(vars(row)) for row in session.query(KeyRow))
    (key,) = [one for one in listed.json() if one["name"] == "line 3"]
    assert keyed.get("/v1/me", headers=headers).json()["name"] == "line 3"
    assert keyed.delete(f"/v1/keys/{key['id']}").status_code == 204
    assert keyed.get("/v1/me", headers=headers).status_code == 401
    assert keyed.post("/v1/keys", json={"name": "line 3", "role": "operator"}).status_code == 409


def test_the_last_admin_cannot_be_locked_out(keyed: TestClient):
    (first,) = keyed.get("/v1/keys").json()
    assert keyed.delete(f"/v1/keys/{first['id']}").status_code == 409


def test_the_first_key_is_given_once(start: StartService):
    first = start(keys=True)
    assert first.app.state.service.first_key is not None
    assert start(keys=True).app.state.service.first_key is None


def test_a_key_may_come_in_its_own_header(keyed: TestClient):
    secret = give(keyed, "operator")["Authorization"].removeprefix("Bearer ")
    assert without_key(keyed).get("/v1/me", headers={"X-API-Key": secret}).status_code == 200


def test_a_browser_logs_in_and_brings_the_token_with_every_change(keyed: TestClient):
    secret = keyed.headers["Authorization"].removeprefix("Bearer ")
    browser = without_key(keyed)
    answer = browser.post("/session", json={"key": secret})
    assert answer.status_code == 204
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    csrf = browser.get("/v1/me").json()["csrf"]
    wanted = {"name": "x", "role": "operator"}
    assert browser.post("/v1/keys", json=wanted).status_code == 403
    assert browser.post("/v1/keys", json=wanted, headers={"X-CSRF-Token": "guess"}).status_code == 403
    assert browser.post("/v1/keys", json=wanted, headers={"X-CSRF-Token": csrf}).status_code == 201
    assert browser.delete("/session", headers={"X-CSRF-Token": csrf}).status_code == 204
    browser.cookies.set(COOKIE, cookie.partition("=")[2].partition(";")[0])
    assert browser.get("/v1/me").status_code == 401


def test_acts_are_audited_with_who_and_where(keyed: TestClient):
    keyed.post("/session", json={"key": "wrong"})
    give(keyed, "engineer", "Kim")
    acts = keyed.get("/v1/audit").json()["acts"]
    assert [(act["actor"], act["action"], act["target"]) for act in acts] == [
        ("first admin", "key.create", "Kim (engineer)"),
        ("?", "login.failed", ""),
        ("command line", "key.create", "first admin (admin)"),
    ]
    assert keyed.get("/v1/audit", params={"before": acts[0]["id"], "limit": 1}).json()["acts"] == acts[1:2]


def test_without_keys_other_hosts_are_not_listened_to():
    with pytest.raises(SettingsError, match="Without keys"):
        ServeSettings(host="0.0.0.0", keys=False)
    assert ServeSettings(host="0.0.0.0").needs_keys
    assert not ServeSettings(host="::1").needs_keys
    assert ServeSettings(host="192.0.2.1").needs_keys


def test_a_service_behind_a_proxy_needs_keys(client: TestClient, start: StartService):
    answer = client.get("/v1/me", headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 403
    assert "--keys" in answer.json()["error"]
    keyed = start(keys=True, names=("inspect.example",))
    assert keyed.get("/v1/me", headers={"X-Forwarded-For": "192.0.2.1", "Host": "inspect.example"}).status_code == 200


def test_requests_of_the_own_page_pass(client: TestClient):
    headers = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/reviews", json={}, headers=headers).status_code == 422
