"""``blemish train auto``, ``detector grow`` and ``detector merge`` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.detectors import read_container

pytestmark = pytest.mark.train

SMALL = ["--set", "backbone=squeezenet1_1", "--set", "pretrained=false", "--set", "size_px=64"]


def draw_images(folder: Path, count: int, *, upright: bool = True) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    for index in range(count):
        grey = 128 + 50 * np.sin((x if upright else y) / 1.5) + rng.normal(0, 3, (64, 64))
        cv2.imwrite(str(folder / f"{index}.png"), grey.clip(0, 255).astype(np.uint8))
    return folder


def test_a_detector_grows_and_two_become_one(blemish, tmp_path: Path):
    good, more = draw_images(tmp_path / "good", 6), draw_images(tmp_path / "more", 3, upright=False)
    assert blemish("train", "patchcore", "--data", good, "--out", "a.blemish", *SMALL).exit_code == 0
    before = Path("a.blemish").read_bytes()
    grown = blemish("detector", "grow", "a.blemish", "--images", more, "--out", "b.blemish")
    assert "3 further normal images added" in grown.stdout
    assert Path("a.blemish").read_bytes() == before
    merged = blemish("detector", "merge", "a.blemish", "b.blemish", "--out", "both.blemish")
    assert "Wrote both.blemish" in merged.stdout
    assert len(read_container(Path("both.blemish")).spec.provenance.images) == 9
    blemish("detector", "grow", "a.blemish", "--images", more)
    assert read_container(Path("a.blemish")).graph == read_container(Path("b.blemish")).graph


def test_what_cannot_grow_or_merge_is_a_sentence(blemish, darkness_file: Path, tmp_path: Path):
    more = draw_images(tmp_path / "more", 1)
    assert "no memory that could grow" in blemish("detector", "grow", darkness_file, "--images", more).stderr
    assert "none.png" in blemish("detector", "grow", darkness_file, "--images", tmp_path / "none.png").stderr
    assert "two detectors" in blemish("detector", "merge", darkness_file, "--out", "x.blemish").stderr
    assert not Path("x.blemish").exists()


def test_normal_images_may_have_any_name(blemish, tmp_path: Path):
    (tmp_path / "Werk").mkdir()
    draw_images(tmp_path / "Werk" / "ganz", 8)
    draw_images(tmp_path / "Werk" / "kaputt", 4, upright=False)
    train = ("train", "patchcore", "--data", tmp_path / "Werk", "--out", "a.blemish", *SMALL)
    assert "--normal" in blemish(*train).stderr
    assert blemish(*train, "--normal", "ganz").exit_code == 0
    judged = blemish("evaluate", "--detector", "a.blemish", "--data", tmp_path / "Werk", "--normal", "ganz", "--json")
    assert json.loads(judged.stdout)["image"]["auroc"] == 1.0


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["patchcor"], "patchcore"),
        (["fast-unet", "--set", "max_zom=2"], "max_zoom"),
        (["unet", "--profile", "papr"], "paper"),
    ],
)
def test_what_is_mistyped_is_said_before_the_images_are_listed(blemish, given: list[str], meant: str):
    result = blemish("train", *given, "--data", "nowhere", "--out", "x.blemish")
    assert result.exit_code == 2
    assert f'Did you mean "{meant}"?' in result.stderr


@pytest.mark.parametrize("extra", [["--set", "size_px=64"], ["--profile", "paper"], ["--start-from", "w.safetensors"]])
def test_auto_takes_no_settings(blemish, tmp_path: Path, extra: list[str]):
    result = blemish("train", "auto", "--data", tmp_path, "--out", "x.blemish", *extra)
    assert result.exit_code == 2
    assert "chooses method and settings by itself" in result.stderr


def test_auto_prints_what_it_tried(blemish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from blemish.training import automatic

    small = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64}
    few = (
        automatic.Candidate(cost_rank=1, method="patch-gaussian", settings=small),
        automatic.Candidate(cost_rank=2, method="unet", min_masks=20),
    )
    monkeypatch.setattr(automatic, "all_candidates", lambda: few)
    result = blemish("train", "auto", "--data", draw_images(tmp_path / "good", 12), "--out", "x.blemish")
    assert result.exit_code == 0
    assert "| candidate | AUROC, painted" in result.stderr
    assert "needs 20 outlined defects" in result.stderr
    assert "How it was chosen" in read_container(Path("x.blemish")).card
