"""Names of overlays: the image's own, and never one for two images."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blemish.files import write_text
from blemish.inspection.names import unique_names


@pytest.mark.parametrize(
    ("images", "names"),
    [
        ([], []),
        (["a/wall.jpg"], ["wall"]),
        (["a/wall.jpg", "b/wall.jpg"], ["a__wall.jpg", "b__wall.jpg"]),
        (["a/wall.jpg", "a/wall.png"], ["wall.jpg", "wall.png"]),
        (["a/wall.jpg", "b/WALL.jpg", "b/floor.jpg"], ["a__wall.jpg", "b__WALL.jpg", "floor"]),
        (["벽 1.jpg", "x/벽 1.jpg"], ["벽 1.jpg", "x__벽 1.jpg"]),
        (["wall.jpg", "wall.jpg"], ["wall.jpg", "wall.jpg~2"]),
    ],
)
def test_names_say_as_much_of_the_path_as_is_needed(images: list[str], names: list[str]):
    assert unique_names([Path(image) for image in images]) == names


@pytest.mark.parametrize(
    "name",
    [
        "x" * 250,
        "벽" * 80,
        "wall\n1",
        'wall "1"',
        "wall's <1>",
        "wall\t:*?|\\1",
        b"w\xe4nde \xff".decode("utf-8", "surrogateescape"),
        "wall\x1b[31m",
    ],
)
@pytest.mark.parametrize("depth", [0, 1, 6])
def test_any_name_becomes_one_that_every_file_system_takes(tmp_path: Path, name: str, depth: int):
    folders = [tmp_path.joinpath(side, *[name[:100]] * depth) for side in ("north", "south")]
    names = unique_names([folder / f"{name}.jpg" for folder in folders])
    assert len(set(names)) == 2
    for made in names:
        assert len(made.encode("utf-8")) <= 130
        assert made.isprintable()
        assert not set(made) & set('<>:"/\\|?*')
        write_text(tmp_path / f"{made}.png", "written")
        assert (tmp_path / f"{made}.png").read_text() == "written"


def test_a_shortened_name_keeps_its_end_and_does_not_depend_on_the_others():
    (alone,) = unique_names([Path("n" * 200 + " 0017.jpg")])
    assert alone.endswith("nn 0017")
    assert alone in unique_names([Path("n" * 200 + f" {number:04}.jpg") for number in range(30)])


@given(
    st.lists(st.lists(st.sampled_from(["a", "A", "b", "a__b", "a.jpg", "a?", "a:", "벽" * 70]), min_size=1, max_size=3))
)
def test_no_two_images_fraction_a_name(parts: list[list[str]]):
    names = unique_names([Path(*part[:-1], part[-1] + ".jpg") for part in parts])
    assert len({name.casefold() for name in names}) == len(parts)
    assert not any("/" in name for name in names)
