"""YOLO-seg, CVAT and labelme files are read back, pixel for pixel, with the images' sub-folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from blemish.datasets import read_dataset
from blemish.datasets.coco_masks import PolygonMask
from blemish.errors import DataError
from blemish.findings import FINDINGS_NAME
from blemish.reports.document import read_document
from blemish.reports.exports import export, remove_exports

from .conftest import SHAPE, Drawn, Write, bar, line, ring, specks

FORMATS = ("yolo", "cvat", "labelme")


def square() -> np.ndarray:
    """One rectangle: alone it looks like a rotated box in YOLO's format."""
    mask = np.zeros(SHAPE, np.bool_)
    mask[30:90, 40:50] = True
    return mask


def network() -> np.ndarray:
    """Fields closed by cracks, one of them inside another."""
    return ring(80) | ring(30) | line((10, 120), (300, 120))


def noise() -> np.ndarray:
    """Shapes of every kind in a corner: a whole image of them takes seconds."""
    mask = np.zeros(SHAPE, np.bool_)
    mask[-80:, -100:] = np.random.default_rng(0).random((80, 100)) < 0.55
    return mask


MASKS = {
    "line": line((20, 40), (150, 80), (300, 60)),
    "ring": ring(),
    "specks": specks(),
    "square": square(),
    "bar": bar(3),
    "network": network(),
    "everything": np.ones(SHAPE, np.bool_),
    "noise": noise(),
}


def lay_images(folder: Path, name: str, out: Path) -> Path:
    """Put the images where the format wants them; the root of the data set."""
    images = folder.parent / "images"
    root = {"yolo": out / "yolo", "cvat": out, "labelme": out / "labelme"}[name]
    shutil.copytree(images, root if name == "labelme" else root / "images", dirs_exist_ok=True)
    return root


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("mask", MASKS)
def test_every_shape_comes_back_pixel_for_pixel(write_inspection: Write, tmp_path: Path, name: str, mask: str):
    folder = write_inspection(
        Drawn(f"벽/북쪽/{mask}.png", MASKS[mask], "reject"), Drawn("벽/none.png"), Drawn("top.png", square(), "reject")
    )
    export(read_document(folder), [name], tmp_path / "out")
    root = lay_images(folder, name, tmp_path / "out")
    dataset = read_dataset(root, layout=name)
    read = {sample.path.relative_to(root).as_posix().removeprefix("images/"): sample for sample in dataset.samples}
    assert sorted(read) == sorted([f"벽/북쪽/{mask}.png", "벽/none.png", "top.png"])
    for key, wanted in ((f"벽/북쪽/{mask}.png", MASKS[mask]), ("top.png", square())):
        assert read[key].defective
        assert [one.label for one in read[key].masks] == ["crack"]
        np.testing.assert_array_equal(read[key].masks[0].source.read(*SHAPE), wanted)
    assert read["벽/none.png"].defective is False
    assert dataset.classes == ("crack",)


@pytest.mark.parametrize("name", FORMATS)
def test_the_layout_is_recognised_and_images_without_an_answer_are_in_none(found: Path, tmp_path: Path, name: str):
    export(read_document(found), [name], tmp_path / "out")
    found_images = Path(read_document(found).run.folder) / "found"
    root = lay_images(found_images, name, tmp_path / "out")
    (root if name == "labelme" else root / "images").joinpath("floor/broken.png").unlink(missing_ok=True)
    dataset = read_dataset(root)
    assert dataset.layout.lower().startswith(name)
    assert len(dataset) == 6


