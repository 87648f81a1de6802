"""Severstal's csv: what is written is read again by the reader of such tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from blemish.cli.app import app
from blemish.datasets import read_dataset
from blemish.detectors import Container, Detector, write_container
from blemish.errors import SettingsError
from blemish.images import write_png
from blemish.inspection import Submission
from blemish.inspection.submission import Dialect


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two images with light and dark rectangles and a grey one, in Severstal's folder."""
    folder = tmp_path / "steel" / "train_images"
    for number in range(3):
        image = np.full((30 + number, 40, 3), 128, np.uint8)
        if number < 2:
            image[2:9, 3:7] = 250
            image[20:24, number : number + 20] = 5
        write_png(folder / f"{number}.png", image)
    return folder


@pytest.mark.parametrize("dialect", ["apart", "joined"])
def test_a_submission_can_be_read_as_labels(light_and_dark: Container, images: Path, dialect: Dialect):
    detector = Detector(light_and_dark)
    submission = Submission(detector, dialect)
    answers = {path.name: detector.inspect(path) for path in sorted(images.iterdir())}
    for name, answer in answers.items():
        submission.add(name, submission.runs_of(answer))
    submission.write(images.parent / "train.csv")
    dataset = read_dataset(images.parent)
    assert dataset.classes == ("1", "2")
    assert [sample.defective for sample in dataset.samples] == [True, True, False]
    for sample in dataset.samples:
        found = answers[sample.path.name].class_masks
        assert found is not None
        np.testing.assert_array_equal(sample.read_class_masks(dataset.classes, *found.shape[1:]), found)


def test_a_detector_of_one_class_can_hand_in_too(darkness: Container, wall: np.ndarray, tmp_path: Path):
    write_png(tmp_path / "wall.png", wall)
    submission = Submission(Detector(darkness))
    submission.add("wall.png", submission.runs_of(Detector(darkness).inspect(tmp_path / "wall.png")))
    submission.write(tmp_path / "submission.csv")
    lines = (tmp_path / "submission.csv").read_text().splitlines()
    assert lines[0] == "ImageId,EncodedPixels,ClassId"
    assert lines[1].startswith("wall.png,3051 4 ")
    assert lines[1].endswith(",dark")


def test_a_detector_without_outlines_has_nothing_to_hand_in(darkness: Container):
    spec = darkness.spec.model_copy(update={"localises": False})
    with pytest.raises(SettingsError, match="trained from masks"):
        Submission(Detector(darkness).with_spec(spec))


def test_inspect_writes_it(light_and_dark: Container, images: Path, tmp_path: Path):
    write_container(tmp_path / "steel.blemish", light_and_dark)
    table = tmp_path / "submission.csv"
    options = ["--detector", str(tmp_path / "steel.blemish"), "--submission", str(table), "--no-measure"]
    result = CliRunner().invoke(app, ["inspect", str(images), *options])
    assert result.exit_code == 0, result.output
    rows = table.read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["ImageId", "0.png", "0.png", "1.png", "1.png"]
    assert f"Run lengths are in {table}." in result.output
