"""Data sets as they are published, with masks beside images, by colour or several to one, and labels not understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blemish.datasets import read_dataset, with_known_normals
from blemish.errors import DataError

from layouts_with_masks import AREA, HEIGHT_PX, WIDTH_PX, draw, facts, image, mask, put, write


def coloured(*colours: tuple[int, int, int]) -> bytes:
    drawn = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
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
    assert second.read_ignored(HEIGHT_PX, WIDTH_PX).sum() == 64
    assert second.read_class_masks(dataset.classes, HEIGHT_PX, WIDTH_PX).sum(axis=(1, 2)).tolist() == [0, 64]


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
    index = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    index[4:8, 4:20], index[8:10, 4:20] = 5, 255
    drawn = Image.fromarray(index, "P")
    drawn.putpalette([value for place in range(256) for value in (place, 255 - place, 7 * place % 256)])
    put(tmp_path, {"JPEGImages/a.jpg": None, "SegmentationClass/a.png": png(drawn)})
    (sample,) = read_dataset(tmp_path).samples
    assert sample.read_mask(HEIGHT_PX, WIDTH_PX).sum() == 64
    assert sample.read_ignored(HEIGHT_PX, WIDTH_PX).sum() == 32


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
            drawn = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
            drawn[2 + 10 * number : 6 + 10 * number, 2:10] = value - number
            write(tmp_path / "ground_truth" / kind / "2" / f"00{number}.png", drawn)
    dataset = read_dataset(tmp_path)
    assert dataset.classes == ("logical_anomalies", "structural_anomalies")
    assert [(s.split, s.label, int(s.read_mask(HEIGHT_PX, WIDTH_PX).sum())) for s in dataset.samples] == [
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
