"""Whether an image is defective is decided in one place, from label and mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blemish.datasets import is_defective, list_normal_images, read_dataset, with_known_normals, with_truth
from blemish.errors import DataError, ImageError

from layouts_with_masks import LAYOUTS, draw, image, mask, write

MARKED, EMPTY = mask(True) > 0, mask(False) > 0


@pytest.mark.parametrize(
    ("labelled", "drawn", "expected"),
    [
        (None, None, None),
        (None, EMPTY, False),
        (None, MARKED, True),
        (False, None, False),
        (False, EMPTY, False),
        (False, MARKED, True),
        (True, None, True),
        (True, EMPTY, True),
        (True, MARKED, True),
    ],
)
def test_an_image_is_normal_only_where_nothing_says_otherwise(labelled, drawn, expected):
    assert is_defective(labelled, drawn) is expected


def test_one_marked_pixel_is_enough():
    drawn = np.zeros((9, 9), bool)
    drawn[8, 8] = True
    assert is_defective(None, drawn) is True


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_with_masks_tells_its_marked_images(layout: str, tmp_path: Path):
    drawn = draw(layout, tmp_path / "set")
    known = with_known_normals(read_dataset(drawn.path))
    train = [sample for sample in known.samples if sample.split != "test"]
    assert len(train) == 16
    assert {sample.path.stem for sample in train if sample.defective} == drawn.marked
    assert not any(sample.defective is None for sample in train)


def test_masks_of_test_images_are_not_opened(tmp_path: Path):
    drawn = draw("images+masks, train and test above", tmp_path / "set")
    for file in (drawn.path / "test" / "masks").iterdir():
        file.write_bytes(b"damaged")
    known = with_known_normals(read_dataset(drawn.path))
    assert all(sample.defective is None for sample in known.split("test").samples)


def test_a_plain_folder_holds_normal_images(tmp_path: Path):
    for index in range(3):
        write(tmp_path / "set" / f"{index}.png", image(index))
    known = with_known_normals(read_dataset(tmp_path / "set"))
    assert [sample.defective for sample in known.samples] == [False] * 3


def test_an_image_that_cannot_be_read_is_left_to_whoever_reads_it(tmp_path: Path):
    drawn = draw("images+masks", tmp_path / "set")
    (drawn.path / "images" / "01.png").write_bytes(b"no image")
    samples = {sample.path.stem: sample for sample in read_dataset(drawn.path).samples}
    assert with_truth(samples["01"]).defective is None


def test_masks_for_the_marked_images_alone_do_not_tell_which_are_normal(tmp_path: Path):
    drawn = draw("images+masks", tmp_path / "set")
    for name in ("01", "03", "05", "07", "09", "11", "13", "15"):
        (drawn.path / "masks" / f"{name}.png").unlink()
    with pytest.raises(DataError, match=r'8 are defective, and 8 have neither.*--normal unlabelled.*"good".*empty'):
        with_known_normals(read_dataset(drawn.path))
    named = with_known_normals(read_dataset(drawn.path, normal_names=["unlabelled"]))
    assert {sample.path.stem for sample in named.samples if sample.defective} == drawn.marked
    assert not any(sample.defective is None for sample in named.samples)


def test_labels_of_the_test_images_alone_do_not_tell_which_training_images_are_normal(tmp_path: Path):
    write(tmp_path / "a.png", image(0))
    write(tmp_path / "b.png", image(1))
    (tmp_path / "manifest.csv").write_text("path,label,split\na.png,,train\nb.png,crack,test\n")
    with pytest.raises(DataError, match="does not tell which"):
        with_known_normals(read_dataset(tmp_path))


def test_defects_alone_are_refused(tmp_path: Path):
    drawn = draw("images+masks", tmp_path / "set")
    for file in (drawn.path / "masks").iterdir():
        write(file, mask(True))
    with pytest.raises(DataError, match="has no normal training images"):
        with_known_normals(read_dataset(drawn.path))


def test_a_damaged_mask_is_refused_by_its_name(tmp_path: Path):
    drawn = draw("images+masks", tmp_path / "set")
    (drawn.path / "masks" / "03.png").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"03\.png"):
        with_known_normals(read_dataset(drawn.path))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_of_a_data_set_only_normal_images_are_listed(layout: str, tmp_path: Path):
    drawn = draw(layout, tmp_path / "set")
    listed = list_normal_images([drawn.path])
    assert not {path.stem for path in listed.paths} & (drawn.marked | {"90"})
    assert len(listed.paths) >= 8
    assert "left out" in listed.notes[0]


def test_files_and_folders_without_labels_are_listed_as_they_are(tmp_path: Path):
    drawn = draw("images+masks", tmp_path / "set")
    images = drawn.path / "images"
    assert len(list_normal_images([images]).paths) == 16
    assert list_normal_images([images / "00.png"]).paths == (images / "00.png",)
    for lot in ("monday", "tuesday"):
        write(tmp_path / "lots" / lot / "0.png", image(0))
    assert len(list_normal_images([tmp_path / "lots"]).paths) == 2
    with pytest.raises(ImageError, match="no file or folder"):
        list_normal_images([tmp_path / "nowhere"])
