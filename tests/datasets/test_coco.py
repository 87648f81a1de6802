"""COCO files: outlines and run lengths, and where their images lie."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from blemish.datasets import read_dataset
from blemish.datasets.coco_masks import CountsMask, PolygonMask, decompress_counts, fill_polygon
from blemish.errors import DataError

SQUARE = [8.0, 4.0, 20.0, 4.0, 20.0, 10.0, 8.0, 10.0]  # x 8–20, y 4–10: 72 px


def document(segmentations: dict[str, list], *, names=("crack", "stain", "idle")) -> dict:
    images = [
        {"id": 10 + place, "file_name": name, "height": 32, "width": 40} for place, name in enumerate(segmentations)
    ]
    annotations = [
        {"id": 1, "image_id": image["id"], "category_id": category, "segmentation": segmentation, "bbox": [0, 0, 1, 1]}
        for image in images
        for category, segmentation in segmentations[image["file_name"]]
    ]
    categories = [{"id": place, "name": name} for place, name in enumerate(names)]
    return {"images": images, "annotations": annotations, "categories": categories}


ROW = {"size": [32, 40], "counts": [32, 32, 32 * 38]}  # the second column


def test_outlines_and_run_lengths_become_masks_by_class(lay_out) -> None:
    root = lay_out(["images/a.jpg", "images/b.jpg", "images/c.jpg"])
    content = document({"a.jpg": [(0, [SQUARE]), (0, ROW), (1, [SQUARE])], "b.jpg": [], "c.jpg": [(1, [])]})
    (root / "labels.json").write_text(json.dumps(content))
    for path in (root, root / "labels.json"):
        dataset = read_dataset(path)
        both, free, box = dataset.samples
        assert dataset.classes == ("crack", "stain")
        assert (both.label, both.defective) == ("crack+stain", True)
        assert both.read_class_masks(dataset.classes, 32, 40).sum(axis=(1, 2)).tolist() == [72 + 32, 72]
        assert (free.label, free.defective, free.masks) == ("good", False, ())
        assert (box.label, box.defective, box.masks) == ("stain", True, None)
        assert any("idle" in note for note in dataset.notes)
        assert any("boxes" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("image", "file", "split"),
    [
        ("train2017/a.jpg", "annotations/instances_train2017.json", "train"),
        ("images/train/a.jpg", "annotations/instances_train.json", "train"),
        ("valid/a.jpg", "valid/_annotations.coco.json", "val"),
        ("test/images/a.jpg", "test/labels.json", "test"),
        ("a.jpg", "coco.json", None),
    ],
)
def test_images_are_found_where_exports_put_them(lay_out, image, file, split) -> None:
    root = lay_out([image, "annotations/keep.txt"])
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text(json.dumps(document({"a.jpg": [(0, [SQUARE])]})))
    (sample,) = read_dataset(root).samples
    assert sample.path == root / image
    assert sample.split == split


def test_a_category_that_is_normal_by_name_is_no_defect(lay_out) -> None:
    root = lay_out(["a.jpg"])
    (root / "coco.json").write_text(json.dumps(document({"a.jpg": [(0, [SQUARE])]}, names=("good",))))
    dataset = read_dataset(root)
    assert dataset.samples[0].defective is False
    assert dataset.classes == ()


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda content: content["images"][0].update(file_name="gone.jpg"), "gone.jpg"),
        (lambda content: content["images"][0].pop("id"), "not valid COCO"),
        (lambda content: content["annotations"][0].update(category_id=77), "77"),
        (lambda content: content["annotations"][0].update(segmentation=[["x"] * 6]), "not valid COCO"),
        (lambda content: content["categories"][0].pop("name"), "category"),
        (lambda content: content.update(images=3), "not valid COCO"),
    ],
)
def test_a_broken_file_is_refused_by_name(lay_out, spoil, word) -> None:
    root = lay_out(["a.jpg"])
    content = document({"a.jpg": [(0, [SQUARE])]})
    spoil(content)
    (root / "coco.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=word) as refusal:
        read_dataset(root)
    assert "coco.json" in str(refusal.value)


def test_a_file_that_is_cut_off_is_refused(lay_out) -> None:
    root = lay_out(["a.jpg"])
    content = json.dumps(document({"a.jpg": [(0, [SQUARE])]}))
    (root / "coco.json").write_text(content[:-5])
    with pytest.raises(DataError, match="damaged or cut off"):
        read_dataset(root / "coco.json")


@pytest.mark.parametrize(
    "mask",
    [
        PolygonMask((tuple(SQUARE),), 32, 40, "x"),
        CountsMask((32 * 40,), 32, 40, "x"),
    ],
)
def test_another_size_is_refused(mask) -> None:
    with pytest.raises(DataError, match="40×32 px but the image is 41×32"):
        mask.read(32, 41)


@pytest.mark.parametrize("counts", [(5,), (-1, 1281), (1281, -1), "~~", "o", ""])
def test_impossible_counts_are_refused(counts) -> None:
    with pytest.raises(DataError):
        CountsMask(counts, 32, 40, "the annotation").read(32, 40)


@pytest.mark.parametrize("polygon", [(), (1, 2, 3, 4), (1, 2, 3, 4, 5, 6, 7), (0, 0, 1, 1, float("nan"), 2)])
def test_an_outline_of_too_few_points_is_refused(polygon) -> None:
    with pytest.raises(DataError, match="three points"):
        fill_polygon(polygon, 10, 10)


@given(st.floats(0, 20), st.floats(0, 20), st.floats(0.5, 15), st.floats(0.5, 15))
def test_a_box_covers_the_pixels_whose_centres_it_holds(x, y, width, height) -> None:
    mask = fill_polygon((x, y, x + width, y, x + width, y + height, x, y + height), 40, 40)
    centre = np.arange(40) + 0.5
    inside_x = (centre >= x) & (centre < x + width)
    inside_y = (centre >= y) & (centre < y + height)
    wrong = mask != np.outer(inside_y, inside_x)
    # A centre that lies on the edge within rounding may fall on either side.
    edge_x = (np.abs(centre - x) < 1e-6) | (np.abs(centre - x - width) < 1e-6)
    edge_y = (np.abs(centre - y) < 1e-6) | (np.abs(centre - y - height) < 1e-6)
    assert not wrong[np.ix_(~edge_y, ~edge_x)].any()


def test_an_outline_that_leaves_the_image_is_cut_at_its_border() -> None:
    assert fill_polygon((-5, -5, 100, -5, 100, 100, -5, 100), 7, 9).all()
    assert not fill_polygon((20, 20, 30, 20, 30, 30), 7, 9).any()


def test_the_area_of_a_polygon_has_no_bias() -> None:
    turns = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    for radius in (5.0, 12.3, 30.0):
        circle = np.column_stack([40.3 + radius * np.cos(turns), 39.8 + radius * np.sin(turns)]).ravel()
        assert fill_polygon(tuple(circle), 80, 80).sum() == pytest.approx(np.pi * radius**2, rel=0.02)


@given(arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_compressed_counts_are_those_of_pycocotools(mask) -> None:
    tools = pytest.importorskip("pycocotools.mask", reason="the reference for COCO's run lengths")
    encoded = tools.encode(np.asfortranarray(mask.astype(np.uint8)))
    read = CountsMask(encoded["counts"].decode(), *mask.shape, "x").read(*mask.shape)
    np.testing.assert_array_equal(read, mask)
    assert sum(decompress_counts(encoded["counts"].decode())) == mask.size
