"""Rooms that import their names when these are used say the same thrice: to type checkers, to `lazily`, and outside."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import blemish
from blemish.lazy import lazily

ROOT = Path(blemish.__file__).parent
ROOMS = sorted(
    path.parent.name for path in ROOT.glob("*/__init__.py") if "import lazily" in path.read_text(encoding="utf-8")
)


def test_there_are_some():
    assert set(ROOMS) >= {"datasets", "detectors", "inspection", "measurement"}


@pytest.mark.parametrize("name", ROOMS)
def test_what_a_room_names_is_there_and_is_what_type_checkers_see(name: str):
    tree = ast.parse((ROOT / name / "__init__.py").read_text(encoding="utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (alias.name, statement.module)
        for statement in checked.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    room = import_module(f"blemish.{name}")
    assert {each for each, _ in seen} == set(room.__all__)
    for each, module in seen:
        assert getattr(room, each) is getattr(import_module(str(module)), each)
        assert each in dir(room)
        # A module of that name would stand in its place as soon as anybody imports it.
        assert not (ROOT / name / f"{each}.py").exists()


def test_another_name_is_an_attribute_error():
    get, names = lazily("blemish.measurement", {"crack": ("Crack",)})
    assert "Crack" in names()
    with pytest.raises(AttributeError, match="no attribute 'Hole'"):
        get("Hole")
