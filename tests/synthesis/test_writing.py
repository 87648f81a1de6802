"""Synthetic sets on disk."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import typer

from blemish.cli.synth import synth
from blemish.datasets import read_dataset
from blemish.errors import BlemishError
from blemish.synthesis import SynthesisSettings, draw_image, write_synthesis

SMALL = SynthesisSettings(surfaces={"concrete": 1.0}, distractors_mean=1, uncracked_distractors_mean=1)


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_arguments_write_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_synthesis(tmp_path / name, n=4, seed=3, size_px=48, settings=SMALL)
    write_synthesis(tmp_path / "c", n=4, seed=4, size_px=48, settings=SMALL)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert files_of(tmp_path / "a") != files_of(tmp_path / "c")


def test_what_is_written_is_read_as_a_data_set_with_its_truth(tmp_path):
    steps = []
    counts = write_synthesis(
        tmp_path / "set",
        n=10,
        seed=1,
        size_px=(64, 96),
        test_fraction=0.4,
        settings=SMALL,
        on_progress=lambda: steps.append(1),
    )
    assert len(steps) == 10
    assert (counts.train, counts.test) == (6, 4)
    dataset = read_dataset(tmp_path / "set")
    assert len(dataset.split("train")) == 6
    assert len(dataset.split("test")) == 4
    masks = {sample.path.name: sample.read_mask(64, 96) for sample in dataset.samples}
    assert sum(mask.any() for mask in masks.values()) == counts.cracked
    records = [json.loads(line) for line in (tmp_path / "set" / "truth.jsonl").read_text().splitlines()]
    assert len(records) == 10
    for record in records:
        path = tmp_path / "set" / record["file"]
        image = draw_image(record["seed"], size_px=(64, 96), cracked=bool(int(path.stem) % 2), settings=SMALL)
        assert np.array_equal(masks[path.name], image.mask)
        assert np.abs(cv2.imread(str(path))[..., ::-1].astype(int) - image.image).mean() < 6
        assert record["surface"] == image.surface
        assert record["distractors"] == list(image.distractors)
        assert len(record["cracks"]) == len(image.cracks)
        for told, crack in zip(record["cracks"], image.cracks, strict=True):
            assert len(told["points_px"]) == len(told["width_px"])
            assert np.allclose(told["points_px"][-1], crack.points[-1], atol=0.01)


@pytest.mark.parametrize(("fraction", "expected"), [(0.0, 0), (0.3, 3), (1.0, 10)])
def test_either_fraction_holds_exactly(tmp_path, fraction, expected):
    sure = SMALL.model_copy(update={"crack_width_px": (3.0, 5.0), "min_contrast": 0.0, "min_visibility": 0.0})
    counts = write_synthesis(
        tmp_path / "set", n=10, size_px=48, crack_fraction=fraction, test_fraction=fraction, settings=sure
    )
    assert counts.test == pytest.approx(expected, abs=1)
    records = [json.loads(line) for line in (tmp_path / "set" / "truth.jsonl").read_text().splitlines()]
    assert sum(bool(record["cracks"]) for record in records) <= expected


def test_an_empty_folder_is_filled_and_a_full_one_left_alone(tmp_path):
    (tmp_path / "empty").mkdir()
    write_synthesis(tmp_path / "empty", n=1, size_px=32, settings=SMALL)
    with pytest.raises(BlemishError, match="holds something already"):
        write_synthesis(tmp_path / "empty", n=1, size_px=32, settings=SMALL)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BlemishError, match="holds something already"):
        write_synthesis(tmp_path / "file", n=1, size_px=32, settings=SMALL)
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_is_left_when_drawing_stops_half_way(tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_synthesis(tmp_path / "set", n=3, size_px=32, settings=SMALL, on_progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change", [{"n": 0}, {"n": 10**7}, {"crack_fraction": 1.5}, {"test_fraction": -0.1}, {"size_px": 8}]
)
def test_impossible_orders_are_refused_and_write_nothing(tmp_path, change):
    with pytest.raises(BlemishError):
        write_synthesis(tmp_path / "set", **({"n": 1, "size_px": 32} | change))
    assert list(tmp_path.iterdir()) == []


def test_the_verb_writes_a_set_and_says_what(tmp_path):
    from typer.testing import CliRunner

    app = typer.Typer()
    app.command()(synth)
    wishes = ["-n", "4", "--size", "32", "--surface", "brick"]
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "벽 set"), *wishes])
    assert result.exit_code == 0, result.output
    assert "images of 32 px" in result.output
    records = [json.loads(line) for line in (tmp_path / "벽 set" / "truth.jsonl").read_text().splitlines()]
    assert {record["surface"] for record in records} == {"brick"}
