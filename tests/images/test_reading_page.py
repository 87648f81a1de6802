"""docs/reading.md tells the truth: every ending and every limit stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from blemish.images import limits
from blemish.images.formats import KINDS
from blemish.images.header import MAX_PAGES
from blemish.images.tiff.samples import COMPRESSIONS

PAGE = (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8")
READ, NAMED = PAGE.split("## What is named and not read")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.short_name)
def test_every_ending_stands_in_the_right_table(kind):
    table = READ if kind.remedy is None else NAMED
    assert [suffix for suffix in kind.suffixes if f"`{suffix}`" not in table] == []


def test_every_limit_stands_there():
    per_byte = sorted({limits._MAX_PX_PER_BYTE, *limits._MAX_PX_PER_BYTE_OF.values()})
    for said in (
        f"{limits.MAX_MEGAPIXELS:.0f} megapixels",
        f"{limits._FREE_PX / 1e6:.0f} megapixels",
        f"more than {per_byte[0]} pixels for each byte ({per_byte[1]} in ",
        f"more than {limits._MAX_SCANS} scans",
        f"{limits._MAX_SCANNED_PX / 1e6:,.0f} megapixels over all scans",
        f"up to {MAX_PAGES:,}",
    ):
        assert said in PAGE


def test_every_compression_of_a_tiff_stands_there():
    assert all(name in PAGE for name in COMPRESSIONS.values())
