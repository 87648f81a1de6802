"""``blemish evaluate`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import Container, write_container
from blemish.images import write_png

IMAGE = ["auroc", "average_precision", "accuracy", "precision", "recall", "f1"]
PIXEL = ["auroc", "average_precision", "precision", "recall", "accuracy", "f1", "iou", "dice", "f1_2px"]


@pytest.fixture
def labelled(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    root = tmp_path / "내 data"
    for split in ("train", "test"):
        for number, image in enumerate((wall, np.full_like(wall, 200))):
            write_png(root / split / "images" / f"{number}.png", image)
            write_png(root / split / "masks" / f"{number}.png", image[..., 0] == 20)
    return root


def test_json_has_the_promised_metrics_and_all_others_apart(blemish, darkness_file: Path, labelled: Path):
    result = blemish("evaluate", "--detector", darkness_file, "--data", labelled, "--json")
    record = json.loads(result.stdout)
    assert list(record) == ["n", "image", "pixel", "more"]
    assert record["n"] == 2
    assert list(record["image"]) == IMAGE
    assert list(record["pixel"]) == PIXEL
    assert set(record["image"].values()) | set(record["pixel"].values()) == {1.0}
    assert record["more"]["image"]["fpr_at_95_tpr"] == 0.0
    assert record["more"]["image"]["confusion"]["true_positives"] == 1
    assert record["more"]["pixel"]["aupro"] == pytest.approx(1.0)
    assert record["more"]["intervals"]["image"]["auroc"]["low"] == 1.0


def test_metrics_without_a_meaning_are_null(blemish, darkness_file: Path, tmp_path: Path):
    for number in range(2):
        write_png(tmp_path / "normal" / "good" / f"{number}.png", np.full((40, 40, 3), 200 + number, np.uint8))
    result = blemish("evaluate", "--detector", darkness_file, "--data", tmp_path / "normal", "--json")
    record = json.loads(result.stdout)
    assert record["image"]["auroc"] is None
    assert record["image"]["accuracy"] == 1.0
    assert record["pixel"]["auroc"] is None
    assert "no splits" in result.stderr


def test_a_table_for_people(blemish, darkness_file: Path, labelled: Path):
    result = blemish("evaluate", "--detector", darkness_file, "--data", labelled)
    assert "f1_2px" in result.stdout
    assert "1.000" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--split", "val"], "val"),
        (["--split", "tset"], 'Did you mean "test"'),
        (["--data", "없음"], "없음"),
        (["--detector", "none.blemish"], "none.blemish"),
    ],
)
def test_bad_input_is_a_sentence(blemish, darkness_file: Path, labelled: Path, arguments: list[str], said: str):
    result = blemish("evaluate", "--detector", darkness_file, "--data", labelled, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_folder_of_plots_on_request(blemish, darkness_file: Path, labelled: Path):
    pytest.importorskip("matplotlib")
    result = blemish("evaluate", "--detector", darkness_file, "--data", labelled, "--json", "--out", "out")
    assert "plots are in out" in result.stderr
    assert json.loads(Path("out/metrics.json").read_text()) == json.loads(result.stdout)
    assert {"roc.png", "cases.png", "boxes.png", "images.csv"} <= {path.name for path in Path("out").iterdir()}


def test_classes_are_told_apart_in_the_table_and_in_the_folder(blemish, light_and_dark: Container, tmp_path: Path):
    pytest.importorskip("matplotlib")
    write_container(tmp_path / "two.blemish", light_and_dark)
    for label, grey in {"good": 128, "1": 250, "2": 5}.items():
        write_png(tmp_path / "parts" / label / "a.png", np.full((40, 40, 3), grey, np.uint8))
    result = blemish("evaluate", "--detector", tmp_path / "two.blemish", "--data", tmp_path / "parts", "--out", "out")
    assert "true class" in result.stdout
    assert "balanced accuracy" in result.stdout
    assert Path("out/class-confusion.png").exists()
    assert Path("out/images.csv").read_text().splitlines()[1].endswith("reject,1")


def test_a_class_that_the_detector_was_not_taught_is_said(blemish, light_and_dark: Container, tmp_path: Path):
    write_container(tmp_path / "two.blemish", light_and_dark)
    for label, grey in {"good": 128, "7": 5}.items():
        write_png(tmp_path / "parts" / label / "a.png", np.full((40, 40, 3), grey, np.uint8))
    result = blemish("evaluate", "--detector", tmp_path / "two.blemish", "--data", tmp_path / "parts", "--json")
    assert "does not know the class 7" in result.stderr
    assert json.loads(result.stdout)["more"]["class_confusion"]["counts"] == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
