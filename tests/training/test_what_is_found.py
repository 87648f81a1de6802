"""Whether a trained detector's outlines are cracks or regions: by its method, or by the names of the classes."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from blemish.methods import get_method
from blemish.training.images import what_is_found

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("method", "maps", "classes", "found"),
    [
        ("crack-matting", (), ("defect",), "cracks"),
        ("crack-classifier", ("crack", "none"), ("crack", "none"), "cracks"),
        ("unet", (), ("crack",), "cracks"),
        ("unet", ("crack",), ("crack",), "cracks"),
        ("unet", (), ("defect",), "regions"),
        ("unet", (), ("crack", "pore"), "regions"),
        ("steel-multiclass", ("crack", "pore"), ("crack", "pore"), None),
        ("patchcore", (), ("crack",), "regions"),
        ("supersimplenet", (), ("crack",), "regions"),
        ("pca", (), (), "regions"),
    ],
)
def test_methods_and_class_names_decide(
    method: str, maps: tuple[str, ...], classes: tuple[str, ...], found: str | None
):
    assert what_is_found(get_method(method).info, maps, classes) == found
