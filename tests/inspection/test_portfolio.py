"""An evaluation to look at: what is drawn is what was answered, and what has no meaning is not drawn."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.images import write_png
from blemish.inspection import evaluate

pytest.importorskip("matplotlib")

PLOTS = ["roc.png", "precision-recall.png", "histograms.png", "boxes.png", "confusion.png", "cases.png"]


def draw(root: Path, *, normal: int, cracked: int, masks: bool = True) -> Path:
    rng = np.random.default_rng(0)
    for number in range(normal + cracked):
        image = rng.integers(170, 240, (60, 80, 3), dtype=np.uint8)
        mask = np.zeros((60, 80), np.bool_)
        if number >= normal:
            mask[20:26, 10:60] = True
            image[mask] = 10 * number
        if masks:
            write_png(root / "test" / "images" / f"{number:02d}.png", image)
            write_png(root / "test" / "masks" / f"{number:02d}.png", mask)
        else:
            kind = "균열" if number >= normal else "good"
            write_png(root / "test" / kind / f"{number:02d}.png", image)
    return root


def show(detector_file: Path, root: Path, out: Path) -> list[str]:
    return evaluate(root, detector=detector_file).save(out)


@pytest.mark.parametrize("masks", [True, False], ids=["images and masks", "class folders"])
def test_metrics_answers_and_all_plots_are_written(darkness_file: Path, tmp_path: Path, masks: bool):
    written = show(darkness_file, draw(tmp_path / "사진", normal=8, cracked=7, masks=masks), tmp_path / "out")
    assert written == ["metrics.json", "images.csv", *PLOTS]
    assert all(cv2.imread(str(tmp_path / "out" / name)) is not None for name in PLOTS)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["n"] == 15
    rows = list(csv.DictReader((tmp_path / "out" / "images.csv").open(encoding="utf-8")))
    assert [row["defective"] for row in rows].count("1") == 7
    assert {row["verdict"] for row in rows} >= {"pass"}


def test_the_most_telling_images_are_kept_and_no_others(darkness_file: Path, tmp_path: Path):
    portfolio = evaluate(draw(tmp_path / "images", normal=8, cracked=9), detector=darkness_file)._portfolio
    kept = {
        kind: [one.case.caption.split("\n")[0] for one in sorted(cases, reverse=True)]
        for kind, cases in portfolio._kept.items()
    }
    # The later a cracked image, the lighter its crack.
    assert kept["defective, highest"] == ["08.png", "09.png", "10.png", "11.png", "12.png"]
    assert kept["defective, lowest"] == ["16.png", "15.png", "14.png", "13.png", "12.png"]
    assert len(kept["normal, lowest"]) == len(kept["normal, highest"]) == 5


def test_with_one_class_only_there_are_no_curves(darkness_file: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "roc.png").write_bytes(b"of an earlier evaluation")
    written = show(darkness_file, draw(tmp_path / "images", normal=3, cracked=0), tmp_path / "out")
    assert written == ["metrics.json", "images.csv", *PLOTS[2:]]
    assert not (tmp_path / "out" / "roc.png").exists()


def test_large_images_are_kept_small(darkness_file: Path, tmp_path: Path):
    for number in range(2):
        write_png(tmp_path / "big" / "test" / "good" / f"{number}.png", np.full((900, 1200, 3), 200 + number, np.uint8))
    portfolio = evaluate(tmp_path / "big", detector=darkness_file)._portfolio
    case = portfolio._kept["normal, lowest"][0].case
    assert case.image.shape == (300, 400, 3)
    assert case.anomaly_map is not None
    assert case.anomaly_map.shape == (300, 400)
