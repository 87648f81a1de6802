"""The demonstration, with a detector that is not trained: the page, the data and what is said."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blemish.cli.demo import demo
from blemish.datasets import read_dataset
from blemish.demo import A_FEW_SECONDS, WITHOUT_TRAINING, run_demo
from blemish.detectors import Container, Detector
from blemish.errors import MissingExtraError


@pytest.fixture
def untrained(darkness: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(method: str, data: Path, out: Path, **_: Any) -> Detector:
        detector = Detector(darkness, path=out)
        detector.save(out)
        return detector

    monkeypatch.setitem(sys.modules, "blemish.training", SimpleNamespace(train=train))
    monkeypatch.setattr("blemish.demo.find_spec", lambda name: name)


def test_the_page_shows_every_held_out_image_and_says_that_it_is_synthetic(untrained: None, tmp_path: Path):
    said: list[str] = []
    made = run_demo(tmp_path / "내 demo", plan=A_FEW_SECONDS, say=said.append)
    page = made.page.read_text(encoding="utf-8")
    assert "synthetic" in page
    assert page.count("<article") == A_FEW_SECONDS.n_test
    assert page.count("data:image/jpeg") == 2 * A_FEW_SECONDS.n_test
    assert "http" not in page
    assert made.metrics.n == A_FEW_SECONDS.n_test
    assert made.detector.is_file()


def test_what_was_drawn_is_a_data_set_that_blemish_reads(untrained: None, tmp_path: Path):
    run_demo(tmp_path, plan=A_FEW_SECONDS, say=lambda _: None)
    dataset = read_dataset(tmp_path / "data")
    assert len(dataset.split("train")) == A_FEW_SECONDS.n_train
    cracked = [sample for sample in dataset.split("test").samples if sample.read_mask(128, 128).any()]
    assert len(cracked) == A_FEW_SECONDS.n_test / 2


def test_the_same_seed_draws_the_same_images(untrained: None, tmp_path: Path):
    for name in ("a", "b"):
        run_demo(tmp_path / name, plan=A_FEW_SECONDS, seed=3, say=lambda _: None)
    image = "data/train/images/drawn-000.png"
    assert (tmp_path / "a" / image).read_bytes() == (tmp_path / "b" / image).read_bytes()


def test_training_without_the_learning_side_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blemish.demo.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'in a checkout of blemish, pip install "\.\[train\]"'):
        run_demo(tmp_path / "demo", plan=A_FEW_SECONDS)
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("on_path", [True, False])
def test_the_next_command_is_one_that_this_shell_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on_path: bool
):
    program = tmp_path / "bin" / "blemish"
    program.parent.mkdir()
    program.touch(0o755)
    made = SimpleNamespace(page=tmp_path / "index.html", images="drawn", detector="d.blemish")
    monkeypatch.setattr("blemish.demo.run_demo", lambda *_, **__: made)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", str(program.parent) if on_path else "/nowhere")
    demo(tmp_path)
    wanted = "blemish" if on_path else str(program)
    assert f"To try it: {wanted} inspect drawn --out findings" in capsys.readouterr().out


@pytest.mark.slow
def test_the_bundled_detector_finds_most_of_what_was_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blemish.demo.find_spec", lambda name: None)
    made = run_demo(tmp_path, say=lambda _: None)
    assert made.metrics.n == WITHOUT_TRAINING.n_test
    assert made.detector.name == "concrete-crack.blemish"
    record = made.metrics.to_record()
    assert record["pixel"]["f1_2px"] > 0.6
    assert record["image"]["auroc"] > 0.8
