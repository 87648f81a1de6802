"""The manual is true: its site builds without a warning, its commands exist, its Python compiles, its doctests run."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import blemish
from blemish.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = [
    path
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
    if "drawn" not in path.parts and path.name != "CHANGELOG.md"
]
_BLOCK = re.compile(r"^ *```(\w+)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# Stands for what a reader fills in, on pages that show the form of a command.
_PLACEHOLDER = re.compile(r"\[[^\]]*\]|\.\.\.|…")


def blocks(path: Path, *languages: str) -> list[str]:
    return [text for language, text in _BLOCK.findall(path.read_text("utf-8")) if language in languages]


def commands(path: Path) -> Iterator[str]:
    """Every command line of blemish in the shell blocks of a page, without what surrounds it in the shell."""
    for block in blocks(path, "sh", "bash", "console"):
        for line in block.replace("\\\n", " ").splitlines():
            if _PLACEHOLDER.search(line):
                continue
            for part in re.split(r"&&|\||;|\$\(", without_comment(line)):
                found = re.match(r"\s*(?:\$ )?(?:\w+=\S* )*(?:\.venv/bin/)?blemish (.*)", part)
                if found:
                    yield found[1].split(" >")[0].split(" 2>")[0].strip()


def without_comment(line: str) -> str:
    """A shell line without its comment."""
    return re.sub(r"(^|\s)#.*", "", line)


EVERY_COMMAND = sorted({(path.relative_to(ROOT).as_posix(), line) for path in PAGES for line in commands(path)})


def test_the_manual_has_commands():
    assert len(EVERY_COMMAND) > 60


@pytest.mark.parametrize(("page", "line"), EVERY_COMMAND)
def test_every_command_of_the_manual_would_be_taken(page: str, line: str):
    words = shlex.split(line)
    command: Any = get_command(app)
    context = command.make_context("blemish", [], resilient_parsing=True)
    if words[0].startswith("-"):
        return
    while hasattr(command, "commands"):
        name, command = words[0], command.get_command(context, words[0])
        assert command is not None, f"{page}: no verb {name}"
        words = words[1:]
        if not words and hasattr(command, "commands"):
            return
    if "--help" not in words:
        # Reads the arguments and does nothing.
        command.make_context(line, words)


@pytest.mark.parametrize(
    "path", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_python_of_the_manual_compiles_and_what_it_imports_is_there(path: Path):
    for block in blocks(path, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "blemish":
                module = importlib.import_module(node.module)
                assert not [alias.name for alias in node.names if not hasattr(module, alias.name)]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "blemish":
                assert hasattr(blemish, node.attr), f"blemish.{node.attr}"


def test_nothing_is_installed_by_a_name_that_no_index_has():
    by_name = re.compile(r"pip install (?:-\S+ )*[\"'`]?blemish\b(?!-\S*whl)")
    texts = [*PAGES, *(path for kind in ("py", "ts", "yaml", "html", "md") for path in ROOT.glob(f"src/**/*.{kind}"))]
    texts += [*ROOT.glob("page/src/**/*.ts"), *ROOT.glob("recipes/**/*.yaml"), *ROOT.glob("benchmarks/*.py")]
    assert [path for path in texts if by_name.search(path.read_text("utf-8"))] == []


def test_an_extra_that_a_message_names_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = {
        name
        for path in [*PAGES, *ROOT.glob("src/**/*.py")]
        for pattern in (r"install_hint\([\"'](\w+)", r"pip install \"\.\[([\w,]+)\]")
        for found in re.findall(pattern, path.read_text("utf-8"))
        for name in found.split(",")
    }
    assert {"train", "serve", "pdf"} < named <= set(extras)


def modules_with_examples() -> list[str]:
    source = ROOT / "src"
    return [
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(source.rglob("*.py"))
        if re.search(r"^ *>>> ", path.read_text("utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_is_searched_without_a_network(tmp_path: Path):
    pytest.importorskip("sphinx", reason="builds the site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "-b",
        "html",
        "-c",
        "docs/site",
        "-d",
        tmp_path / "kept",
        ".",
    ]
    built = subprocess.run([*command, tmp_path / "site"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    front = (tmp_path / "site/docs/index.html").read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css|woff2?)', front)
    assert (tmp_path / "site/searchindex.js").stat().st_size > 50_000
    for name in ("inspect", "train", "serve", "data-check"):
        page = (tmp_path / f"site/docs/drawn/commands/{name}.html").read_text("utf-8")
        assert f'id="blemish-{name}"' in page
        assert f"drawn/commands/{name}.html" in front
