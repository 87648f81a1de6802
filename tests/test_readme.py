"""The front pages: the Korean one keeps step with the English one, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGLISH, KOREAN = (ROOT / name for name in ("README.md", "README.ko.md"))


def structure(page: Path) -> dict[str, list[str]]:
    """All of a page that does not depend on its language."""
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    return {
        "headings": [level for level, _ in re.findall(r"^(#+) (.+)$", text, re.MULTILINE)],
        "code": re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL),
        "links": [link for link in links if link not in (ENGLISH.name, KOREAN.name)],
        "results": re.findall(r"^<!-- results: .*?^<!-- end -->$", text, re.MULTILINE | re.DOTALL),
        "points": re.findall(r"^- \*\*", text, re.MULTILINE),
        "rows": [row.count("|") for row in re.findall(r"^\|.*\|$", text, re.MULTILINE)],
        "names": sorted(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))),
    }


@pytest.mark.parametrize("part", ["headings", "code", "links", "results", "points", "rows", "names"])
def test_both_languages_say_the_same(part: str):
    assert structure(ENGLISH)[part] == structure(KOREAN)[part] != []


def test_each_names_the_other():
    assert f"({KOREAN.name})" in ENGLISH.read_text("utf-8")
    assert f"({ENGLISH.name})" in KOREAN.read_text("utf-8")


@pytest.mark.parametrize("page", [ENGLISH, KOREAN], ids=lambda page: page.name)
def test_what_a_front_page_links_to_is_there(page: Path):
    for link in structure(page)["links"]:
        assert link.startswith("http") or (ROOT / link.partition("#")[0]).exists(), link
