"""Text of strangers: kept as it is where it is text, escaped where a terminal would obey it."""

from __future__ import annotations

import json

import pytest

from blemish.text import encodable, printable


@pytest.mark.parametrize(
    "text",
    ["", "wall", "벽 Wand 墙", "ü = u\u0308", "√½ ±0.5 µm", "emoji 👷\u200d♀️", "back\\slash 'quoted' \"twice\""],
)
def test_ordinary_text_stays_as_it_is(text: str):
    assert printable(text) == text
    assert encodable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\u001b[2J"),
        ("\x9b31m", "\\u009b31m"),
        ("\x00\x07\x08\x7f", "\\u0000\\u0007\\u0008\\u007f"),
        ("a\r\nb\tc", "a\\u000d\\u000ab\\u0009c"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066\u2069\u200f\u061c", "\\u2066\\u2069\\u200f\\u061c"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\u0085"),
        ("wall\udcff", "wall\\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped_as_in_json(text: str, shown: str):
    assert printable(text) == shown
    assert json.loads(f'"{shown}"') == text


def test_only_what_cannot_be_encoded_is_escaped_where_text_is_kept():
    assert encodable("wall\udcff\x1b\n") == "wall\\udcff\x1b\n"
    encodable("\ud800 \udfff").encode()
