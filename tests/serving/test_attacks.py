"""Attacks by name: what is tried, and what comes of it."""

from __future__ import annotations

import io
import json
import pickle
import socket
import stat
import struct
import time
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blemish.detectors import Container, write_container

from .conftest import StartService, TestClient, png

WALL = np.full((64, 64, 3), 230, np.uint8)
WALL[30:34, 10:50] = 10
IMAGE = png(WALL)


def inspect(client: TestClient, data: bytes = IMAGE, name: str = "a.png", **fields: str) -> Any:
    return client.post("/v1/inspect", files={"file": (name, data)}, data=fields)


def zipped(
    entries: dict[str, bytes] | list[tuple[zipfile.ZipInfo | str, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def job(client: TestClient, data: bytes) -> Any:
    return client.post("/v1/jobs", files={"archive": ("a.zip", data)})


def files_of(client: TestClient) -> list[str]:
    root = client.app.state.service.settings.store.parent
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# Images.


def test_a_pixel_bomb_is_refused_from_its_header(client: TestClient):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
    started = time.monotonic()
    answer = inspect(client, bomb)
    assert answer.status_code == 422
    assert "60000 x 60000" in answer.text
    assert time.monotonic() - started < 2


def test_a_polyglot_is_never_served_as_markup(client: TestClient):
    polyglot = IMAGE + b"<script>alert(1)</script>"
    found = inspect(client, polyglot, "a.html").json()["results"][0]["id"]
    original = client.get(f"/v1/findings/{found}/image")
    assert original.headers["Content-Type"] == "application/octet-stream"
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    for picture in ("view", "thumb", "mask"):
        assert b"<script>" not in client.get(f"/v1/findings/{found}/{picture}").content


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        b"%!PS\n(/etc/passwd) (r) file",
        b"%PDF-1.7\n",
        b"push graphic-context\nimage over 0,0 0,0 'url(https://127.0.0.1/a.jpg)'",
    ],
    ids=["SVG with a script", "XML with an outer entity", "PostScript", "PDF", "MVG with a URL"],
)
def test_formats_that_can_do_things_are_no_images(client: TestClient, data: bytes):
    assert inspect(client, data).status_code == 422


@pytest.mark.parametrize("route", ["/v1/inspect", "/v1/detectors", "/imageai", "/v1/jobs"])
def test_a_pickle_is_never_unpickled(client: TestClient, tmp_path: Path, route: str):
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "owned",)

    data = pickle.dumps(Evil())
    for payload in (data, zipped({"data.pkl": data, "detector.json": data, "graph.onnx": data})):
        client.post(route, files={"archive" if route == "/v1/jobs" else "file": ("x.blemish", payload)})
    time.sleep(0.2)
    assert not (tmp_path / "owned").exists()


# Names.


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/etc/evil.png", "..\\..\\evil.png", "a/../../evil.png", "....//evil.png"]
)
def test_a_name_that_climbs_stays_in_the_store(client: TestClient, name: str):
    result = inspect(client, name=name).json()["results"][0]
    assert ".." not in result["finding"]["image"].split("/")
    assert not result["finding"]["image"].startswith("/")
    assert not [path for path in files_of(client) if "evil" in path]


@pytest.mark.parametrize(
    "name", ['a"; filename="b.html', "a\r\nSet-Cookie: x=1", "a\u202egnp.exe", "'><img src=x onerror=alert(1)>.png"]
)
def test_a_name_cannot_write_headers_or_turn_text_round(client: TestClient, name: str):
    found = inspect(client, name=name).json()["results"][0]
    assert not {"\r", "\n", "\u202e"} & set(found["finding"]["image"])
    answer = client.get(f"/v1/findings/{found['id']}/image")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Disposition"].count('"') == 2
    listed = client.get("/v1/findings")
    assert listed.headers["Content-Type"] == "application/json"


def test_a_name_is_no_formula_in_the_csv(client: TestClient):
    inspect(client, name="=HYPERLINK(1).png")
    answer = client.get("/v1/findings/export", params={"format": "csv"})
    table = zipfile.ZipFile(io.BytesIO(answer.content)).read("findings.csv").decode("utf-8-sig")
    assert not any(cell.strip('"').startswith("=") for line in table.splitlines() for cell in line.split(","))


