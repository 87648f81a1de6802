"""The inpainting paper's system: its tables from a tiny training, and what a wrong folder is told."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from blemish.detectors import load
from blemish.errors import DataError
from blemish.reproduction import reproduce
from blemish.reproduction.systems import kim_2020
from blemish.reproduction.systems.kim_2020 import Kim2020
from blemish.training.recipes import find_method, resolve_settings

pytestmark = pytest.mark.train


def test_the_published_tables_are_those_of_the_paper():
    assert kim_2020._TABLE_4[0.1] == (0.9104, 0.7571, 0.9878, 0.8267)
    assert list(kim_2020._TABLE_4) == [0.01, 0.05, 0.1, 0.11, 0.15]
    assert kim_2020._TABLE_5[0.4] == (0.949, 0.875, 0.993, 0.91)
    assert list(kim_2020._TABLE_5) == [0.1, 0.4, 0.75, 0.9]


def test_the_paper_profile_composes_tiles_of_512_px_as_published():
    method, recipe = find_method("crack-inpainting")
    overrides = Kim2020().variants("paper", {})["inpainting"]
    settings = resolve_settings(method, recipe=recipe, profile="paper", overrides=overrides)
    assert (settings.crop_px, settings.augment) == (512, False)
    method, recipe = find_method("unet")
    overrides = Kim2020().variants("paper", {})["supervised U-Net"]
    settings = resolve_settings(method, recipe=recipe, profile="paper", overrides=overrides)
    assert (settings.crop_px, settings.encoder, settings.dice_weight) == (512, "plain", 0.0)


def test_of_a_folder_without_masks_only_the_normal_images_are_taken(cracks: Path, surfaces: Path):
    found = Kim2020().read([surfaces, cracks])
    assert found["labelled"].root == cracks
    assert len(found["normal surface 1"]) == 6


@pytest.mark.parametrize("names", [[], ["surfaces"], ["cracks", "cracks"]])
def test_one_folder_with_masks_is_needed(names: list[str], cracks: Path, surfaces: Path, tmp_path: Path):
    folders = [{"cracks": cracks, "surfaces": surfaces}[name] for name in names]
    count = names.count("cracks")
    with pytest.raises(DataError, match=rf"one folder of images with masks of their cracks, and there are {count}"):
        reproduce("kim-2020", folders, tmp_path / "out")


@pytest.mark.slow
def test_a_tiny_reproduction_has_every_table_and_picture(
    cracks: Path, surfaces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tiny = {"crop_px": 64, "epochs": 3, "patience": 3, "learning_rate": 0.01, "batch_size": 4}
    monkeypatch.setattr(kim_2020, "_QUICK", tiny)
    done = reproduce("kim-2020", [cracks, surfaces], tmp_path / "out", seeds=[0])
    assert done.failures == ()
    assert [len(table.rows) for table in done.tables] == [5, 5, 4, 5]
    after, before, supervised, _ = done.tables
    assert after.rows[2].published["F1"] == 0.8267
    assert supervised.rows[1].published["F1"] == 0.91
    for row, raw in zip(after.rows, before.rows, strict=True):
        # Removing components can only lower the recall.
        assert row.mean("recall") <= raw.mean("recall")
    (record,) = done.results.of("inpainting")
    # The labelled images and the six normal ones, without those that are held out.
    assert record.measured["n_train"] == 16
    assert record.test_opened == 1
    cleaned = load(done.results.folder(record) / "cleaned.blemish").spec.thresholds
    assert (cleaned.pixel, cleaned.window_px) == (record.measured["best_threshold"], record.measured["window_px"])
    page = done.page.read_text()
    assert page.count("data:image/png") == 5
    assert "published 0.8267" in page
