"""``POST /v1/inspect`` says what `blemish.inspect` says, and stores it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.detectors import load
from blemish.findings import to_line
from blemish.serving.pictures import run_lengths

from .conftest import StartService, TestClient

pycocotools = pytest.importorskip("pycocotools.mask", reason="reads run lengths independently")


def test_the_finding_is_that_of_the_library(client: TestClient, darkness_file: Path, wall_png: bytes, tmp_path: Path):
    answer = client.post("/v1/inspect", files={"file": ("wall.png", wall_png)}).json()["results"][0]
    (tmp_path / "wall.png").write_bytes(wall_png)
    expected = load(darkness_file).inspect(tmp_path / "wall.png").finding.model_copy(update={"path": None})
    assert answer["finding"] == json.loads(to_line(expected))
    assert answer["detector"] == "darkness"


def test_several_images_answer_in_their_order_and_a_bad_one_stops_nothing(
    client: TestClient, wall_png: bytes, clear_png: bytes
):
    files = [("file", ("a.png", wall_png)), ("file", ("b.txt", b"no")), ("file", ("c.png", clear_png))]
    answer = client.post("/v1/inspect", files=files)
    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [one["finding"]["verdict"] for one in results] == ["reject", None, "pass"]
    assert "not an image" in results[1]["finding"]["error"]
    assert [one["id"] is None for one in results] == [False, True, False]


def test_only_bad_images_are_unprocessable(client: TestClient):
    answer = client.post("/v1/inspect", files={"file": ("b.txt", b"no")})
    assert answer.status_code == 422
    assert "not an image" in answer.json()["results"][0]["finding"]["error"]


def test_masks_come_as_run_lengths_and_as_png(
    client: TestClient, darkness_file: Path, wall: NDArray[np.uint8], wall_png: bytes
):
    expected = load(darkness_file).inspect(wall).mask
    asked = {
        kind: client.post("/v1/inspect", files={"file": wall_png}, data={"mask": kind}).json()["results"][0]
        for kind in ("rle", "png", "none")
    }
    rle = asked["rle"]["mask"]
    read = pycocotools.decode(pycocotools.frPyObjects(rle, *rle["size"]))
    assert (read.astype(bool) == expected).all()
    drawn = cv2.imdecode(np.frombuffer(base64.b64decode(asked["png"]["mask_png"]), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert ((drawn > 0) == expected).all()
    assert asked["none"]["mask"] is asked["none"]["mask_png"] is None


@pytest.mark.parametrize("mask", [[[True, True]], [[False, False]], [[True], [False]], [[False, True], [True, False]]])
def test_run_lengths_are_those_of_coco(mask: list[list[bool]]):
    array = np.array(mask)
    rle = run_lengths(array)
    read = pycocotools.decode(pycocotools.frPyObjects({"size": list(rle.size), "counts": rle.counts}, *rle.size))
    assert (read.astype(bool) == array).all()


def test_overlay_scale_and_measuring_are_asked_for(client: TestClient, wall_png: bytes):
    answer = client.post(
        "/v1/inspect", files={"file": wall_png}, data={"overlay": "true", "mm_per_px": "0.5", "mask": "rle"}
    )
    result = answer.json()["results"][0]
    assert base64.b64decode(result["overlay_jpeg"])[:2] == b"\xff\xd8"
    assert result["finding"]["cracks"][0]["mm"]["max_width"] > 0
    assert result["finding"]["cracks"][0]["grade"]
    unmeasured = client.post("/v1/inspect", files={"file": wall_png}, data={"measure": "false"}).json()["results"][0]
    assert unmeasured["finding"]["cracks"] is None


def test_what_is_not_to_be_stored_is_not(client: TestClient, wall_png: bytes):
    answer = client.post("/v1/inspect", files={"file": wall_png}, data={"store": "false"}).json()["results"][0]
    assert answer["id"] is None
    assert client.get("/v1/findings").json()["total"] == 0


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"detector": "gone"}, 404, 'no detector "gone"'),
        ({"mm_per_px": "wide"}, 422, "number"),
        ({"mm_per_px": "-1"}, 422, "mm"),
        ({"mm_per_px": "nan"}, 422, "mm"),
        ({"grades": "eurocode-2"}, 422, "millimetres"),
        ({"mask": "svg"}, 422, "none, rle, png"),
        ({"overlay": "maybe"}, 422, "true or false"),
    ],
)
def test_fields_that_make_no_sense_are_said(
    client: TestClient, wall_png: bytes, fields: dict[str, str], status: int, said: str
):
    answer = client.post("/v1/inspect", files={"file": wall_png}, data=fields)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_a_body_without_a_file_is_said(client: TestClient):
    assert client.post("/v1/inspect", json={}).status_code == 415
    answer = client.post("/v1/inspect", files={"file": (None, "text")})
    assert answer.status_code == 422
    assert "no file" in answer.json()["error"]


def test_an_image_is_measured_from_its_header(start: StartService, wall_png: bytes):
    answer = start(limits={"max_megapixels": 0.01}).post("/v1/inspect", files={"file": wall_png})
    assert answer.status_code == 422
    assert "150 x 100 pixels" in answer.json()["results"][0]["finding"]["error"]


def test_the_library_and_the_service_agree_on_a_drawn_wall(start: StartService):
    from blemish.synthesis import draw_image

    from .conftest import png

    image = draw_image(5, size_px=256, cracked=True).image
    served = start(detectors=("concrete-crack",)).post("/v1/inspect", files={"file": ("image", png(image))})
    expected = blemish.load("concrete-crack").inspect(image).finding
    assert served.json()["results"][0]["finding"] == json.loads(to_line(expected))
