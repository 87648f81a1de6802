"""The manual is true: its site builds without a warning, its commands exist, its Python compiles, its doctests run."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from blemish.cli.app import app

from manual_pages import PAGES, ROOT, blocks, name_of

# Stands for what a reader fills in, on pages that show the form of a command.
_PLACEHOLDER = re.compile(r"\[[^\]]*\]|\.\.\.|…")


def commands(path: Path) -> Iterator[str]:
    """Every command line of blemish in the shell blocks of a page, without what surrounds it in the shell."""
    for block in blocks(path, "sh", "bash", "console"):
        for line in block.replace("\\\n", " ").splitlines():
            told = without_comment(line)
            if _PLACEHOLDER.search(told[told.find("blemish ") :]):
                continue
            for part in re.split(r"&&|\||;|\$\(", told):
                found = re.match(r"\s*(?:\$ )?(?:\w+=\S* )*(?:\.venv/bin/)?blemish (.*)", part)
                if found:
                    yield found[1].split(" >")[0].split(" 2>")[0].strip()


def script_lines() -> Iterator[tuple[str, str]]:
    """Every call of a script of the repository in the shell blocks of a page."""
    for path in PAGES:
        for block in blocks(path, "sh", "bash", "console"):
            folder = ""
            for line in block.replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|;|\|(?!\w)", without_comment(line)):
                    if part.strip().startswith("cd "):
                        folder = part.split()[1] + "/"
                    found = re.match(r"\s*(?:\w+=\S* )*(?:\.venv/bin/)?python3? (\S+\.py.*)", part)
                    if found:
                        script = found[1] if found[1].startswith(("benchmarks/", "docs/")) else folder + found[1]
                        yield name_of(path), script.split(" >")[0].strip()


def without_comment(line: str) -> str:
    """A shell line without its comment."""
    return re.sub(r"(^|\s)#.*", "", line)


EVERY_COMMAND = sorted({(name_of(path), line) for path in PAGES for line in commands(path)})


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


def inline_commands() -> Iterator[tuple[str, str]]:
    """Every command of blemish that stands within a sentence or a table, often without all that it needs."""
    for path in PAGES:
        prose = re.sub(r"^ *```.*?^ *```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for text in re.findall(r"`blemish ([a-z][^`]*)`", prose):
            yield name_of(path), " ".join(text.split())


@pytest.mark.parametrize(("page", "line"), sorted(set(inline_commands())))
def test_verbs_and_options_within_sentences_exist(page: str, line: str):
    command: Any = get_command(app)
    words = _PLACEHOLDER.sub("", line).split()
    while words and hasattr(command, "commands"):
        alternatives = words[0].split("|")
        assert set(alternatives) <= set(command.commands), f"{page}: no verb {words[0]}"
        command, words = command.commands[alternatives[0]], words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for option in re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", " ".join(words)):
        assert option in known | {"--help"}, f"{page}: {line}: no {option}"


@pytest.mark.parametrize(("page", "line"), sorted(set(script_lines())))
def test_scripts_of_the_repository_that_a_page_runs_exist_and_know_the_options(page: str, line: str):
    script, *words = line.split()
    text = (ROOT / script).read_text("utf-8")
    for word in words:
        if word.startswith("--"):
            option = word.partition("=")[0]
            assert f'"{option}"' in text, f"{page}: {script} has no {option}"


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


def anchors(page: Path) -> set[str]:
    """The anchors that code hosts and the site make of a page's headings."""
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = [re.sub(r"\]\([^)]*\)|[`*\[]", "", text) for text in re.findall(r"^#+ (.+)$", prose, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_links_to_is_there(page: Path):
    text = re.sub(r"^ *```.*?^ *```$|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(<?([^)>\s]+)>?\)", text):
        if re.match(r"\w+:", link) or "/drawn/" in f"/{link}":
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{link}: no such file"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading; there are {sorted(anchors(target))}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "yaml", "json", "toml")], ids=name_of)
def test_what_a_page_shows_of_files_can_be_read(page: Path):
    for language, read in (("yaml", yaml.safe_load), ("json", json.loads), ("toml", tomllib.loads)):
        for text in blocks(page, language):
            assert read(text)


def modules_with_examples() -> list[str]:
    source = ROOT / "src"
    return [
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(source.rglob("*.py"))
        if re.search(r"^ *>>> ", path.read_text("utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if name.startswith(("blemish.methods", "blemish.training")):
        pytest.importorskip("torch", reason="the learning side is not installed")
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_the_repository_that_a_page_names_are_there(page: Path):
    named = re.findall(r"`((?:tests|src|benchmarks|docs|recipes)/[\w./-]+)", page.read_text("utf-8"))
    # Scripts write there.
    assert [name for name in named if not (ROOT / name).exists() and "/out/" not in name] == []


@pytest.mark.slow(20)
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
    # No two pages stand under one title in the list beside every page.
    titles = re.findall(r'class="toctree-l1[^"]*"><a[^>]*>([^<]+)</a>', front)
    assert len(titles) == len(set(titles)) > 30
    for name in ("inspect", "train", "serve", "data-check"):
        page = (tmp_path / f"site/docs/drawn/commands/{name}.html").read_text("utf-8")
        assert f'id="blemish-{name}"' in page
        assert f"drawn/commands/{name}.html" in front