def test_the_files_say_what_other_programs_ask_for(found: Path, tmp_path: Path):
    document = read_document(found)
    written = export(document, FORMATS, tmp_path)
    assert len(written) == 1 + 6 + 1 + 6
    head = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text(encoding="utf-8"))
    assert (head["names"], head["train"]) == ({0: "crack"}, "images")
    shape = json.loads((tmp_path / "labelme/wall/wide.json").read_text(encoding="utf-8"))
    assert (tmp_path / "labelme/wall" / shape["imagePath"]).resolve() == document.find_image(document.images[0])
    assert (shape["imageWidth"], shape["imageHeight"], shape["imageData"]) == (320, 240, None)
    root = ElementTree.parse(tmp_path / "annotations.xml").getroot()
    assert [one.get("name") for one in root.iter("image")] == [
        image.image for image in document.images if image.error is None
    ]
    assert root.findtext("meta/task/labels/label/name") == "crack"
    loop = next(one for one in root.iter("image") if one.get("name") == "floor/loop.png")
    assert {shape.get("group_id") for shape in loop} == {"1"}
    assert len(loop) > 1


@pytest.mark.parametrize("mask", MASKS)
def test_tasks_of_label_studio_show_every_pixel(write_inspection: Write, tmp_path: Path, mask: str):
    folder = write_inspection(Drawn(f"벽/a b/{mask}.png", MASKS[mask], "reject"), Drawn("none.png"))
    export(read_document(folder), ["label-studio"], tmp_path)
    drawn, none = json.loads((tmp_path / "label-studio.json").read_text(encoding="utf-8"))
    assert drawn["data"] == {"image": f"/data/local-files/?d=%EB%B2%BD/a%20b/{mask}.png"}
    assert none["predictions"][0]["result"] == []
    (prediction,) = drawn["predictions"]
    shown = np.zeros(SHAPE, np.bool_)
    for shape in prediction["result"]:
        assert (shape["original_height"], shape["original_width"]) == SHAPE
        assert shape["value"]["polygonlabels"] == ["crack"]
        ring = np.array(shape["value"]["points"]) / 100 * [SHAPE[1], SHAPE[0]]
        shown |= PolygonMask((tuple(ring.ravel().tolist()),), *SHAPE, "here").read(*SHAPE)
    np.testing.assert_array_equal(shown, MASKS[mask])
    view = ElementTree.parse(tmp_path / "label-studio.xml").getroot()
    assert [label.get("value") for label in view.iter("Label")] == ["crack"]
    labels = view.find("PolygonLabels")
    assert (labels.get("name"), labels.get("toName")) == (shape["from_name"], shape["to_name"])


@pytest.mark.parametrize("name", ["yolo", "labelme"])
def test_images_that_would_share_a_label_file_are_refused(write_inspection: Write, tmp_path: Path, name: str):
    folder = write_inspection(Drawn("a/wall.png", square()), Drawn("a/wall.jpg.png"), Drawn("b/c.png"))
    lines = (folder / FINDINGS_NAME).read_text(encoding="utf-8").replace("a/wall.jpg.png", "a/wall.jpg")
    (folder / FINDINGS_NAME).write_text(lines, encoding="utf-8")
    with pytest.raises(DataError, match=r'"a/wall.png" and "a/wall.jpg" would share the label file "a/wall\.'):
        export(read_document(folder), [name], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../../wall.png", "/tmp/wall.png"])
def test_names_that_lead_out_of_the_folder_are_refused(write_inspection: Write, tmp_path: Path, name: str):
    folder = write_inspection(Drawn("wall.png", square()))
    lines = (folder / FINDINGS_NAME).read_text(encoding="utf-8").replace('"image":"wall.png"', f'"image":"{name}"')
    (folder / FINDINGS_NAME).write_text(lines, encoding="utf-8")
    with pytest.raises(DataError, match="lies in no folder"):
        export(read_document(folder), ["yolo"], tmp_path / "out")


def test_an_inspection_into_the_folder_takes_the_label_files_away_and_nothing_else(found: Path):
    export(read_document(found), [*FORMATS, "label-studio"], found)
    (found / "yolo" / "images").mkdir()
    (found / "yolo" / "images" / "mine.png").touch()
    remove_exports(found)
    assert not (found / "labelme").exists()
    assert not (found / "annotations.xml").exists()
    assert not list(found.glob("label-studio.*"))
    left = [path.relative_to(found).as_posix() for path in (found / "yolo").rglob("*")]
    assert sorted(left) == ["yolo/images", "yolo/images/mine.png"]
