"""Names of overlays: the image's own, and never one for two images."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.lists(st.lists(st.sampled_from(["a", "A", "b", "a__b", "a.jpg", "벽"]), min_size=1, max_size=3)))
def test_no_two_images_fraction_a_name(parts: list[list[str]]):
    names = unique_names([Path(*part[:-1], part[-1] + ".jpg") for part in parts])
    assert len({name.casefold() for name in names}) == len(parts)
    assert not any("/" in name for name in names)
