from __future__ import annotations

from pathlib import Path

import pytest

from blemish.errors import ImageError
from blemish.images import IMAGE_SUFFIXES, list_images


@pytest.fixture
def folder(tmp_path):
    """Images, hidden files and other files, some levels deep."""
    for name in [
        "10.png",
        "2.png",
        "1.JPG",
        "b/3.tif",
        "b/deep/균열 1.jpeg",
        "a2/x.bmp",
        "a10/x.bmp",
        "notes.txt",
        "mask.csv",
        ".hidden.png",
        ".git/y.png",
        "__MACOSX/._2.png",
    ]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def _names(images, folder):
    return [str(image.relative_to(folder)) for image in images]


def test_a_folder_gives_its_images_in_natural_order(folder):
    expected = ["1.JPG", "2.png", "10.png", "a2/x.bmp", "a10/x.bmp", "b/3.tif", "b/deep/균열 1.jpeg"]
    assert _names(list_images([folder]), folder) == expected
    assert _names(list_images([str(folder)]), folder) == expected


def test_files_stand_in_the_order_given_whatever_their_suffix(folder):
    given = [folder / "notes.txt", folder / "10.png", folder / ".hidden.png", folder / "2.png"]
    assert list_images(given) == given


def test_what_is_named_twice_stands_once(folder, monkeypatch):
    monkeypatch.chdir(folder)
    images = list_images([folder / "b" / "3.tif", folder, Path("2.png"), folder / "a2" / ".." / "10.png"])
    assert images[0] == folder / "b" / "3.tif"
    assert len(images) == 7


def test_nothing_named_is_nothing_found():
    assert list_images([]) == []


def test_links_to_folders_are_followed_and_circles_end(folder):
    (folder / "b" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "c").mkdir()
    (folder / "c" / "other").symlink_to(folder / "a2", target_is_directory=True)
    assert len(list_images([folder])) == 7
    assert len(list_images([folder / "c"])) == 1


def test_a_hidden_folder_is_searched_when_it_is_named(folder):
    assert _names(list_images([folder / ".git"]), folder) == [".git/y.png"]


def test_a_missing_path_is_named(folder):
    with pytest.raises(ImageError, match=r'There is no file or folder ".*nothing here"'):
        list_images([folder, folder / "nothing here"])


def test_a_folder_without_images_says_what_would_be_one(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ImageError, match=r"no image in the folder.*\.bmp.*\.jpg.*\.png.*\.tiff") as raised:
        list_images([tmp_path])
    assert all(suffix in str(raised.value) for suffix in IMAGE_SUFFIXES)


@pytest.mark.parametrize(
    "ordered",
    [
        ["a1", "a2", "a10"],
        ["1", "01x", "1x", "x"],
        ["1a", "1b", "2", "a", "B", "c"],
        ["9 wall", "10 wall", "10 wall 2", "10 wall 10"],
        ["2024-1-9", "2024-1-10", "2024-10-1"],
    ],
)
def test_digits_sort_by_value_and_letters_without_case(tmp_path, ordered):
    for name in reversed(ordered):
        (tmp_path / f"{name}.png").write_bytes(b"x")
    assert [image.stem for image in list_images([tmp_path])] == ordered


def test_a_path_that_cannot_be_looked_at_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"Cannot look into|There is no file"):
        list_images([tmp_path / ("x" * 300)])
