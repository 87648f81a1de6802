"""The Open Inference Protocol, by hand and through Triton's own client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import load

from .conftest import StartService, TestClient


def asked(image: NDArray[np.uint8], **more: Any) -> dict[str, Any]:
    tensor = {"name": "image", "datatype": "UINT8", "shape": [1, *image.shape], "data": image.ravel().tolist()}
    return {"id": "7", "inputs": [tensor], **more}


def test_server_and_model_say_what_they_are(client: TestClient):
    assert client.get("/v2").json()["name"] == "blemish"
    assert client.get("/v2/health/live").status_code == client.get("/v2/health/ready").status_code == 200
    model = client.get("/v2/models/darkness").json()
    assert model["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}]
    assert [output["name"] for output in model["outputs"]] == ["score", "map", "verdict"]
    assert client.get("/v2/models/darkness/ready").json()["ready"] is True
    assert client.get(f"/v2/models/darkness/versions/{model['versions'][0]}/ready").status_code == 200
    assert client.get("/v2/models/darkness/versions/9/ready").status_code == 404
    assert client.get("/v2/models/gone").status_code == 404


def test_answers_are_those_of_the_library(client: TestClient, darkness_file: Path, wall: NDArray[np.uint8]):
    answer = client.post("/v2/models/darkness/infer", json=asked(wall)).json()
    expected = load(darkness_file).inspect(wall)
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert (answer["id"], answer["model_name"]) == ("7", "darkness")
    assert outputs["score"]["data"] == [pytest.approx(expected.score)]
    assert np.allclose(np.reshape(outputs["map"]["data"], outputs["map"]["shape"])[0], expected.anomaly_map)
    assert outputs["verdict"] == {"name": "verdict", "datatype": "BYTES", "shape": [1], "data": ["reject"]}
    assert client.get("/v1/findings").json()["total"] == 0


def test_only_the_outputs_that_are_asked_for_come(client: TestClient, wall: NDArray[np.uint8]):
    answer = client.post("/v2/models/darkness/infer", json=asked(wall, outputs=[{"name": "score"}])).json()
    assert [output["name"] for output in answer["outputs"]] == ["score"]


SMALL = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"inputs": []}',
        json.dumps(asked(SMALL) | {"inputs": asked(SMALL)["inputs"] * 2}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"shape": [1, 4, 4, 4]}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"shape": [1, 1 << 40, 1, 3]}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"shape": [0, 4, 4, 3], "data": []}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"datatype": "FP32"}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"data": [256] * 48}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"data": [0.5] * 48}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"data": ["a"] * 48}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"data": None}]}).encode(),
        json.dumps({"inputs": [asked(SMALL)["inputs"][0] | {"parameters": {"binary_data_size": 48}}]}).encode(),
    ],
)
def test_requests_that_make_no_sense_are_told_so(client: TestClient, body: bytes):
    answer = client.post("/v2/models/darkness/infer", content=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("length", ["-1", "x", "999999"])
def test_a_wrong_length_of_the_json_is_told(client: TestClient, length: str):
    headers = {"Inference-Header-Content-Length": length}
    assert client.post("/v2/models/darkness/infer", json=asked(SMALL), headers=headers).status_code == 400


def test_too_many_and_too_large_images_are_refused(start: StartService):
    client = start(limits={"max_images": 2, "max_megapixels": 0.00001})
    assert client.post("/v2/models/darkness/infer", json=asked(SMALL)).status_code == 413


@pytest.mark.parametrize("binary", [True, False])
def test_tritons_client_is_served(address: str, darkness_file: Path, wall: NDArray[np.uint8], binary: bool):
    triton = pytest.importorskip("tritonclient.http", reason="the public client is not installed")
    client = triton.InferenceServerClient(address.removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("darkness")
    assert client.get_server_metadata()["name"] == "blemish"
    assert client.get_model_metadata("darkness")["platform"] == "blemish"
    images = np.stack([wall, np.full_like(wall, 220)])
    tensor = triton.InferInput("image", list(images.shape), "UINT8")
    tensor.set_data_from_numpy(images, binary_data=binary)
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("score", "map", "verdict")]
    answer = client.infer("darkness", [tensor], outputs=wanted, request_id="9")
    expected = load(darkness_file).inspect([wall, images[1]])
    assert answer.get_response()["id"] == "9"
    assert np.allclose(answer.as_numpy("score"), [one.score for one in expected])
    assert np.allclose(answer.as_numpy("map"), np.stack([one.anomaly_map for one in expected]))
    verdicts = [text.decode() if isinstance(text, bytes) else text for text in answer.as_numpy("verdict")]
    assert verdicts == ["reject", "pass"]
    with pytest.raises(triton.InferenceServerException if hasattr(triton, "InferenceServerException") else Exception):
        client.infer("gone", [tensor])
    client.close()
