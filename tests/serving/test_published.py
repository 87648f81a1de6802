"""``/imageai`` answers as the published crack classifier did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import StartService


@pytest.fixture
def folder(tmp_path: Path, wall_png: bytes, clear_png: bytes) -> Path:
    images = tmp_path / "images"
    (images / "more").mkdir(parents=True)
    (images / "00623.jpg").write_bytes(wall_png)
    (images / "more" / "00001.jpg").write_bytes(clear_png)
    (tmp_path / "secret.png").write_bytes(wall_png)
    (images / "link.png").symlink_to(tmp_path / "secret.png")
    return images


def test_an_image_of_the_folder_by_name(start: StartService, folder: Path):
    answer = start(images=folder).get("/imageai", params={"name": "00623.jpg"})
    assert answer.status_code == 200
    assert json.loads(answer.text) == {"result": "이미지 인식 결과: 00623.jpg --> positive"}
    assert answer.text == '{"result":"이미지 인식 결과: 00623.jpg --> positive"}'


def test_an_image_without_a_crack_is_negative(start: StartService, folder: Path):
    answer = start(images=folder).get("/imageai", params={"name": "more/00001.jpg"})
    assert answer.json() == {"result": "이미지 인식 결과: more/00001.jpg --> negative"}


def test_an_uploaded_image_is_called_what_the_request_says(start: StartService, wall_png: bytes):
    client = start()
    named = client.post("/imageai", files={"file": ("upload.jpg", wall_png)}, data={"name": "00623.jpg"})
    assert named.json() == {"result": "이미지 인식 결과: 00623.jpg --> positive"}
    nameless = client.post("/imageai", files={"file": ("벽.jpg", wall_png)})
    assert nameless.json() == {"result": "이미지 인식 결과: 벽.jpg --> positive"}


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "more/../../secret.png",
        "/etc/passwd",
        "..\\secret.png",
        "link.png",
        "gone.png",
        "more",
        "",
        "a\0b",
        "C:/x.png",
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_not_found(start: StartService, folder: Path, name: str):
    answer = start(images=folder).get("/imageai", params={"name": name})
    assert answer.status_code == 404
    assert "secret" in name or "error" in answer.json()


@pytest.mark.parametrize("name", ["../x.png", "/x.png", "..\\x.png"])
def test_an_uploaded_image_cannot_be_called_so_either(start: StartService, wall_png: bytes, name: str):
    answer = start().post("/imageai", files={"file": ("a.png", wall_png)}, data={"name": name})
    assert answer.status_code == 404


def test_without_a_folder_the_answer_says_how_to_name_one(start: StartService):
    answer = start().get("/imageai", params={"name": "a.png"})
    assert answer.status_code == 404
    assert "--images" in answer.json()["error"]


def test_what_is_no_image_is_said(start: StartService):
    answer = start().post("/imageai", files={"file": ("a.png", b"hello")})
    assert answer.status_code == 422
    assert '"a.png" is not an image' in answer.json()["error"]
