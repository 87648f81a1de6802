"""The picture page stands alone and never trusts a name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from blemish.reports.picture_page import Card, write_picture_page


def test_the_page_carries_its_pictures_and_needs_no_network(tmp_path: Path):
    picture = np.zeros((8, 8, 3), np.uint8)
    card = Card("벽 1.png", {"before": picture, "after": picture}, "reject", {"score": "0.9"})
    target = tmp_path / "new" / "index.html"
    write_picture_page(target, title="T", lead="L", paragraphs=["P"], metrics={"n": "1"}, cards=[card])
    page = target.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 2
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "http" not in page
    assert "벽 1.png" in page


def test_a_files_name_cannot_become_markup(tmp_path: Path):
    card = Card("<script>alert(1)</script>.png", {}, None, {})
    write_picture_page(tmp_path / "p.html", title="T", lead="L", paragraphs=[], metrics={}, cards=[card])
    assert "<script>" not in (tmp_path / "p.html").read_text(encoding="utf-8")
