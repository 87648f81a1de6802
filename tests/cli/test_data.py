"""``blemish data``: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())


@pytest.fixture
def wall(tmp_path) -> Path:
    """Two images with a square as mask, the same image in both splits."""
    root = tmp_path / "벽 사진"
    mask = np.zeros((64, 96), np.uint8)
    mask[8:24, 8:24] = 255
    for split in ("train", "test"):
        save(root / split / "images/a.png", np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8))
        save(root / split / "masks/a.png", mask)
    return root


def test_check_says_what_it_found_and_warns_of_leaks_without_failing(blemish, wall) -> None:
    result = blemish("data", "check", wall)
    assert result.exit_code == 0
    for words in (
        "벽 사진: 2 images, images + masks, split into train, test",
        "Width 96 px, height 64 px; 1 size.",
        'Masks of "defect": 2 images, 4.167% of all pixels.',
        "1 group of images with the same pixels:",
        "Leak: 1 case of the same pixels in more than one split",
    ):
        assert words in result.stdout


def test_check_as_json_is_one_object(blemish, wall) -> None:
    result = blemish("data", "check", wall, "--json")
    record = json.loads(result.stdout)
    assert record["counts"] == {"defect": {"test": 1, "train": 1}}
    assert record["leaks"][0]["kind"] == "same image"


def test_class_names_are_printed_as_they_are(blemish, tmp_path) -> None:
    for label in ("[red]", "good"):
        save(tmp_path / label / "a.png", np.zeros((8, 8, 3), np.uint8))
    result = blemish("data", "check", tmp_path, "--normal", "good")
    assert "[red]" in result.stdout
    assert "good (normal)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere"], "nothing at"),
        (["check", ".", "--layout", "mvtek"], "Did you mean"),
        (["check", ".", "--normal", "gut"], "no class"),
        (["tiles", ".", "--out", "t", "--tile", "2"], "cannot be cut"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(blemish, wall, monkeypatch, arguments, words) -> None:
    monkeypatch.chdir(wall)
    result = blemish("data", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_tiles_prints_the_counts_and_its_folder_can_be_checked(blemish, wall, tmp_path) -> None:
    result = blemish("data", "tiles", wall, "--out", tmp_path / "tiles", "--tile", "32", "--label", "crack")
    assert result.exit_code == 0
    assert "12 tiles from 2 images" in result.stdout
    checked = blemish("data", "check", tmp_path / "tiles", "--json")
    assert json.loads(checked.stdout)["counts"] == {
        "crack": {"test": 1, "train": 1},
        "normal": {"test": 5, "train": 5},
    }


def test_a_part_of_metu_is_a_table_that_can_be_checked(blemish, tmp_path) -> None:
    for label in ("Positive", "Negative"):
        for number in range(5):
            save(tmp_path / "METU" / label / f"{number:05d}.jpg", np.full((8, 8, 3), 9 * number, np.uint8))
    result = blemish("data", "subset", tmp_path / "METU", "--out", tmp_path / "part.csv", "--per-class", "3")
    assert "3 Negative, 3 Positive: 6 images of 10" in result.stdout
    checked = json.loads(blemish("data", "check", tmp_path / "part.csv", "--json").stdout)
    assert checked["counts"] == {"Negative": {"no split": 3}, "Positive": {"no split": 3}}
