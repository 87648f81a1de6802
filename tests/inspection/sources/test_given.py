"""What a person gives becomes images, each once, in the order that people expect."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from blemish.errors import ImageError
from blemish.images import list_images, write_png
from blemish.inspection import Images


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draw(*names: str) -> None:
    for number, name in enumerate(names):
        write_png(Path(name), np.full((4, 4), number, np.uint8))


def found(*given: object) -> list[tuple[str, str]]:
    """What each image is called, and its files."""
    with Images(list(given)) as images:
        return [(source.image, source.name) for source in images.sources()]


def test_a_folder_is_in_the_order_of_its_listing(here: Path):
    draw("a/2.png", "a/10.png", "a/B1.png", "a/b/1.png", "a/b.png", "a/a 3/x.png", "a/a3.png", "a/c01.png", "a/c1.PNG")
    listed = [path.relative_to("a").as_posix() for path in list_images(["a"]).images]
    assert [image for image, _ in found("a")] == listed


@pytest.mark.parametrize(
    ("given", "images"),
    [
        (["a/1.png", "b/1.png"], [("a/1.png", "a__1.png"), ("b/1.png", "b__1.png")]),
        (["b", "a"], [("b/1.png", "b__1.png"), ("a/1.png", "a__1.png")]),
        (["a", "a/1.png", "../here/a", "link"], [("a/1.png", "1")]),
        (["[ab]/1.png"], [("a/1.png", "a__1.png"), ("b/1.png", "b__1.png")]),
        (["**/1.png"], [("a/1.png", "a__1.png"), ("b/1.png", "b__1.png")]),
        (["@list.txt"], [("b/1.png", "b__1.png"), ("a/1.png", "a__1.png")]),
        (["-"], [("a/1.png", "1")]),
        (["[1].png"], [("[1].png", "[1]")]),
        ([np.zeros((4, 4, 3), np.uint8), "a"], [("image", "image"), ("1.png", "1")]),
    ],
)
def test_images_are_called_by_where_they_lie(
    here: Path, monkeypatch: pytest.MonkeyPatch, given: list, images: list[tuple[str, str]]
):
    (here / "here").mkdir()
    monkeypatch.chdir(here / "here")
    draw("a/1.png", "b/1.png", "[1].png")
    Path("link").symlink_to("a")
    Path("list.txt").write_bytes(b"\xef\xbb\xbfb/1.png\r\n\na/1.png\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a/1.png\n")))
    assert found(*given) == images


def test_folders_of_one_name_are_told_apart(here: Path):
    draw("x/cam/1.png", "y/cam/1.png")
    for path in ("x/cam/1.png", "y/cam/1.png"):
        os.utime(path, (1, 1))
    with Images(["x/cam", "y/cam"]) as images:
        assert len(images) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nowhere"], "no file or folder"),
        (["none-*.png"], "names no image"),
        (["@none.txt"], "Cannot read the list"),
        (["@empty.txt"], "names no image"),
        ([3], "not as int"),
    ],
)
def test_what_names_no_image_is_a_sentence(here: Path, given: list, said: str):
    Path("empty.txt").touch()
    with pytest.raises(ImageError, match=said):
        found(*given)


def test_files_that_are_no_files_are_each_recorded_in_a_sentence(here: Path, darkness_file: Path):
    import blemish

    draw("a/1.png")
    os.mkfifo("a/2.png")
    Path("a/3.png").symlink_to("4.png")
    Path("a/4.png").symlink_to("3.png")
    Path("a/5.png").symlink_to("nowhere.png")
    Path("a/6.png").symlink_to("/dev/zero")
    Path("a/up").symlink_to("..")
    Path("list.txt").write_text("a/1.png\ngone.png\n")
    summary = blemish.inspect(["a", "@list.txt"], detector=darkness_file, out="out")
    errors = {finding.image: finding.error for finding in summary.findings}
    assert {name for name, error in errors.items() if error is None} == {"a/1.png" if "a/1.png" in errors else "1.png"}
    assert len(errors) == 7
    assert all(error.endswith(".") for error in errors.values() if error)
    assert "not a regular file" in errors["2.png"]
    assert "not a regular file" in errors["6.png"]
    assert all("leads to no file" in errors[name] for name in ("3.png", "4.png", "5.png"))
    assert "There is no file" in errors["gone.png"]
