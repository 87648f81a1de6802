"""From a finding to a labelling tool and back: pixel for pixel, in three formats, and what is refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from blemish.datasets import read_dataset
from blemish.serving.learning.reviewed import write_reviewed

from .conftest import TestClient, png

FORMATS = ("cvat", "coco", "labelme")
SIDE_PX = 64


def wall(number: int) -> np.ndarray:
    image = np.full((SIDE_PX, SIDE_PX, 3), 230 - number, np.uint8)
    if number % 2:
        image[30:34, 10:50] = 10
        image[30:34, 20:22] = 225  # a hole in the line
    return image


@pytest.fixture
def ids(client: TestClient) -> dict[str, str]:
    files = [("file", (f"deck/{number}.png", png(wall(number)))) for number in range(4)]
    results = client.post("/v1/inspect", files=files, data={"measure": "false"}).json()["results"]
    return {one["finding"]["image"]: one["id"] for one in results}


def exported(client: TestClient, kind: str) -> dict[str, bytes]:
    answer = client.get("/v1/findings/export", params={"format": kind})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    wanted = {"cvat": "annotations.xml", "coco": "coco.json", "labelme": "labelme/"}[kind]
    return {name: data for name, data in files.items() if name.startswith(wanted)}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def send(client: TestClient, data: bytes, name: str = "labels.zip", **fields: str) -> Any:
    return client.post("/v1/labels", files={"file": (name, data)}, data=fields)


def states(client: TestClient) -> dict[str, str]:
    page = client.get("/v1/findings").json()["findings"]
    return {one["finding"]["image"]: one["state"] for one in page}


def mask_of(client: TestClient, finding: str, picture: str) -> np.ndarray:
    data = client.get(f"/v1/findings/{finding}/{picture}").content
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) > 127


@pytest.mark.parametrize("kind", FORMATS)
def test_what_a_tool_leaves_as_it_was_is_approved(client: TestClient, ids: dict[str, str], kind: str):
    answer = send(client, zipped(exported(client, kind)))
    assert answer.status_code == 200, answer.text
    assert (answer.json()["approved"], answer.json()["corrected"]) == (4, 0)
    assert set(states(client).values()) == {"approved"}
    again = send(client, zipped(exported(client, kind))).json()
    assert (again["approved"], again["decided_before"]) == (0, 4)


def redrawn(kind: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """The labels of ``deck/1.png`` replaced by a rectangle, those of ``deck/3.png`` removed."""
    ring = [(5, 6), (25, 6), (25, 16), (5, 16)]
    changed = dict(files)
    if kind == "cvat":
        (name,) = files
        root = ElementTree.fromstring(files[name])
        for image in root.findall("image"):
            if image.get("name") in {"deck/1.png", "deck/3.png"}:
                for shape in list(image):
                    image.remove(shape)
            if image.get("name") == "deck/1.png":
                points = ";".join(f"{x},{y}" for x, y in ring)
                ElementTree.SubElement(image, "polygon", {"label": "dark", "points": points})
        changed[name] = ElementTree.tostring(root)
    elif kind == "coco":
        (name,) = files
        document = json.loads(files[name])
        of = {image["id"]: image["file_name"] for image in document["images"]}
        kept = [one for one in document["annotations"] if of[one["image_id"]] not in {"deck/1.png", "deck/3.png"}]
        (first,) = (number for number, image in of.items() if image == "deck/1.png")
        polygon = [value for point in ring for value in point]
        kept.append({"id": 99, "image_id": first, "category_id": 1, "segmentation": [polygon]})
        changed[name] = json.dumps({**document, "annotations": kept}).encode()
    else:
        for number in (1, 3):
            document = json.loads(files[f"labelme/deck/{number}.json"])
            shape = {"label": "dark", "points": ring, "shape_type": "polygon"}
            document["shapes"] = [shape] if number == 1 else []
            changed[f"labelme/deck/{number}.json"] = json.dumps(document).encode()
    return changed


@pytest.mark.parametrize("kind", FORMATS)
def test_what_a_tool_changes_is_a_correction_and_becomes_a_label(
    client: TestClient, ids: dict[str, str], kind: str, tmp_path: Path
):
    answer = send(client, zipped(redrawn(kind, exported(client, kind)))).json()
    assert (answer["approved"], answer["corrected"], answer["without_extent"]) == (2, 2, 0)
    drawn = np.zeros((SIDE_PX, SIDE_PX), bool)
    drawn[6:16, 5:25] = True
    assert np.array_equal(mask_of(client, ids["deck/1.png"], "corrected"), drawn)
    assert not mask_of(client, ids["deck/3.png"], "corrected").any()
    service = client.app.state.service
    said = write_reviewed(service.database, service.pictures, tmp_path / "out")
    assert (said.normal, said.defective, said.without_extent) == (3, 1, 0)
    (defective,) = (each for each in read_dataset(tmp_path / "out").samples if each.defective)
    assert np.array_equal(defective.read_mask(SIDE_PX, SIDE_PX), drawn)


def test_a_single_file_and_the_names_of_label_studio_are_taken(client: TestClient, ids: dict[str, str]):
    document = json.loads(exported(client, "coco")["coco.json"])
    for image in document["images"]:
        image["file_name"] = "images/0a1b2c3d-" + image["file_name"].rpartition("/")[2]
    answer = send(client, json.dumps(document).encode(), "result.json")
    assert answer.json()["approved"] == 4, answer.text


def test_the_name_of_the_file_may_be_long(client: TestClient, ids: dict[str, str]):
    (labels,) = exported(client, "cvat").values()
    assert send(client, labels, "벽" * 200 + ".xml").json()["approved"] == 4


def test_boxes_alone_decide_nothing(client: TestClient, ids: dict[str, str]):
    boxed = (
        '<annotations><version>1.1</version><image id="0" name="deck/1.png" width="64" height="64">'
        '<box label="dark" xtl="1" ytl="1" xbr="9" ybr="9"/></image></annotations>'
    )
    answer = send(client, boxed.encode(), "annotations.xml").json()
    assert (answer["approved"], answer["corrected"], answer["without_extent"]) == (0, 0, 1)
    assert states(client)["deck/1.png"] == "open"


def test_a_decision_that_was_made_meanwhile_stays(client: TestClient, ids: dict[str, str]):
    files = redrawn("coco", exported(client, "coco"))
    decided = {"finding_id": ids["deck/1.png"], "decision": "reject"}
    client.post("/v1/reviews", json=decided, headers={"If-Match": "*"})
    answer = send(client, zipped(files)).json()
    assert (answer["corrected"], answer["decided_before"]) == (1, 1)
    assert states(client)["deck/1.png"] == "rejected"


def test_several_images_of_one_name_are_told_apart_by_their_job(client: TestClient, ids: dict[str, str]):
    files = zipped(exported(client, "coco"))
    client.post("/v1/inspect", files={"file": ("deck/1.png", png(wall(5)))})
    refused = send(client, files)
    assert refused.status_code == 422
    assert 'Several images are called "1.png"' in refused.json()["error"]
    assert "no finding here" in send(client, files, job="0" * 32).json()["error"]


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12)
)
COCO = {"images": [{"id": 1, "file_name": "../../etc/passwd", "width": 1, "height": 1}], "annotations": []}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.xml", b"<annotations>", "not valid XML"),
        ("a.xml", (LAUGHS + "]><annotations><image name='&m;'/></annotations>").encode(), "not valid XML"),
        (
            "a.xml",
            b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><annotations><image name='&e;'/></annotations>",
            "not valid XML",
        ),
        ("a.xml", b'<annotations><image name="/etc/passwd"/></annotations>', "no name of an image"),
        ("a.json", json.dumps({**COCO, "categories": []}).encode(), "no name of an image"),
        ("a.json", b"{", "not valid JSON"),
        ("a.json", b'{"images": [{}], "annotations": [], "categories": []}', "not valid COCO"),
        ("a.json", b'{"x": 1}', "labels of one kind"),
        ("a.txt", b"x", "labels of one kind"),
        ("a.zip", zipped({"a.png": b"x"}), "labels of one kind"),
        ("a.zip", zipped({"../a.xml": b"<annotations/>", "b.json": b'{"shapes": [], "imagePath": ""}'}), "of one kind"),
        ("gone.json", b'{"shapes": [], "imagePath": "gone.png"}', "no finding here"),
    ],
    ids=[
        "damaged XML",
        "a billion laughs",
        "an outer entity",
        "an absolute name",
        "a name that climbs",
        "damaged JSON",
        "COCO without names",
        "other JSON",
        "no labels",
        "a zip without labels",
        "two kinds",
        "an unknown image",
    ],
)
def test_labels_that_cannot_be_right_are_refused(
    client: TestClient, ids: dict[str, str], name: str, data: bytes, said: str
):
    answer = send(client, data, name)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["error"]
    assert set(states(client).values()) == {"open"}
