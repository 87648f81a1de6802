"""``blemish photos check``: a table for people, JSON for programs, and a table in the report."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.images import write_jpeg


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    field = cv2.GaussianBlur(chance.normal(size=(300, 400)).astype(np.float32), (0, 0), 4)
    grey = np.clip(np.where(field > 0, 150, 110) + chance.normal(size=field.shape), 0, 255).astype(np.uint8)
    (tmp_path / "flight").mkdir()
    write_jpeg(tmp_path / "flight" / "=1.jpg", np.dstack([grey] * 3))
    return tmp_path / "flight"


def test_people_read_a_table_and_what_to_do(blemish, folder: Path):
    shown = blemish("photos", "check", folder, "--mm-per-px", 0.3, "--width-mm", 0.2).stdout
    assert "trusted from" in shown
    assert "cannot be trusted in 1 photographs: =1.jpg" in shown
    assert "Next flight, 1 of 1: widths of 0.2 mm need pixels up to" in shown


def test_programs_read_json_alone(blemish, folder: Path):
    record = json.loads(blemish("photos", "check", folder, "--json").stdout)
    assert record["images"][0]["problems"] == ["no scale"]
    assert record["groups"][0]["unit"] == "px"
    assert "marker" in record["advice"][0]


def test_a_name_is_no_formula_in_the_table(blemish, folder: Path, tmp_path: Path):
    blemish("photos", "check", folder, "--out", tmp_path / "out", "--quiet")
    assert (tmp_path / "out" / "photos.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("'=1.jpg")
