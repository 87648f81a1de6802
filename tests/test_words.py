"""The field's words: retired ones stay out of the code, its messages and its documentation.

CONTRIBUTING.md lists the words in use. A pattern here is a word of the private vocabulary that the product once had.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What stands in place of a word, and the pattern of the word; names and prose alike.
RETIRED = {
    "normal": r"\bsound\b(?! (as|reason))|sound_|_sound",
    "anomaly map": r"heat[ _-]?map|\bheat\b",
    "image": r"(?<![a-z])photos?_|_photos?\b(?!graph)",
    "metrics": r"\bfigures\b(?! of | \d)|_figures\b",
    "held out": r"\b[Ss]et(s|ting)? (\w+ )?aside\b|_aside\b",
    "train, fit": r"\b[Tt]each(es)?\b|\btaught\b",
    "guarantee": r"\bpromise[ds]?\b",
    "GAN step": r"\bcontest\b|\bplayers?\b",
    "memory bank": r"\bremembered (patch|image)",
    "fraction": r"_share\b|\bshare_",
    "max_…, min_…": r"\b_?(most|least)_(?!common)[a-z]|\b_?(MOST|LEAST)_",
    "downsampling": r"\bhalvings?\b",
    "aligned": r"\blaid\b(?! out)",
    "connected component": r"\b[Ss]pecks?\b",
    "gap closing": r"\bbridging\b|bridge_gaps",
    "near-duplicate": r"\btwins?\b",
    "baseline": r"\bgroundwork\b",
    "author and year": r"\b[Tt]he deck\b|\bS[1-5]\b(?!\d)",
}


def texts() -> list[Path]:
    """Every text that a person reads: code, templates, recipes."""
    kinds = {".py", ".html", ".js", ".yaml"}
    folders = (ROOT / "src", ROOT / "recipes")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in kinds)


@pytest.mark.parametrize("word", RETIRED)
def test_retired_words_stay_out_of_the_code(word: str):
    pattern = re.compile(RETIRED[word])
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, f'say "{word}":\n' + "\n".join(found[:20]) + f"\n… {len(found)} in all"


def test_every_word_is_listed_for_contributors():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [word for word in RETIRED if word not in page] == []
