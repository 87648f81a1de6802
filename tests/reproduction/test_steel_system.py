"""The conference paper's system: its table from Severstal's folder, and what a wrong folder is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.errors import DataError
from blemish.reproduction import reproduce
from blemish.reproduction.systems import steel_multiclass
from blemish.reproduction.systems.steel_multiclass import SteelMulticlassSystem, _other_edge
from blemish.training.recipes import find_method, resolve_settings

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("row", "own"),
    [
        ("plain CNN", ("cnn", "union")),
        ("binary U-Net", ("plain", "union")),
        ("multi-class U-Net", ("plain", "classes")),
    ],
)
def test_the_paper_profile_is_the_published_experiment(row: str, own: tuple[str, str]):
    method, recipe = find_method("steel-multiclass")
    overrides = SteelMulticlassSystem().variants("paper", {})[row]
    settings = resolve_settings(method, recipe=recipe, profile="paper", overrides=overrides)
    assert (settings.network, settings.targets) == own
    assert (settings.loss, settings.optimizer, settings.schedule) == ("softmax", "adam", "constant")
    assert (settings.learning_rate, settings.batch_size, settings.epochs) == (1e-4, 16, 40)
    assert (settings.crop_px, settings.augment, settings.early_stopping) == ((256, 1600), False, False)


def test_a_folder_with_masks_of_one_class_is_told_what_is_missing(cracks: Path, tmp_path: Path):
    with pytest.raises(DataError, match=r"masks of 1 classes, and at least 2 are needed: there should be a train\.csv"):
        reproduce("steel-multiclass", [cracks], tmp_path / "out")


def test_labels_drawn_one_pixel_wider_are_what_another_hand_might_draw():
    truth = np.zeros((20, 20), np.bool_)
    truth[5:15, 5:15] = True
    wider, same = _other_edge(truth)
    assert wider.sum() == 144
    assert same is truth


@pytest.mark.slow
def test_severstals_own_folder_gives_the_table(steel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tiny = {"crop_px": [64, 96], "epochs": 8, "learning_rate": 0.01, "filters": [4, 8, 16], "batch_size": 4}
    monkeypatch.setattr(steel_multiclass, "_QUICK", {**steel_multiclass._QUICK, **tiny})
    rows = ["binary U-Net", "multi-class U-Net"]
    done = reproduce("steel-multiclass", [steel], tmp_path / "out", seeds=[0, 1], variants=rows)
    assert done.failures == ()
    union, classes = done.tables
    by_name = {row.name: row for row in union.rows}
    assert by_name["plain CNN"].seeds == ()
    assert by_name["multi-class U-Net"].published == {"mean IoU": 0.941}
    assert by_name["multi-class U-Net"].mean("mean IoU") > 0.6
    assert "95 % interval" in union.notes[0]
    assert "(2 seeds)" in union.notes[0]
    assert classes.columns == ("1", "3")
    assert [row.name for row in classes.rows] == ["multi-class U-Net"]
    assert by_name["binary U-Net"].test_opened == 2
