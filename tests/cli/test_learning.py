"""``blemish train auto``, ``detector add`` and ``detector merge`` as a user types them."""

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
    grown = blemish("detector", "add", "a.blemish", more, "--out", "b.blemish")
    assert "3 further normal images added" in grown.stderr
    assert Path("a.blemish").read_bytes() == before
    merged = blemish("detector", "merge", "a.blemish", "b.blemish", "--out", "both.blemish")
    assert "Wrote both.blemish" in merged.stdout
    assert len(read_container(Path("both.blemish")).spec.provenance.images) == 9
    blemish("detector", "add", "a.blemish", more)
    assert read_container(Path("a.blemish")).graph == read_container(Path("b.blemish")).graph


def test_what_cannot_grow_or_merge_is_a_sentence(blemish, darkness_file: Path, tmp_path: Path):
    more = draw_images(tmp_path / "more", 1)
    assert "no memory that could grow" in blemish("detector", "add", darkness_file, more).stderr
    assert "none.png" in blemish("detector", "add", darkness_file, tmp_path / "none.png").stderr
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


def test_a_recipe_is_trained_by_its_name(blemish, tmp_path: Path):
    images = draw_images(tmp_path / "good", 6)
    train = ("train", "medical-ganomaly", "--data", images, "--out", "x.blemish")
    assert blemish(*train, "--set", "width=4", "--set", "epochs=1", "--set", "size_px=32").exit_code == 0
    spec = read_container(Path("x.blemish")).spec
    assert spec.method == "ganomaly"
    assert spec.settings["colour"] is False


SEARCH = [
    part for each in ("size_px=32", "width=4", "epochs=1", "latent=8", "search_steps=5") for part in ("--set", each)
]


def test_a_method_without_a_graph_is_trained_and_tested_under_torch(blemish, tmp_path: Path):
    draw_images(tmp_path / "normal", 8)
    draw_images(tmp_path / "odd", 4, upright=False)
    for kind, split in (("normal", "train"), ("normal", "test"), ("odd", "test")):
        for file in sorted((tmp_path / kind).iterdir())[: 6 if split == "train" else 8]:
            target = tmp_path / "set" / split / ("good" if kind == "normal" else "odd") / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    result = blemish("train", "anogan", "--data", tmp_path / "set", "--out", "run", *SEARCH)
    assert result.exit_code == 0
    assert "Scoring 12 test images under torch." in result.stderr
    assert "auroc" in result.stdout
    lines = Path("run/scores.csv").read_text().splitlines()
    assert lines[0] == "image,defective,score"
    assert len(lines) == 13
    assert sum(line.split(",")[1] == "1" for line in lines[1:]) == 4
    assert Path("run/weights.safetensors").is_file()


def test_a_detector_file_is_refused_where_there_can_be_none(blemish, tmp_path: Path):
    images = draw_images(tmp_path / "good", 6)
    result = blemish("train", "anogan", "--data", images, "--out", "x.blemish", *SEARCH)
    assert result.exit_code == 2
    assert "is no graph, which a detector file holds: give --out a folder" in " ".join(result.stderr.split())
    assert not Path("x.blemish").exists()
    result = blemish("benchmark", "anogan", "--data", images, "--out", "bench")
    assert "gives no detector file" in result.stderr


@pytest.mark.parametrize("extra", [["--set", "size_px=64"], ["--profile", "paper"], ["--start-from", "w.safetensors"]])
def test_auto_takes_no_settings(blemish, tmp_path: Path, extra: list[str]):
    result = blemish("train", "auto", "--data", tmp_path, "--out", "x.blemish", *extra)
    assert result.exit_code == 2
    assert "chooses method and settings by itself" in result.stderr


def test_auto_prints_what_it_tried(blemish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from blemish.training import automatic

    small = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64}
    few = (
        automatic.Candidate(cost_rank=1, method="patch-gaussian", settings=small, few_rank=1),
        automatic.Candidate(cost_rank=2, method="unet", min_masks=20, few_rank=2),
    )
    monkeypatch.setattr(automatic, "all_candidates", lambda: few)
    result = blemish("train", "auto", "--data", draw_images(tmp_path / "good", 22), "--out", "x.blemish")
    assert result.exit_code == 0
    assert "| candidate | AUROC, painted" in result.stderr
    assert "needs 20 outlined defects" in result.stderr
    assert "How it was chosen" in read_container(Path("x.blemish")).card
