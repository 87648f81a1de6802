"""The pages of the manual and the code blocks in them, for the tests that hold them to the program."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
    if "drawn" not in path.parts and path.name != "CHANGELOG.md"
]
_BLOCK = re.compile(r"^ *```(\w+)([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, *languages: str, plain: bool = False) -> list[str]:
    """Texts of the code blocks in those languages; ``plain``: without those that have a word behind the language."""
    found = _BLOCK.findall(path.read_text("utf-8"))
    return [text for language, word, text in found if language in languages and not (plain and word.strip())]


def name_of(path: Path) -> str:
    """A page's path in the repository."""
    return path.relative_to(ROOT).as_posix()
