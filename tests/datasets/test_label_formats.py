"""Label formats of other tools: where their files may lie, what becomes of outlines and boxes, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blemish.datasets import read_dataset
from blemish.errors import DataError
from blemish.images import read_image

from layouts_with_masks import AREA, HEIGHT_PX, OUTLINE, WIDTH_PX, YOLO_LINE, facts, put

YOLO_BOX = "1 0.5 0.375 0.625 0.125"
NAMES = "names:\n  0: crack\n  1: dent\n"

YOLO = {
    "flat": (
        {
            "images/a.jpg": None,
            "images/b.jpg": None,
            "images/c.jpg": None,
            "labels/a.txt": YOLO_LINE,
            "labels/b.txt": "",
        },
        {"a": ("defect", True, AREA, None), "b": ("good", False, 0, None), "c": ("good", False, 0, None)},
    ),
    "side by side with classes.txt": (
        {"a.jpg": None, "a.txt": YOLO_LINE, "b.jpg": None, "b.txt": YOLO_BOX, "classes.txt": "crack\ndent\n"},
        {"a": ("crack", True, AREA, None), "b": ("dent", True, None, None)},
    ),
    "Ultralytics": (
        {
            "data.yaml": "path: ../datasets/cracks\ntrain: images/train\nval: images/val\n" + NAMES,
            "images/train/a.jpg": None,
            "labels/train/a.txt": YOLO_LINE,
            "images/val/b.jpg": None,
            "labels/val/b.txt": f"{YOLO_LINE}\n{YOLO_BOX}\n",
        },
        {"a": ("crack", True, AREA, "train"), "b": ("crack+dent", True, None, "val")},
    ),
    "Roboflow": (
        {
            "data.yaml": "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['crack', 'dent']\n",
            "train/images/a_jpg.rf.1.jpg": None,
            "train/labels/a_jpg.rf.1.txt": YOLO_LINE,
            "valid/images/b_jpg.rf.2.jpg": None,
            "valid/labels/b_jpg.rf.2.txt": "",
            "test/images/c_jpg.rf.3.jpg": None,
            "test/labels/c_jpg.rf.3.txt": YOLO_LINE,
        },
        {"a_jpg.rf.1": ("crack", True, AREA, "train"), "b_jpg.rf.2": ("good", False, 0, "val")},
    ),
    "folders of other names": (
        {
            "my.yaml": "train: images/lot1\nval: images/lot2\n" + NAMES,
            "images/lot1/a.jpg": None,
            "labels/lot1/a.txt": YOLO_LINE,
            "images/lot2/b.jpg": None,
            "labels/lot2/b.txt": "",
        },
        {"a": ("crack", True, AREA, "train"), "b": ("good", False, 0, "val")},
    ),
    "validation on the training images": (
        {"d.yaml": "train: images/train\nval: images/train\n" + NAMES, "images/train/a.jpg": None}
        | {"labels/train/a.txt": YOLO_LINE},
        {"a": ("crack", True, AREA, "train")},
    ),
    "a class that is normal": (
        {"images/a.jpg": None, "labels/a.txt": YOLO_LINE, "data.yaml": "names: [good]"},
        {"a": ("good", False, 0, None)},
    ),
    "a line with too few points": (
        {"images/a.jpg": None, "labels/a.txt": f"{YOLO_LINE}\n0 .1 .1 .2 .2 .3\n", "data.yaml": NAMES},
        {"a": ("crack", True, AREA, None)},
    ),
    "rotated boxes": (
        {
            "images/a.jpg": None,
            "labels/a.txt": "0 .1 .1 .2 .1 .2 .3 .1 .3\n1 .4 .4 .6 .4 .6 .5 .4 .5\n",
            "d.yaml": NAMES,
        },
        {"a": ("crack+dent", True, None, None)},
    ),
}


@pytest.mark.parametrize("name", YOLO)
def test_yolo_is_read_wherever_its_files_lie(name: str, tmp_path: Path):
    files, expected = YOLO[name]
    found = facts(read_dataset(put(tmp_path, files)))
    assert {stem: found[stem] for stem in expected} == expected


def test_the_folder_of_images_alone_finds_its_labels_next_door(tmp_path: Path):
    put(tmp_path, YOLO["Ultralytics"][0])
    assert facts(read_dataset(tmp_path / "images"))["a"] == ("crack", True, AREA, "train")


def test_left_out_lines_are_named(tmp_path: Path):
    notes = read_dataset(put(tmp_path, YOLO["a line with too few points"][0])).notes
    assert any("Left out 1 outline" in note and 'line 2 of "' in note for note in notes)


def labelme(shapes: list[dict[str, Any]], **more: Any) -> str:
    return json.dumps({"shapes": shapes, "imagePath": "a.jpg", "imageHeight": HEIGHT_PX, "imageWidth": WIDTH_PX} | more)


POINTS = [[x, y] for x, y in zip(OUTLINE[::2], OUTLINE[1::2], strict=True)]
CRACK = {"label": "crack", "points": POINTS, "shape_type": "polygon"}
LABELME = {
    "an outline": ([CRACK], ("crack", True, AREA)),
    "without a shape type": ([{"label": "crack", "points": POINTS}], ("crack", True, AREA)),
    "a rectangle": ([{"label": "crack", "points": [[1, 1], [5, 5]], "shape_type": "rectangle"}], ("crack", True, None)),
    "a line": ([{"label": "crack", "points": [[1, 1], [5, 5]], "shape_type": "line"}], ("crack", True, None)),
    "nothing": ([], ("good", False, 0)),
    "two points": ([{"label": "crack", "points": POINTS[:2]}], ("crack", True, None)),
    "an outline and one of two points": ([CRACK, {"label": "crack", "points": POINTS[:2]}], ("crack", True, AREA)),
    "a circle": ([{"label": "crack", "points": [[16, 16], [16, 20]], "shape_type": "circle"}], ("crack", True, 52)),
}


@pytest.mark.parametrize("name", LABELME)
def test_labelme_shapes_become_masks_where_they_have_an_extent(name: str, tmp_path: Path):
    shapes, expected = LABELME[name]
    found = facts(read_dataset(put(tmp_path, {"a.jpg": None, "a.json": labelme(shapes)})))
    assert found["a"][:3] == expected


@pytest.mark.parametrize("place", ["{}", "images/{}", "train/{}", "train/images/{}"])
def test_labelme_files_are_found_where_people_put_them(place: str, tmp_path: Path):
    labels = place.replace("images", "annotations")
    files = {place.format("a.jpg"): None, labels.format("a.json"): labelme([CRACK]), place.format("b.jpg"): None}
    found = facts(read_dataset(put(tmp_path, files)))
    split = "train" if "train" in place else None
    assert found == {"a": ("crack", True, AREA, split), "b": ("unlabelled", None, None, split)}


VOC_XML = "<annotation><filename>a.jpg</filename>{}</annotation>"
OBJECT = (
    "<object><name>scratch</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>"
)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.jpg": None, "a.xml": VOC_XML.format(OBJECT)}, ("scratch", True, None, None)),
        ({"a.jpg": None, "a.xml": VOC_XML.format("")}, ("good", False, 0, None)),
        (
            {"JPEGImages/a.jpg": None, "Annotations/a.xml": VOC_XML.format(OBJECT), "ImageSets/Main/val.txt": "a\n"},
            ("scratch", True, None, "val"),
        ),
        (
            {"train/images/scratch/a.jpg": None, "train/annotations/a.xml": VOC_XML.format(OBJECT)},
            ("scratch", True, None, "train"),
        ),
    ],
)
def test_voc_boxes_label_images_and_outline_nothing(files: dict, expected: tuple, tmp_path: Path):
    dataset = read_dataset(put(tmp_path, files))
    assert facts(dataset)["a"] == expected
    assert any("boxes" in note for note in dataset.notes) == (expected[2] is None)


def test_an_image_without_a_voc_file_is_not_known_to_be_normal(tmp_path: Path):
    root = put(tmp_path, {"a.jpg": None, "a.xml": VOC_XML.format(OBJECT), "b.jpg": None})
    assert facts(read_dataset(root))["b"] == ("unlabelled", None, None, None)


def via(regions: Any, attributes: Any = None) -> dict[str, Any]:
    return {"filename": "a.jpg", "size": 9, "regions": regions, "file_attributes": attributes or {}}


POLYGON = {"name": "polygon", "all_points_x": OUTLINE[::2], "all_points_y": OUTLINE[1::2]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a.jpg9": via([{"shape_attributes": POLYGON, "region_attributes": {"t": "crack"}}])}, ("crack", True, AREA)),
        ({"a.jpg9": via({"0": {"shape_attributes": POLYGON, "region_attributes": {}}})}, ("defect", True, AREA)),
        (
            {
                "_via_img_metadata": {
                    "k": via([{"shape_attributes": POLYGON, "region_attributes": {"t": {"crack": True}}}])
                }
            },
            ("crack", True, AREA),
        ),
        (
            {"k": via([{"shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 3, "height": 3}}])},
            ("defect", True, None),
        ),
        ({"k": via([{"shape_attributes": {"name": "circle", "cx": 16, "cy": 16, "r": 4}}])}, ("defect", True, 52)),
        ({"k": via([])}, ("good", False, 0)),
    ],
)
def test_via_regions_become_masks(document: dict, expected: tuple, tmp_path: Path):
    put(tmp_path, {"train/a.jpg": None, "train/via_region_data.json": json.dumps(document)})
    assert facts(read_dataset(tmp_path))["a"] == (*expected, "train")


def manifest_line(name: str, **more: Any) -> str:
    return json.dumps({"source-ref": f"s3://bucket/cracks/{name}"} | more)


def test_sagemaker_manifests_label_by_class_and_by_boxes(tmp_path: Path):
    lines = [
        manifest_line("a.jpg", job=0, **{"job-metadata": {"class-name": "crack"}}),
        manifest_line("b.jpg", job=1, **{"job-metadata": {"class-name": "normal"}}),
        manifest_line(
            "c.jpg",
            boxes={"annotations": [{"class_id": 3, "left": 1, "top": 1, "width": 2, "height": 2}]},
            **{"boxes-metadata": {"class-map": {"3": "dent"}}},
        ),
        manifest_line("d.jpg"),
    ]
    files: dict[str, Any] = {f"images/{stem}.jpg": None for stem in "abcd"}
    found = facts(read_dataset(put(tmp_path, files | {"output.manifest": "\n".join(lines)}) / "output.manifest"))
    assert found == {
        "a": ("crack", True, None, None),
        "b": ("good", False, 0, None),
        "c": ("dent", True, None, None),
        "d": ("unlabelled", None, None, None),
    }


DAMAGED = {
    "labelme": ({"a.jpg": None, "a.json": labelme([{"points": POINTS}])}, "not valid labelme"),
    "VOC": ({"a.jpg": None, "a.xml": VOC_XML.format("<object></object>")}, "without a name"),
    "VIA": (
        {"a.jpg": None, "via.json": json.dumps({"k": via([{"shape_attributes": {"name": "polygon"}}])})},
        "not valid VIA",
    ),
    "VIA of another image": ({"b.jpg": None, "via.json": json.dumps({"k": via([])})}, "do(es)? not exist"),
    "manifest": ({"a.jpg": None, "x.manifest": manifest_line("a.jpg") + "\n{"}, "Line 2"),
    "manifest of another image": ({"a.jpg": None, "x.manifest": manifest_line("b.jpg")}, "does not exist"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_cannot_be_right_is_refused_by_name(name: str, tmp_path: Path):
    files, said = DAMAGED[name]
    with pytest.raises(DataError, match=said):
        read_dataset(put(tmp_path, files))


def turned(path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    drawn = np.full((24, 40, 3), 120, np.uint8)
    drawn[4:8, 2:30] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn).save(path, exif=exif, quality=95)


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("on_stored", [True, False])
def test_outlines_turn_with_an_image_on_whose_stored_pixels_they_were_drawn(
    orientation: int, on_stored: bool, tmp_path: Path
):
    documents = {}
    for stem, turn in (("a", orientation), ("b", 6)):
        turned(tmp_path / f"{stem}.jpg", turn)
        shown = read_image(tmp_path / f"{stem}.jpg")
        drawn = np.asarray(Image.open(tmp_path / f"{stem}.jpg")) if on_stored else shown
        rows, columns = np.nonzero(drawn[..., 0] > 200)
        top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        box = [[left, top], [right, top], [right, bottom], [left, bottom]]
        documents[stem] = ([[int(x), int(y)] for x, y in box], drawn.shape[:2])
    for stem, (points, (height_px, width_px)) in documents.items():
        shapes = [{"label": "crack", "points": points}]
        (tmp_path / f"{stem}.json").write_text(labelme(shapes, imageHeight=height_px, imageWidth=width_px))
    dataset = read_dataset(tmp_path)
    for sample in dataset.samples:
        shown = read_image(sample.path)
        assert (sample.read_mask(*shown.shape[:2]) == (shown[..., 0] > 200)).mean() > 0.97
    assert any(("stored pixels" if on_stored else "as shown") in note for note in dataset.notes)


def test_annotations_of_unlisted_images_and_unlisted_images_are_noted(tmp_path: Path):
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": HEIGHT_PX, "width": WIDTH_PX}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [OUTLINE]},
            {"id": 2, "image_id": 7, "category_id": 2, "segmentation": [OUTLINE]},
            {"id": 33, "image_id": 1, "category_id": 2, "segmentation": [[1, 2, 3]]},
        ],
        "categories": [{"id": 1, "name": "crack"}, {"id": 2, "name": "crack"}],
    }
    dataset = read_dataset(put(tmp_path, {"a.jpg": None, "b.jpg": None, "coco.json": json.dumps(document)}))
    assert dataset.classes == ("crack",)
    assert facts(dataset)["a"] == ("crack", True, AREA, None)
    said = " ".join(dataset.notes)
    assert "1 annotation in" in said
    assert "b.jpg" in said
    assert 'Annotation 33 of "a.jpg"' in said


@pytest.mark.parametrize("counts", [[1, 2], [-1, 5], "1", "{{{"])
def test_run_lengths_that_do_not_add_up_are_left_out_with_their_id(counts: Any, tmp_path: Path):
    row = {"size": [HEIGHT_PX, WIDTH_PX], "counts": counts}
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": HEIGHT_PX, "width": WIDTH_PX}],
        "annotations": [
            {"id": 5, "image_id": 1, "category_id": 1, "segmentation": [OUTLINE]},
            {"id": 6, "image_id": 1, "category_id": 1, "segmentation": row},
        ],
        "categories": [{"id": 1, "name": "crack"}],
    }
    dataset = read_dataset(put(tmp_path, {"a.jpg": None, "coco.json": json.dumps(document)}))
    assert facts(dataset)["a"] == ("crack", True, AREA, None)
    assert any('Annotation 6 of "a.jpg"' in note for note in dataset.notes)


def cvat(*images: tuple[str, str]) -> str:
    entries = "".join(
        f'<image id="{number}" name="{name}" width="{WIDTH_PX}" height="{HEIGHT_PX}">{shapes}</image>'
        for number, (name, shapes) in enumerate(images)
    )
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f"{head}<annotations><version>1.1</version><meta/>{entries}</annotations>"


POINTS = [list(point) for point in zip(OUTLINE[0::2], OUTLINE[1::2], strict=True)]
POLYGON = '<polygon label="crack" points="' + ";".join(f"{x},{y}" for x, y in POINTS) + '" occluded="0"/>'
# Two rows of three: off, on, on / on, off, off.
MASK = '<mask label="dent" left="1" top="2" width="3" height="2" rle="1,3,2"/>'
CVAT = {
    "beside its images": ({"annotations.xml": cvat(("a.jpg", POLYGON), ("b.jpg", "")), "a.jpg": None, "b.jpg": None}),
    "in images/ with sub-folders": (
        {"annotations.xml": cvat(("n/a.jpg", POLYGON), ("b.jpg", "")), "images/n/a.jpg": None, "images/b.jpg": None}
    ),
    "in annotations/": (
        {"annotations/x.xml": cvat(("a.jpg", POLYGON), ("b.jpg", "")), "images/a.jpg": None, "images/b.jpg": None}
    ),
}


@pytest.mark.parametrize("name", CVAT)
def test_cvat_for_images_is_read_wherever_its_file_lies(name: str, tmp_path: Path):
    dataset = read_dataset(put(tmp_path, CVAT[name]))
    assert dataset.layout == "CVAT for images"
    assert facts(dataset) == {"a": ("crack", True, AREA, None), "b": ("good", False, 0, None)}


def test_masks_of_cvat_are_run_lengths_in_their_box(tmp_path: Path):
    dataset = read_dataset(put(tmp_path, {"annotations.xml": cvat(("a.jpg", MASK)), "a.jpg": None}))
    (mask,) = dataset.samples[0].masks
    assert np.argwhere(mask.source.read(HEIGHT_PX, WIDTH_PX)).tolist() == [[2, 2], [2, 3], [3, 1]]


@pytest.mark.parametrize(
    "shape",
    [
        '<box label="dent" xtl="1" ytl="1" xbr="4" ybr="4"/>',
        '<polyline label="dent" points="1,1;4,4"/>',
        '<tag label="dent"/>',
        '<mask label="dent" left="1" top="2" width="3" height="2" rle="1,3,9"/>',
        '<polygon label="dent" points="1,1;4,4"/>',
    ],
)
def test_shapes_of_cvat_without_a_usable_extent_leave_it_open(shape: str, tmp_path: Path):
    dataset = read_dataset(put(tmp_path, {"annotations.xml": cvat(("a.jpg", shape)), "a.jpg": None}))
    assert facts(dataset) == {"a": ("dent", True, None, None)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (cvat(("a.jpg", '<polygon label="crack" points="a,b;c,d"/>')), "is not valid CVAT"),
        (cvat(("a.jpg", '<polygon points="1,1;2,2;3,1"/>')), "is not valid CVAT: KeyError at 'label'"),
        (cvat(("a.jpg", ""))[:-20], "is damaged or cut off"),
        (cvat(("a.jpg", "")).replace("<meta/>", '<track id="0"/>'), "tracks of a video"),
    ],
)
def test_files_of_cvat_that_cannot_be_right_are_one_sentence(content: str, said: str, tmp_path: Path):
    with pytest.raises(DataError, match=said):
        read_dataset(put(tmp_path, {"annotations.xml": content, "a.jpg": None}))


@pytest.mark.parametrize(("suffix", "layout"), [(".txt", "YOLO labels"), (".json", "labelme")])
def test_labels_in_the_images_own_sub_folders_are_told_apart(suffix: str, layout: str, tmp_path: Path):
    outlined, empty = labelme([{"label": "defect", "points": POINTS}]), labelme([])
    if suffix == ".txt":
        outlined, empty = YOLO_LINE, ""
    files = {"n/a.jpg": None, f"n/a{suffix}": outlined, "s/b.jpg": None, f"s/b{suffix}": empty}
    dataset = read_dataset(put(tmp_path, files))
    assert dataset.layout == layout
    assert facts(dataset) == {"a": ("defect", True, AREA, None), "b": ("good", False, 0, None)}
