"""A release is one version: the package, the citation and the changelog name the same, and it stands in one place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import blemish

ROOT = Path(__file__).parents[1]


def test_the_version_is_written_once_and_read_from_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/blemish/__init__.py"


def test_the_citation_and_the_changelog_name_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == blemish.__version__
    newest = re.search(r"^## (\S+) – (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == blemish.__version__
    assert str(citation["date-released"]) == newest[2]


@pytest.mark.parametrize(
    "name", ["LICENSE", "NOTICE", "SECURITY.md", "CONTRIBUTING.md", "CITATION.cff", "CHANGELOG.md"]
)
def test_what_a_reader_looks_for_is_there(name: str):
    assert (ROOT / name).stat().st_size > 300


def test_the_sides_whose_coverage_is_counted_are_those_of_the_import_contract():
    (given,) = re.findall(r"^LEARNING := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    learning = {pattern.removeprefix("src/").removesuffix("/*").replace("/", ".") for pattern in given.split(",")}
    downwards, two_worlds = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = downwards["layers"]
    assert learning == set(layers[layers.index("blemish.demo") + 1 : layers.index("blemish.inspection")])
    assert learning.isdisjoint(two_worlds["source_modules"])
    assert {name for name in two_worlds["forbidden_modules"] if name.startswith("blemish.")} <= learning
