"""The store on SQLite and on PostgreSQL: migrations, two writers, and a database that goes away and comes back."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text

from blemish.errors import BlemishError, MissingExtraError, SettingsError
from blemish.findings import VERDICTS
from blemish.serving.store.database import Database
from blemish.serving.store.migrations.versions import unknown_surfaces_0006
from blemish.serving.store.tables import Base

from .conftest import StartService


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return None if named is None else Path(named).parent


class Postgres:
    """A PostgreSQL of its own, which can be stopped and started again."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._folder, self._binaries = folder, binaries
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"postgresql://tester@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "-D", str(folder / "data"), "-U", "tester", "--auth=trust", "--no-sync")

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self._port} -k {self._folder} -c fsync=off"
        self._run(
            "pg_ctl", "-D", str(self._folder / "data"), "-w", "-o", options, "-l", str(self._folder / "log"), "start"
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root.
        user = {"user": "postgres"} if os.geteuid() == 0 else {}
        subprocess.run(
            [self._binaries / program, *arguments], check=True, capture_output=True, timeout=60, cwd="/", **user
        )


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path("/tmp") / f"blemish-postgres-{os.getpid()}"
    folder.mkdir()
    if os.geteuid() == 0:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    server = Postgres(folder, binaries)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'blemish.sqlite'}"
    server: Postgres = request.getfixturevalue("postgres")
    database = Database(server.url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()
    return server.url


def test_migrations_make_the_tables_of_the_code(url: str):
    database = Database(url)
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []
    Database(url).close()
    database.close()


def test_findings_of_before_keep_their_order_when_unknown_surfaces_come_in_between():
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("CREATE TABLE findings (verdict TEXT, verdict_rank INTEGER)"))
        before = ["reject", "review", "unusable", "pass", "none"]
        for rank, verdict in enumerate(before):
            connection.execute(text(f"INSERT INTO findings VALUES ('{verdict}', {rank})"))
        with Operations.context(MigrationContext.configure(connection)):
            unknown_surfaces_0006.upgrade()
            ranks = dict(connection.execute(text("SELECT verdict, verdict_rank FROM findings")).all())
            assert ranks == {name: VERDICTS.index(name) for name in before[:4]} | {"none": len(VERDICTS)}
            unknown_surfaces_0006.downgrade()
            again = dict(connection.execute(text("SELECT verdict, verdict_rank FROM findings")).all())
            assert again == {name: rank for rank, name in enumerate(before)}


def test_a_whole_review_on_each_database(url: str, start: StartService, wall_png: bytes, clear_png: bytes):
    client = start(database=url, keys=True)
    files = [("file", (f"{name}.png", data)) for name, data in (("벽", wall_png), ("b", clear_png), ("c", wall_png))]
    client.post("/v1/inspect", files=files).raise_for_status()
    seen, cursor = [], None
    while True:
        params = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = client.get("/v1/findings", params=params).json()
        seen += [one["finding"]["image"] for one in page["findings"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == ["벽.png", "c.png", "b.png"]
    finding_id = client.get("/v1/findings", params={"text": "벽"}).json()["findings"][0]["id"]
    wanted = {"finding_id": finding_id, "decision": "reject", "tags": ["얼룩"], "comment": "a\0b"}
    assert client.post("/v1/reviews", json=wanted, headers={"If-Match": '"1"'}).json()["comment"] == "ab"
    assert client.post("/v1/reviews", json=wanted, headers={"If-Match": '"1"'}).status_code == 412
    assert client.get("/v1/findings/export", params={"format": "csv"}).status_code == 200
    assert client.get("/v1/findings", params={"text": "nul\0"}).status_code == 422


def test_findings_outlive_the_server(url: str, start: StartService, wall_png: bytes):
    client = start(database=url)
    client.post("/v1/inspect", files={"file": wall_png})
    before = client.get("/v1/findings").json()
    assert start(database=url).get("/v1/findings").json() == before


def test_while_the_database_is_away_requests_are_told_and_it_comes_back(
    postgres: Postgres, start: StartService, wall_png: bytes
):
    client = start(database=postgres.url)
    client.post("/v1/inspect", files={"file": wall_png}).raise_for_status()
    postgres.stop()
    try:
        for method, address in (("GET", "/v1/findings"), ("GET", "/readyz"), ("POST", "/v1/inspect")):
            answer = client.request(method, address, files={"file": wall_png} if method == "POST" else None)
            assert answer.status_code == 503, address
            assert "database" in answer.json()["error"]
            assert answer.headers["Retry-After"]
        assert client.get("/livez").status_code == 200
    finally:
        postgres.start()
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/inspect", files={"file": wall_png}).status_code == 200


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("nonsense", SettingsError, "URL"),
        ("mysql://x@y/z", SettingsError, "SQLite or PostgreSQL"),
        ("postgresql://x:secret@127.0.0.1:1/z", BlemishError, "cannot be reached"),
        ("sqlite:////proc/none/x.sqlite", BlemishError, "Cannot create"),
    ],
)
def test_databases_that_cannot_be_used_are_said(url: str, kind: type[Exception], said: str):
    with pytest.raises(kind, match=said) as failure:
        Database(url)
    assert "secret" not in str(failure.value)


def test_without_its_driver_postgresql_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'pg8000'", name="pg8000")

    monkeypatch.setattr("blemish.serving.store.database.create_engine", missing)
    with pytest.raises(MissingExtraError, match=r"\.\[postgres\]"):
        Database("postgresql://x@127.0.0.1/z")


def test_a_database_of_a_newer_blemish_is_left_alone(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(BlemishError, match="newer blemish"):
        Database(url)
