"""An evaluation to look at: what is drawn is what was answered, and what has no meaning is not drawn."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.datasets import read_dataset
from blemish.detectors import Thresholds, load
from blemish.evaluation import Evaluation, Figures
from blemish.images import write_png
from blemish.inspection import Portfolio, choose_split, evaluate_each

pytest.importorskip("matplotlib")

PLOTS = ["roc.png", "precision-recall.png", "histograms.png", "boxes.png", "confusion.png", "cases.png"]


def draw(root: Path, *, sound: int, cracked: int, masks: bool = True) -> Path:
    rng = np.random.default_rng(0)
    for number in range(sound + cracked):
        photo = rng.integers(170, 240, (60, 80, 3), dtype=np.uint8)
        mask = np.zeros((60, 80), np.bool_)
        if number >= sound:
            mask[20:26, 10:60] = True
            photo[mask] = 10 * number
        if masks:
            write_png(root / "test" / "images" / f"{number:02d}.png", photo)
            write_png(root / "test" / "masks" / f"{number:02d}.png", mask)
        else:
            kind = "균열" if number >= sound else "good"
            write_png(root / "test" / kind / f"{number:02d}.png", photo)
    return root


def gather(detector_file: Path, root: Path) -> tuple[Portfolio, Figures, Thresholds]:
    detector = load(detector_file)
    evaluation, portfolio = Evaluation(reject=detector.spec.thresholds.reject), Portfolio()
    for answer in evaluate_each(detector, choose_split(read_dataset(root), "test"), evaluation):
        portfolio.add(answer)
    return portfolio, evaluation.result(), detector.spec.thresholds


def show(detector_file: Path, root: Path, out: Path) -> list[str]:
    portfolio, figures, thresholds = gather(detector_file, root)
    return portfolio.write(out, figures, thresholds)


@pytest.mark.parametrize("masks", [True, False], ids=["images and masks", "class folders"])
def test_figures_answers_and_all_plots_are_written(darkness_file: Path, tmp_path: Path, masks: bool):
    written = show(darkness_file, draw(tmp_path / "사진", sound=8, cracked=7, masks=masks), tmp_path / "out")
    assert written == ["figures.json", "photos.csv", *PLOTS]
    assert all(cv2.imread(str(tmp_path / "out" / name)) is not None for name in PLOTS)
    assert json.loads((tmp_path / "out" / "figures.json").read_text())["n"] == 15
    rows = list(csv.DictReader((tmp_path / "out" / "photos.csv").open(encoding="utf-8")))
    assert [row["defective"] for row in rows].count("1") == 7
    assert {row["verdict"] for row in rows} >= {"pass"}


def test_the_most_telling_photos_are_kept_and_no_others(darkness_file: Path, tmp_path: Path):
    portfolio, *_ = gather(darkness_file, draw(tmp_path / "photos", sound=8, cracked=9))
    kept = {
        kind: [one.case.caption.split("\n")[0] for one in sorted(cases, reverse=True)]
        for kind, cases in portfolio._kept.items()
    }
    # The later a cracked photo, the lighter its crack.
    assert kept["defective, highest"] == ["08.png", "09.png", "10.png", "11.png", "12.png"]
    assert kept["defective, lowest"] == ["16.png", "15.png", "14.png", "13.png", "12.png"]
    assert len(kept["sound, lowest"]) == len(kept["sound, highest"]) == 5


def test_with_one_class_only_there_are_no_curves(darkness_file: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "roc.png").write_bytes(b"of an earlier evaluation")
    written = show(darkness_file, draw(tmp_path / "photos", sound=3, cracked=0), tmp_path / "out")
    assert written == ["figures.json", "photos.csv", *PLOTS[2:]]
    assert not (tmp_path / "out" / "roc.png").exists()


def test_large_photos_are_kept_small(darkness_file: Path, tmp_path: Path):
    for number in range(2):
        write_png(tmp_path / "big" / "test" / "good" / f"{number}.png", np.full((900, 1200, 3), 200 + number, np.uint8))
    portfolio, *_ = gather(darkness_file, tmp_path / "big")
    case = portfolio._kept["sound, lowest"][0].case
    assert case.image.shape == (300, 400, 3)
    assert case.heat_map is not None
    assert case.heat_map.shape == (300, 400)
