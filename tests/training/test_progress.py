"""What a training says while it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import blemish
from blemish.images import write_png
from blemish.methods.data.image_stream import ImageStream
from blemish.training import callbacks
from blemish.training.callbacks import PassProgress, duration_in_words
from blemish.training.log import TrainingLog

pytestmark = pytest.mark.train


@pytest.fixture
def normal_images(tmp_path: Path) -> Path:
    for index in range(12):
        noise = np.random.default_rng(index).integers(90, 160, (64, 64, 3), dtype=np.uint8)
        write_png(tmp_path / "normal" / f"{index:02d}.png", noise)
    return tmp_path / "normal"


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [(0.2, "0 s"), (99.4, "99 s"), (100, "2 min"), (3000, "50 min"), (3600, "1 h 0 min"), (9000, "2 h 30 min")],
)
def test_durations_are_said_as_a_person_would(duration_s: float, words: str):
    assert duration_in_words(duration_s) == words


def test_epochs_steps_and_the_time_left_are_said(normal_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(callbacks, "_SAY_EVERY_S", 0.0)
    said: list[str] = []
    settings = {"size_px": 32, "width": 4, "epochs": 2, "batch_size": 4, "memory_size": 8}
    blemish.train("memae", normal_images, tmp_path / "x.blemish", settings=settings, say=said.append)
    progress = [sentence for sentence in said if sentence.startswith("Epoch ")]
    assert progress[0].startswith("Epoch 1 of at most 2, step 1 of 3; at most ")
    [first] = [sentence for sentence in progress if sentence.startswith("Epoch 1 of at most 2: ")]
    assert "train loss " in first
    assert first.endswith(" s left.")
    assert progress[-1].startswith("Epoch 2 of at most 2: ")
    assert not progress[-1].endswith("left.")
    assert any(sentence.startswith("Trained in ") for sentence in said)


def test_passes_over_the_images_are_said_and_the_log_is_kept(
    normal_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(callbacks, "_SAY_EVERY_S", 0.0)
    said: list[str] = []
    blemish.train("pca", normal_images, tmp_path / "x.blemish", settings={"backbone": "scattering"}, say=said.append)
    assert any(sentence.startswith("2 of 10 images of this pass; ") for sentence in said)
    log = (tmp_path / "x.training" / "training.log").read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in log] == said


def test_a_stream_counts_its_images_and_a_part_of_it_its_own(normal_images: Path):
    counted: list[tuple[int, int]] = []
    stream = ImageStream(sorted(normal_images.iterdir()), on_image=lambda *at: counted.append(at))
    first = list(stream.each())
    assert counted == [(number, 12) for number in range(1, 13)]
    counted.clear()
    part = list(stream.every(5).each())
    assert counted == [(1, 3), (2, 3), (3, 3)]
    assert all(np.array_equal(one, other) for one, other in zip(part, first[::5], strict=True))


def test_nothing_is_said_of_a_pass_that_is_over_at_once(tmp_path: Path):
    said: list[str] = []
    progress = PassProgress(TrainingLog(tmp_path, said.append))
    for number in range(1, 4):
        progress(number, 3)
    assert said == []


def test_data_that_cannot_be_trained_on_leave_no_folder(tmp_path: Path):
    write_png(tmp_path / "good" / "0.png", np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(blemish.BlemishError):
        blemish.train("unet", tmp_path / "good", tmp_path / "out" / "x.blemish")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
