"""What a fit reports, and how the model card speaks of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import blemish
from blemish.images import write_png
from blemish.synthesis.sensor_series import draw_sensor_series
from blemish.training import train_under_torch
from blemish.training.report import FitReport
from blemish.training.windows import train_series

pytestmark = pytest.mark.train

TINY = {"size_px": 32, "width": 4, "epochs": 2, "batch_size": 4}
LOSSES = ({"train_loss": 2.0, "val_loss": 0.5}, {"train_loss": 1.0, "val_loss": 0.75})


@pytest.fixture
def normal_images(tmp_path: Path) -> Path:
    for index in range(8):
        noise = np.random.default_rng(index).integers(90, 160, (32, 32, 3), dtype=np.uint8)
        write_png(tmp_path / "normal" / f"{index}.png", noise)
    return tmp_path / "normal"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (FitReport(9.0, learned="3 directions"), "3 directions"),
        (FitReport(9.0, learned="3 directions", remarks=("Mind that.",)), "3 directions Mind that."),
        (FitReport(9.0, epochs=2, losses=LOSSES, precision="32-true"), "2 epochs, kept the last, 32-true"),
        (FitReport(9.0, epochs=1, losses=LOSSES[:1], precision="32-true"), "1 epoch, kept the last, 32-true"),
        (
            FitReport(9.0, epochs=2, best_epoch=0, losses=LOSSES, precision="bf16-mixed", remarks=("Mind that.",)),
            "2 epochs, kept epoch 1 with validation loss 0.5000, bf16-mixed Mind that.",
        ),
    ],
)
def test_a_report_in_words_says_nothing_that_changes_from_run_to_run(report: FitReport, said: str):
    assert report.describe() == said


def test_a_gradient_fit_reports_every_loss_of_every_epoch(normal_images: Path, tmp_path: Path):
    report = train_under_torch("ganomaly", normal_images, tmp_path / "logs", settings=TINY).report
    assert report.epochs == 2
    assert report.best_epoch is None
    assert report.restarts == 0
    assert report.duration_s > 0
    assert [set(epoch) for epoch in report.losses] == [{"generator_loss", "discriminator_loss", "val_loss"}] * 2


def test_an_early_stopping_fit_reports_the_epoch_that_it_keeps(normal_images: Path, tmp_path: Path):
    report = train_under_torch("memae", normal_images, tmp_path / "logs", settings={**TINY, "memory_size": 8}).report
    losses = [epoch["val_loss"] for epoch in report.losses]
    assert report.best_epoch == int(np.argmin(losses))
    assert f"kept epoch {report.best_epoch + 1} with validation loss {min(losses):.4f}" in report.describe()


def test_a_card_of_images_speaks_of_images_and_one_of_series_of_windows(normal_images: Path, tmp_path: Path):
    images = blemish.train("memae", normal_images, tmp_path / "a.blemish", settings={**TINY, "memory_size": 8})
    series = draw_sensor_series(300, columns=2, seed=1)
    windows = train_series("memae", series, tmp_path / "b.blemish", settings={"width": 4, "epochs": 1}, window_steps=16)
    assert "It knows only normal images;" in images.container.card
    assert "Thresholds as trained: pixel " in images.container.card
    card = windows.container.card
    assert "It knows only normal windows of recordings;" in card
    assert "Thresholds as trained: time step " in card
    assert "image" not in card.partition("## Settings")[0].partition("\n\n- Method")[2]
    assert "of normal windows are flagged" in card
