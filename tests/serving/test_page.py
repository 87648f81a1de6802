"""The page's files: built from their sources, small, and loading nothing from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from blemish.serving.routes.page import FOLDER

from .conftest import TestClient

SOURCES = Path(__file__).parents[2] / "page" / "src"


def test_the_script_is_built_from_the_sources_of_today():
    digest = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    first = (FOLDER / "app.js").read_text(encoding="utf-8").splitlines()[0]
    assert digest.hexdigest() in first, 'run "npm install && npm run build" in page/'


def test_the_script_is_small():
    assert len(gzip.compress((FOLDER / "app.js").read_bytes())) < 150_000


@pytest.mark.parametrize("name", ["index.html", "app.js", "style.css"])
def test_nothing_is_loaded_from_elsewhere(name: str):
    # A namespace is a name and is never fetched.
    text = (FOLDER / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text) == []


def test_no_markup_is_made_of_text():
    script = (FOLDER / "app.js").read_text(encoding="utf-8")
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert danger not in script


def test_every_word_stands_in_both_languages():
    words = (SOURCES / "words.ts").read_text(encoding="utf-8")
    entries = re.findall(r"^  (\w+): \[\s*(.+?)\],$", words, re.MULTILINE | re.DOTALL)
    assert len(entries) > 80
    for name, pair in entries:
        english, korean = re.findall(r'"([^"]*)"', pair)
        assert set(re.findall(r"\{\d\}", english)) == set(re.findall(r"\{\d\}", korean)), name


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/page/app.js", "text/javascript"), ("/page/style.css", "text/css")]
)
def test_the_files_are_served_and_asked_for_again_cheaply(client: TestClient, path: str, kind: str):
    answer = client.get(path)
    assert answer.headers["Content-Type"].startswith(kind)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["package.json", "..%2fapp.py", "%2e%2e/app.py", "index.html.bak"])
def test_other_files_are_not_served(client: TestClient, name: str):
    assert client.get(f"/page/{name}").status_code == 404
