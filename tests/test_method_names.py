"""No method is named outside its room: other rooms choose by what a method says of itself.

Recipes, published systems and the examples of the command line's help use particular methods, and name them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

import blemish
from blemish.methods import method_names

pytestmark = pytest.mark.train

PACKAGE = Path(blemish.__file__).parent
TEXT = {".py", ".html", ".md", ".txt", ".css", ".js", ".toml", ".yaml", ".json", ".ini", ".mako"}


def files() -> list[Path]:
    named = [PACKAGE / name for name in ("methods", "recipes", "reproduction/systems", "cli/examples.py")]
    every = (path for path in sorted(PACKAGE.rglob("*")) if path.suffix in TEXT)
    return [path for path in every if not any(path.is_relative_to(folder) for folder in named)]


def test_no_method_is_named_outside_its_own_room():
    names = "|".join(sorted(map(re.escape, method_names()), key=len, reverse=True))
    whole_word = re.compile(rf"(?<![\w-])(?:{names})(?![\w-])")
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if whole_word.search(line)
    ]
    assert len(files()) > 100
    assert found == []