@pytest.mark.parametrize("text", ["' OR 1=1 --", '"; DROP TABLE findings; --', "%' UNION SELECT digest FROM keys --"])
def test_sql_in_a_filter_is_text(client: TestClient, text: str):
    inspect(client)
    assert client.get("/v1/findings", params={"text": text, "detector": text, "job": text}).json()["total"] == 0
    assert client.get("/v1/findings").json()["total"] == 1


# What the server could be made to read.


@pytest.mark.parametrize("grades", ["/etc/passwd", "../../x.yaml", "~/x.yaml", "http://127.0.0.1/x.yaml"])
def test_a_grade_scale_is_a_name_and_no_file(client: TestClient, grades: str):
    answer = inspect(client, mm_per_px="0.2", grades=grades)
    assert answer.status_code == 422
    assert "no grade scale" in answer.json()["error"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/a.png", "file:///etc/passwd", "ftp://127.0.0.1/a.png", "\\\\host\\a.png"]
)
def test_a_url_is_never_fetched(start: StartService, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch):
    client = start(images=tmp_path)

    def connect(*_: Any) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert client.get("/imageai", params={"name": url}).status_code == 404
    assert client.post("/v1/jobs", files={"folder": (None, url)}).status_code == 404
    assert client.post("/v1/inspect", files={"file": (None, url)}).status_code == 422


# Archives.


def test_a_zip_cannot_write_outside_its_folder(client: TestClient):
    data = zipped({"../../../evil.png": IMAGE, "/tmp/evil2.png": IMAGE, "C:\\evil3.png": IMAGE})
    assert job(client, data).status_code == 202
    assert not Path("/tmp/evil2.png").exists()
    assert not [path for path in files_of(client) if "evil" in path and not path.startswith("store/jobs/")]


def test_links_in_a_zip_are_left_out(client: TestClient):
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    device = zipfile.ZipInfo("device.png")
    device.external_attr = (stat.S_IFCHR | 0o777) << 16
    assert job(client, zipped([(link, b"/etc/passwd"), (device, b"")])).status_code == 422
    assert job(client, zipped([(link, b"/etc/passwd"), ("a.png", IMAGE)])).json()["state"] in {
        "waiting",
        "running",
        "done",
    }


def test_a_zip_bomb_is_refused(client: TestClient):
    answer = job(client, zipped({f"{number}.png": b"\0" * (50 << 20) for number in range(4)}))
    assert answer.status_code == 422
    assert "zip bomb" in answer.json()["error"]


def test_a_zip_that_lies_about_its_size_is_cut_off(client: TestClient):
    data = bytearray(zipped({"a.png": b"\0" * 100_000}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    assert job(client, bytes(data)).status_code == 422


def test_a_zip_of_too_many_files_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blemish.serving.jobs.unpacking.MAX_ENTRIES", 1000)
    answer = job(client, zipped({f"{number}.png": b"" for number in range(1001)}, zipfile.ZIP_STORED))
    assert answer.status_code == 422
    assert "entries" in answer.json()["error"]


def test_a_file_and_a_folder_of_one_name_are_said(client: TestClient):
    assert job(client, zipped({"a": IMAGE, "a/b.png": IMAGE})).status_code == 422


# Detectors.


def test_a_detector_with_outer_data_is_refused(client: TestClient, darkness: Container, tmp_path: Path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(darkness.graph)
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    answer = add_graph(client, darkness, model.SerializeToString(), tmp_path)
    assert answer.status_code == 422


def test_a_detector_with_operators_of_its_own_is_refused(client: TestClient, darkness: Container, tmp_path: Path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(darkness.graph)
    model.graph.node[0].domain = "evil"
    model.opset_import.append(onnx.helper.make_opsetid("evil", 1))
    answer = add_graph(client, darkness, model.SerializeToString(), tmp_path)
    assert answer.status_code == 422


def test_a_detector_that_unpacks_without_end_is_refused(client: TestClient):
    bomb = zipped({"detector.json": b" " * (65 << 20), "graph.onnx": b"", "card.md": b"", "SHA256SUMS": b""})
    answer = client.post("/v1/detectors", files={"file": ("a.blemish", bomb)})
    assert answer.status_code == 422
    assert "zip bomb" in answer.json()["error"]


def add_graph(client: TestClient, container: Container, graph: bytes, folder: Path) -> Any:
    file = folder / "evil.blemish"
    write_container(file, replace(container, graph=graph))
    answer = client.post("/v1/detectors", files={"file": (file.name, file.read_bytes())})
    assert "evil" not in {one["name"] for one in client.get("/v1/detectors").json()["versions"]}
    return answer


# Bodies.


def test_a_body_that_states_too_much_is_refused_unread(start: StartService):
    client = start(limits={"max_upload_bytes": 1000})
    assert inspect(client, b"x" * 2000).status_code == 413


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
            "multipart/form-data; boundary=x",
        ),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data; boundary=" + "y" * 5000),
        (b"a=1", "application/x-www-form-urlencoded"),
    ],
)
def test_a_malformed_body_is_told_so(client: TestClient, content: bytes, kind: str):
    answer = client.post("/v1/inspect", content=content, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == {"error"}


def test_ten_thousand_files_in_one_request_are_refused(client: TestClient):
    answer = client.post("/v1/inspect", files=[("file", ("a.png", b"x"))] * 10_000)
    assert answer.status_code == 413
    assert "at most 32 files" in answer.json()["error"]


def test_ten_thousand_fields_and_a_giant_field_are_refused(client: TestClient):
    many = {f"f{number}": "1" for number in range(10_000)}
    assert 400 <= client.post("/v1/inspect", files={"file": IMAGE}, data=many).status_code < 500
    assert 400 <= inspect(client, detector="x" * 100_000).status_code < 500


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 10_000, b'{"finding_id": NaN}', b"\xff\xfe", b'"' + b"a" * 2_000_000]
)
def test_hostile_json_is_a_bad_request(client: TestClient, body: bytes):
    answer = client.post("/v1/reviews", content=body, headers={"Content-Type": "application/json", "If-Match": "*"})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("value", ["1e308", "-0.0", "inf", "nan", "1e-320", "9" * 400])
