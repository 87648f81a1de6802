"""Label formats of other tools: where their files may lie, what becomes of outlines and boxes, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blemish.datasets import Dataset, read_dataset, with_known_normals
from blemish.errors import DataError
from blemish.images import read_image

from layouts_with_masks import OUTLINE, SIDE_PX, draw, image, mask, write

MARKED = mask(True) > 0
YOLO_LINE = "0 " + " ".join(f"{value / SIDE_PX}" for value in OUTLINE)
YOLO_BOX = "1 0.5 0.375 0.625 0.125"


def put(root: Path, files: dict[str, str | bytes | None]) -> Path:
    """Write files; None is an image."""
    for number, (name, content) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            write(path, image(number))
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def facts(dataset: Dataset) -> dict[str, tuple[str, bool | None, int | None, str | None]]:
    """By the stem: label, defective, marked pixels, split."""
    return {
        sample.path.stem: (
            sample.label,
            sample.defective,
            None if sample.masks is None else int(sample.read_mask(SIDE_PX, SIDE_PX).sum()),
            sample.split,
        )
        for sample in dataset.samples
    }


AREA = int(MARKED.sum())
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
    return json.dumps({"shapes": shapes, "imagePath": "a.jpg", "imageHeight": SIDE_PX, "imageWidth": SIDE_PX} | more)


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


def coloured(*colours: tuple[int, int, int]) -> bytes:
    drawn = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    for number, colour in enumerate(colours):
        drawn[4 + 8 * number : 8 + 8 * number, 4:20] = colour
    return png(Image.fromarray(drawn))


def png(drawn: Image.Image) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    drawn.save(stream, "PNG")
    return stream.getvalue()


LABELMAP = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncrack:250,50,83::\ndent:52,20,40::\nok:9,9,9::\n"


def test_cvat_masks_have_the_classes_of_their_label_map(tmp_path: Path):
    files: dict[str, Any] = {f"JPEGImages/{stem}.jpg": None for stem in "abcd"}
    files |= {"labelmap.txt": LABELMAP, "ImageSets/Segmentation/train.txt": "a\nb\n"}
    files["SegmentationClass/a.png"] = coloured((250, 50, 83), (52, 20, 40))
    files["SegmentationClass/b.png"] = coloured((52, 20, 40), (224, 224, 192))
    files["SegmentationClass/c.png"] = coloured((9, 9, 9))
    files["SegmentationObject/a.png"] = coloured((1, 2, 3))
    dataset = read_dataset(put(tmp_path, files))
    assert dataset.classes == ("crack", "dent")
    assert facts(dataset) == {
        "a": ("crack+dent", True, 128, "train"),
        "b": ("dent", True, 64, "train"),
        "c": ("good", False, 0, None),
        "d": ("unlabelled", None, None, None),
    }
    second = dataset.samples[1]
    assert second.read_ignored(SIDE_PX, SIDE_PX).sum() == 64
    assert second.read_class_masks(dataset.classes, SIDE_PX, SIDE_PX).sum(axis=(1, 2)).tolist() == [0, 64]


@pytest.mark.parametrize(
    ("label_map", "said"),
    [("crack:250,50::", "Line 1"), (LABELMAP.replace("dent", "background"), "52,20,40|none of those|holds")],
)
def test_a_label_map_that_does_not_fit_is_refused(label_map: str, said: str, tmp_path: Path):
    content = coloured((250, 50, 83), (77, 20, 40))
    put(tmp_path, {"JPEGImages/a.jpg": None, "SegmentationClass/a.png": content, "labelmap.txt": label_map})
    with pytest.raises(DataError, match=said):
        read_dataset(tmp_path)


def test_voc_masks_without_a_label_map_are_read_by_their_values(tmp_path: Path):
    index = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    index[4:8, 4:20], index[8:10, 4:20] = 5, 255
    drawn = Image.fromarray(index, "P")
    drawn.putpalette([value for place in range(256) for value in (place, 255 - place, 7 * place % 256)])
    put(tmp_path, {"JPEGImages/a.jpg": None, "SegmentationClass/a.png": png(drawn)})
    (sample,) = read_dataset(tmp_path).samples
    assert sample.read_mask(SIDE_PX, SIDE_PX).sum() == 64
    assert sample.read_ignored(SIDE_PX, SIDE_PX).sum() == 32


def test_kolektor_parts_are_groups(tmp_path: Path):
    dataset = read_dataset(draw("kolektor-sdd", tmp_path / "set", 6).path)
    assert [sample.group for sample in dataset.samples] == [f"kos{number:02d}" for number in range(6)]


def test_the_second_kolektor_set_has_splits_and_masks_beside(tmp_path: Path):
    for split, number in (("train", 1), ("test", 2)):
        write(tmp_path / split / f"{number}.png", image(number))
        write(tmp_path / split / f"{number}_GT.png", mask(number == 2))
    found = facts(read_dataset(tmp_path))
    assert found == {"1": ("defect", None, 0, "train"), "2": ("defect", None, AREA, "test")}


@pytest.mark.parametrize("inner", ["", "/traincrop"])
def test_crack500_has_a_mask_of_the_same_name_beside_each_image(inner: str, tmp_path: Path):
    write(tmp_path / f"traincrop{inner}" / "a.jpg", image(0))
    write(tmp_path / f"traincrop{inner}" / "a.png", mask(True))
    write(tmp_path / "testcrop" / "b.jpg", image(1))
    write(tmp_path / "testcrop" / "b.png", mask(False))
    found = facts(read_dataset(tmp_path))
    assert found == {"a": ("defect", None, AREA, "train"), "b": ("defect", None, 0, "test")}


def test_an_image_in_two_formats_is_no_mask_of_itself(tmp_path: Path):
    write(tmp_path / "a.jpg", image(0))
    write(tmp_path / "a.png", image(0))
    assert len(read_dataset(tmp_path)) == 2


def test_masks_beside_the_images_of_a_class_folder_are_no_images(tmp_path: Path):
    write(tmp_path / "good" / "a.jpg", image(0))
    write(tmp_path / "dent" / "b.jpg", image(1))
    write(tmp_path / "dent" / "b_mask.png", mask(True))
    found = facts(read_dataset(tmp_path))
    assert found == {"a": ("good", False, 0, None), "b": ("dent", True, AREA, None)}


def test_visa_has_the_published_split(tmp_path: Path):
    drawn = draw("visa", tmp_path / "candle", 4)
    (tmp_path / "split_csv").mkdir()
    rows = ["object,split,label,image,mask", "candle,train,normal,candle/Data/Images/Normal/01.jpg,"]
    rows += ["candle,test,anomaly,candle/Data/Images/Anomaly/00.jpg,candle/Data/Masks/Anomaly/00.png"]
    rows += ["pcb1,test,normal,pcb1/Data/Images/Normal/03.jpg,"]
    (tmp_path / "split_csv" / "1cls.csv").write_text("\n".join(rows) + "\n")
    found = facts(read_dataset(drawn.path))
    assert found["01"] == ("Normal", False, 0, "train")
    assert found["00"] == ("Anomaly", True, AREA, "test")
    assert found["03"][3] is None


def test_loco_has_several_masks_for_an_image(tmp_path: Path):
    write(tmp_path / "train" / "good" / "0.png", image(0))
    write(tmp_path / "validation" / "good" / "0.png", image(1))
    write(tmp_path / "test" / "good" / "1.png", image(2))
    for kind, value in (("logical_anomalies", 254), ("structural_anomalies", 255)):
        write(tmp_path / "test" / kind / "2.png", image(3))
        for number in range(2):
            drawn = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
            drawn[2 + 10 * number : 6 + 10 * number, 2:10] = value - number
            write(tmp_path / "ground_truth" / kind / "2" / f"00{number}.png", drawn)
    dataset = read_dataset(tmp_path)
    assert dataset.classes == ("logical_anomalies", "structural_anomalies")
    assert [(s.split, s.label, int(s.read_mask(SIDE_PX, SIDE_PX).sum())) for s in dataset.samples] == [
        ("test", "good", 0),
        ("test", "logical_anomalies", 64),
        ("test", "structural_anomalies", 64),
        ("train", "good", 0),
        ("val", "good", 0),
    ]


def test_ad2_has_public_test_images_and_says_that_the_private_ones_are_left_out(tmp_path: Path):
    write(tmp_path / "train" / "good" / "0_regular.png", image(0))
    write(tmp_path / "validation" / "good" / "1_regular.png", image(1))
    write(tmp_path / "test_public" / "good" / "2_regular.png", image(2))
    write(tmp_path / "test_public" / "bad" / "3_regular.png", image(3))
    write(tmp_path / "test_public" / "ground_truth" / "bad" / "3_regular_mask.png", mask(True))
    write(tmp_path / "test_private" / "4_regular.png", image(4))
    write(tmp_path / "test_private_mixed" / "4_mixed.png", image(5))
    dataset = read_dataset(tmp_path)
    assert facts(dataset) == {
        "0_regular": ("good", False, 0, "train"),
        "1_regular": ("good", False, 0, "val"),
        "2_regular": ("good", False, 0, "test"),
        "3_regular": ("bad", True, AREA, "test"),
    }
    assert any("2 private test images" in note for note in dataset.notes)


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


UNREAD = {
    "text": {"a.txt": "crack at the left"},
    "text in labels": {"labels/a.txt": "crack 1 2 3"},
    "JSON": {"a.json": '{"objects": []}'},
    "XML": {"a.xml": "<svg/>"},
    "a table of labels": {"labels.csv": "file,class\na.jpg,crack\n"},
    "a JSON of all images": {"export.json": '[{"image": "a.jpg", "defect": 1}]'},
    "an array": {"a.npy": b"\x93NUMPY"},
}


@pytest.mark.parametrize("name", UNREAD)
def test_label_files_that_are_not_understood_stop_learning_from_normal_images(name: str, tmp_path: Path):
    dataset = read_dataset(put(tmp_path, {"a.jpg": None, "b.jpg": None} | UNREAD[name]))
    (file,) = UNREAD[name]
    assert [path.name for path in dataset.unread_labels] == [Path(file).name]
    with pytest.raises(DataError, match=r"are not understood.*--normal unlabelled"):
        with_known_normals(dataset)
    told = read_dataset(tmp_path, normal_names=["unlabelled"])
    assert [sample.defective for sample in with_known_normals(told).samples] == [False, False]


@pytest.mark.parametrize("files", [{}, {"README.txt": "about"}, {"notes.json": "{}"}, {"license.txt": "CC0"}])
def test_other_files_beside_images_stop_nothing(files: dict, tmp_path: Path):
    dataset = read_dataset(put(tmp_path, {"a.jpg": None, "b.jpg": None} | files))
    assert dataset.unread_labels == ()
    assert [sample.defective for sample in with_known_normals(dataset).samples] == [False, False]


def test_a_normal_image_with_a_marked_mask_is_taken_for_neither(tmp_path: Path):
    for stem, is_marked in (("a", False), ("b", True)):
        write(tmp_path / "good" / "images" / f"{stem}.png", image(0))
        write(tmp_path / "good" / "masks" / f"{stem}.png", mask(is_marked))
    write(tmp_path / "crack" / "images" / "c.png", image(1))
    write(tmp_path / "crack" / "masks" / "c.png", mask(True))
    dataset = read_dataset(tmp_path)
    assert facts(dataset) == {
        "a": ("good", False, 0, None),
        "b": ("good", None, None, None),
        "c": ("crack", True, AREA, None),
    }
    assert any("1 image normal by label but marked by mask" in note for note in dataset.notes)
    (tmp_path / "t.csv").write_text("path,label,mask\ngood/images/b.png,good,good/masks/b.png\n")
    assert facts(read_dataset(tmp_path / "t.csv"))["b"][1] is None


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
        "images": [{"id": 1, "file_name": "a.jpg", "height": SIDE_PX, "width": SIDE_PX}],
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
