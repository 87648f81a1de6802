"""Evaluations are counted by the contents of the images, whatever they are called; nothing depends on the counter."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from blemish.datasets import read_dataset
from blemish.images import write_png
from blemish.inspection.openings import count_opening, openings


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BLEMISH_CACHE", str(tmp_path / "cache"))
    for label in ("good", "bad"):
        write_png(tmp_path / "set" / label / "1.png", np.full((8, 8, 3), len(label), np.uint8))
    return tmp_path / "set"


def test_each_evaluation_counts_once_and_a_copy_is_the_same_set(images: Path, tmp_path: Path):
    assert openings(read_dataset(images)).count == 0
    count_opening(read_dataset(images))
    count_opening(read_dataset(images))
    shutil.copytree(images, tmp_path / "elsewhere")
    found = openings(read_dataset(tmp_path / "elsewhere"))
    assert found.count == 2
    assert found.since is not None
    write_png(images / "good" / "2.png", np.zeros((8, 8, 3), np.uint8))
    assert openings(read_dataset(images)).count == 0


def test_none_is_lost_where_many_count_at_once(images: Path):
    dataset = read_dataset(images)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: count_opening(dataset), range(80)))
    assert openings(dataset).count == 80


def test_an_evaluation_goes_on_where_nothing_can_be_remembered(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("BLEMISH_CACHE", str(tmp_path / "file" / "cache"))
    count_opening(read_dataset(images))
    assert openings(read_dataset(images)).count == 0