def test_absurd_numbers_are_said(client: TestClient, value: str):
    assert inspect(client, mm_per_px=value).status_code == 422


# Browsers and proxies.


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::1].evil.example", ""]
)
def test_dns_rebinding_meets_an_unknown_host(client: TestClient, host: str):
    assert client.get("/v1/me", headers={"Host": host}).status_code in {400, 421}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:81"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: TestClient, headers: dict[str, str]):
    assert client.post("/v1/inspect", files={"file": IMAGE}, headers=headers).status_code == 403
    assert client.get("/v1/findings").json()["total"] == 0


def test_no_site_is_let_in_by_cors(client: TestClient):
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/v1/inspect", headers=headers)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_page_cannot_be_framed(client: TestClient):
    headers = client.get("/").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND"])
def test_other_methods_are_not_answered(client: TestClient, method: str):
    assert client.request(method, "/v1/findings").status_code in {400, 404, 405}


# Keys.


def test_guessing_keys_gets_slow(start: StartService):
    client = start(keys=True)
    good = dict(client.headers)
    codes = [
        client.get("/v1/me", headers={"Authorization": f"Bearer guess{number}"}).status_code for number in range(15)
    ]
    assert codes == [401] * 10 + [429] * 5
    assert client.post("/session", json={"key": "guess"}).status_code == 429
    assert client.get("/v1/me", headers=good).status_code == 429


def test_a_session_ends_with_its_key(start: StartService):
    client = start(keys=True)
    made = client.post("/v1/keys", json={"name": "Kim", "role": "operator"}).json()["key"]
    admin = client.headers.pop("Authorization")
    client.post("/session", json={"key": made})
    assert client.get("/v1/me").json()["name"] == "Kim"
    keys = client.get("/v1/keys", headers={"Authorization": admin}).json()
    kim = next(key for key in keys if key["name"] == "Kim")
    client.delete(f"/v1/keys/{kim['id']}", headers={"Authorization": admin})
    assert client.get("/v1/me").status_code == 401


def test_no_secret_is_in_the_audit_log(start: StartService):
    client = start(keys=True)
    secret = client.post("/v1/keys", json={"name": "Kim", "role": "operator"}).json()["key"]
    client.post("/session", json={"key": "not-a-key-but-a-password"})
    log = client.get("/v1/audit").text
    assert secret not in log
    assert "password" not in log


def test_answers_say_nothing_about_the_server_inside(client: TestClient):
    for answer in (client.get("/nothing"), client.get("/v1/findings?limit=x"), inspect(client, b"x")):
        assert "Traceback" not in answer.text
        assert str(client.app.state.service.settings.store) not in answer.text
        assert "uvicorn" not in json.dumps(dict(answer.headers))
