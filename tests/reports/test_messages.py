"""Both languages say the same, and nothing of a report stands outside the catalogue."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from blemish import reports
from blemish.findings.image_check import ADVICE_TEXTS, GROUP_TEXT
from blemish.reports.korean import KOREAN
from blemish.reports.messages import Messages

ROOM = Path(reports.__file__).parent
TEMPLATES = sorted((ROOM / "templates").glob("report*.html"))
# Names of sizes, the product, and what every language writes alike.
PLAIN = {"px", "mm", "p95", "x", "y", "blemish", "mm/px"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(("english", "korean"), KOREAN.items())
def test_a_translation_holds_the_same_values(english: str, korean: str):
    assert korean.strip()
    assert fields(english) == fields(korean)


def test_a_text_without_translation_is_an_error_in_either_language():
    for lang in ("en", "ko"):
        with pytest.raises(KeyError):
            Messages(lang)("nobody wrote this")


def texts_in_templates() -> set[str]:
    return {text for path in TEMPLATES for text in re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', path.read_text("utf-8"))}


def texts_in_code() -> set[str]:
    found = set()
    for path in [*ROOM.rglob("*.py"), ROOM.parent / "inspection/summary.py", ROOM.parent / "cli/inspect.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t":
                found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def test_every_text_that_is_said_is_in_the_catalogue():
    said = texts_in_templates() | texts_in_code()
    assert len(said) > 100
    assert said - KOREAN.keys() == set()


def test_advice_and_groups_of_checked_images_are_said_in_both_languages():
    assert {GROUP_TEXT, *ADVICE_TEXTS} - KOREAN.keys() == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_word_outside_the_catalogue(path: Path):
    page = path.read_text("utf-8")
    page = re.sub(r"<(style|script)[\s>].*?</\1>|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", page, flags=re.DOTALL)
    shown = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', page)
    text = " ".join([*shown, re.sub(r'<[^>]*>|class="\w+"', " ", page)])
    assert set(re.findall(r"[A-Za-z][\w/]*", text)) - PLAIN == set()
