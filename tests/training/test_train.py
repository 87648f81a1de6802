"""From a folder of images to a detector, as a new user would, on images small enough for seconds."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.datasets import read_dataset  # noqa: E402
from blemish.errors import BlemishError, DataError, SettingsError, WeightsError  # noqa: E402
from blemish.methods.networks.pixels import IMAGENET  # noqa: E402
from blemish.methods.registry import get_method  # noqa: E402
from blemish.training.callbacks import LossNotFiniteError  # noqa: E402
from blemish.training.fitting import fit_by_gradient  # noqa: E402
from blemish.training.log import TrainingLog  # noqa: E402
from blemish.training.splits import split_masked_images  # noqa: E402

pytestmark = pytest.mark.train

TINY = {"encoder": "plain", "epochs": 2, "crop_px": 64, "tile_px": 64, "batch_size": 4}


def draw_walls(folder: Path, *, train: int = 10, test: int = 4, normal: int = 0, size_px: int = 64) -> Path:
    """Grey walls with one dark line each, the last ``normal`` of each split without, in images + masks."""
    rng = np.random.default_rng(0)
    for split, count in (("train", train), ("test", test)):
        for kind in ("images", "masks"):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            image = rng.normal(170, 8, (size_px, size_px, 3)).clip(0, 255).astype(np.uint8)
            mask = np.zeros((size_px, size_px), np.uint8)
            if index < count - normal:
                ends = rng.integers(4, size_px - 4, 4).tolist()
                cv2.line(mask, ends[:2], ends[2:], 255, 3)
                image[mask > 0] = 30
            cv2.imwrite(str(folder / split / "images" / f"{index:03d}.png"), image)
            cv2.imwrite(str(folder / split / "masks" / f"{index:03d}.png"), mask)
    return folder


@pytest.fixture(scope="module")
def walls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_walls(tmp_path_factory.mktemp("walls with space 벽"))


@pytest.fixture(scope="module")
def trained(walls: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "wall.blemish"
    blemish.train("unet", walls, out, settings={**TINY, "epochs": 20, "learning_rate": 0.01, "patience": 20}, seed=1)
    return out


def test_a_mixture_is_drawn_by_weight_and_its_sources_stand_in_file_and_card(walls: Path, tmp_path: Path):
    recipe = tmp_path / "mixed.yaml"
    source = {"name": "walls", "path": str(walls), "weight": 2, "licence": "CC0-1.0", "attribution": "Drawn here"}
    recipe.write_text(yaml.safe_dump({"name": "mixed", "sources": [source]}), encoding="utf-8")
    detector = blemish.train("unet", recipe, tmp_path / "mixed.blemish", settings={**TINY, "epochs": 1})
    (kept,) = blemish.load(tmp_path / "mixed.blemish").spec.provenance.sources
    assert (kept.name, kept.licence, kept.n_images) == ("walls", "CC0-1.0", 10)
    assert "  - walls: 10 images, weight 2. Drawn here. CC0-1.0\n" in detector.container.card


def test_images_are_drawn_in_proportion_to_their_weights(walls: Path):
    samples = read_dataset(walls).split("train").samples
    weighted = tuple(replace(sample, weight=1.0 + 8 * (index == 3)) for index, sample in enumerate(samples))
    method = get_method("unet")
    built = method(method.Settings(**TINY), ("defect",), lambda *_: IMAGENET)
    assert built.sampling_weights(samples) is None
    chances = built.sampling_weights(weighted)
    assert chances.sum() == pytest.approx(1)
    assert chances[3] == pytest.approx(9 * chances[0])


@pytest.mark.slow
def test_the_detector_finds_lines_it_has_never_seen(trained: Path, walls: Path):
    detector = blemish.load(trained)
    overlap = union = 0
    for path in sorted((walls / "test" / "images").iterdir()):
        found = detector.inspect(path)
        truth = cv2.imread(str(walls / "test" / "masks" / path.name), cv2.IMREAD_GRAYSCALE) > 0
        assert found.verdict == "reject"
        assert found.mask is not None
        overlap += (found.mask & truth).sum()
        union += (found.mask | truth).sum()
    assert overlap / union > 0.5


@pytest.mark.slow
def test_the_detector_says_where_it_comes_from(trained: Path):
    spec = blemish.load(trained).spec
    assert spec.method == "unet"
    assert spec.settings["encoder"] == "plain"
    assert spec.provenance.seed == 1
    assert spec.provenance.n_train + spec.provenance.n_held_out == 10
    assert "held-out training images" in spec.thresholds.source
    assert "torch" in spec.provenance.libraries


@pytest.mark.slow
def test_the_training_leaves_its_curves(trained: Path):
    folder = trained.with_suffix(".training")
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["val_loss"]) for row in rows if row["val_loss"]]
    assert losses[-1] < losses[0]
    assert cv2.imread(str(folder / "curves.png")) is not None


def test_no_test_image_is_opened(walls: Path, tmp_path: Path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(walls, copy)
    for path in (copy / "test" / "images").iterdir():
        path.write_bytes(b"not an image")
    for path in (copy / "test" / "masks").iterdir():
        path.write_bytes(b"nor a mask")
    one, other = (
        blemish.train("unet", data, tmp_path / name / "wall.blemish", settings={**TINY, "epochs": 1}, seed=5)
        for data, name in ((walls, "whole"), (copy, "damaged"))
    )
    assert one.container.graph == other.container.graph
    assert one.spec.thresholds == other.spec.thresholds


def test_held_out_normal_images_give_p_values(tmp_path: Path):
    data = draw_walls(tmp_path / "mixed", train=40, normal=30)
    parts = split_masked_images(read_dataset(data), seed=0, say=lambda _: None)
    assert len(parts.calibration) >= 4
    assert all(sample.defective is False for sample in parts.calibration.samples)
    everywhere = [sample.path for part in (parts.fit, parts.held_out, parts.calibration) for sample in part.samples]
    assert len(everywhere) == len(set(everywhere)) == 40
    detector = blemish.train("unet", data, tmp_path / "wall.blemish", settings={**TINY, "epochs": 1})
    assert detector.spec.calibration is not None
    found = detector.inspect(data / "test" / "images" / "003.png")
    assert found.p_value is not None
    assert 0 < found.p_value <= 1


def test_images_that_cannot_be_read_are_left_out_and_named(walls: Path, tmp_path: Path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(walls, copy)
    (copy / "train" / "images" / "000.png").write_bytes(b"not an image")
    said: list[str] = []
    parts = split_masked_images(read_dataset(copy), seed=0, say=said.append)
    assert len(parts.fit) + len(parts.held_out) == 9
    assert any("000.png" in sentence for sentence in said)


@pytest.mark.parametrize("method", ["unet", "pca"])
def test_a_truncated_jpeg_is_left_out_and_named(tmp_path: Path, method: str):
    data = draw_walls(tmp_path / "walls", train=12, normal=6)
    whole = data / "train" / "images" / "011.png"
    cut = whole.with_suffix(".jpg")
    encoded = cv2.imencode(".jpg", cv2.imread(str(whole)))[1].tobytes()
    cut.write_bytes(encoded[: len(encoded) // 2])
    whole.unlink()
    said: list[str] = []
    settings = {**TINY, "epochs": 1} if method == "unet" else {"backbone": "scattering"}
    detector = blemish.train(method, data, tmp_path / "wall.blemish", settings=settings, say=said.append)
    [left_out] = [sentence for sentence in said if sentence.startswith("Left out")]
    assert "011.jpg" in left_out
    assert len(detector.spec.provenance.images) == (11 if method == "unet" else 5)


def test_missing_weights_of_an_automatic_network_are_said_once_and_on_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from blemish.errors import WeightsNotFoundError
    from blemish.training.backbones import Backbones

    def nowhere(*_: object) -> None:
        raise WeightsNotFoundError("nowhere")

    monkeypatch.setattr(Backbones, "load", nowhere)
    no_masks(tmp_path / "set")
    for path in (tmp_path / "set" / "good").iterdir():
        noise = np.random.default_rng(int(path.stem)).integers(90, 110, (64, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(path), noise)
    said: list[str] = []
    detector = blemish.train("pca", tmp_path / "set", tmp_path / "x.blemish", say=said.append)
    assert sum("built-in features (scattering)" in sentence for sentence in said) == 1
    assert "built-in features (scattering)" in detector.container.card


def no_masks(folder: Path) -> None:
    (folder / "good").mkdir(parents=True)
    for index in range(5):
        cv2.imwrite(str(folder / "good" / f"{index}.png"), np.full((64, 64, 3), 99, np.uint8))


def only_normal(folder: Path) -> None:
    draw_walls(folder, normal=10)


def too_few(folder: Path) -> None:
    draw_walls(folder, train=2, test=1)


def wrong_mask_size(folder: Path) -> None:
    draw_walls(folder)
    cv2.imwrite(str(folder / "train" / "masks" / "003.png"), np.zeros((32, 64), np.uint8))


def empty(folder: Path) -> None:
    folder.mkdir()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (no_masks, "no masks"),
        (only_normal, "no defect to learn from"),
        (too_few, "at least 3"),
        (wrong_mask_size, "003.png"),
        (empty, "images"),
        (lambda folder: None, "data"),
    ],
)
def test_data_that_cannot_teach_is_a_sentence_and_nothing_is_written(tmp_path: Path, prepare, said: str):
    data = tmp_path / "data"
    prepare(data)
    out = tmp_path / "out" / "wall.blemish"
    with pytest.raises(DataError, match=said) as caught:
        blemish.train("unet", data, out, settings=TINY)
    assert "\n" not in str(caught.value)
    assert not out.exists()


def test_impossible_targets_are_refused_before_any_work(walls: Path, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BlemishError, match="Cannot write"):
        blemish.train("unet", walls, tmp_path / "file" / "wall.blemish", settings=TINY)
    with pytest.raises(SettingsError, match=r"must end in \.blemish"):
        blemish.train("unet", walls, tmp_path / "wall.onnx", settings=TINY)
    (tmp_path / "dir.blemish").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        blemish.train("unet", walls, tmp_path / "dir.blemish", settings=TINY)


def test_missing_weights_stop_before_the_training(walls: Path, tmp_path: Path):
    with pytest.raises(WeightsError, match="no weights file"):
        blemish.train("unet", walls, tmp_path / "wall.blemish", weights=tmp_path / "none.safetensors")
    assert not (tmp_path / "wall.blemish").exists()


def test_a_loss_that_explodes_is_noticed_and_tried_again_in_float32(walls: Path, tmp_path: Path):
    from blemish.methods import get_method

    unet = get_method("unet")
    tried: list[int] = []

    class Exploding(unet):  # type: ignore[misc, valid-type]
        def compute_loss(self, batch):
            return super().compute_loss(batch) * float("nan")

    def build():
        tried.append(1)
        return Exploding(unet.Settings(**TINY), ("crack",), lambda *_: None)

    samples = read_dataset(walls).split("train").samples
    with pytest.raises(LossNotFiniteError, match="nan"):
        fit_by_gradient(
            build,
            samples[2:],
            samples[:2],
            seed=0,
            identity="",
            log=TrainingLog(tmp_path / "logs"),
            precision="bf16-mixed",
        )
    assert len(tried) == 2


@pytest.mark.parametrize(("precision", "kept"), [("float32", "32-true"), ("bfloat16", "bf16-mixed")])
def test_the_precision_is_as_asked_and_in_the_file(precision: str, kept: str, walls: Path, tmp_path: Path):
    detector = blemish.train("unet", walls, tmp_path / "w.blemish", settings={**TINY, "epochs": 1}, precision=precision)
    assert detector.spec.provenance.precision == kept
    assert kept in detector.container.card


def test_a_published_rule_sets_the_threshold_of_images(walls: Path, tmp_path: Path):
    how = {"settings": {**TINY, "epochs": 1}, "threshold_rule": "fixed:0.25"}
    limits = blemish.train("unet", walls, tmp_path / "w.blemish", **how).spec.thresholds
    assert limits.reject == 0.25
    assert limits.source.startswith("images: Fixed at 0.25; no guarantee. Otherwise ")
    with pytest.raises(SettingsError, match="no threshold rule"):
        blemish.train("unet", walls, tmp_path / "x.blemish", threshold_rule="median")


@pytest.mark.slow
def test_the_command_trains_in_a_process_of_its_own(walls: Path, tmp_path: Path):
    out = tmp_path / "새 wall.blemish"
    sets = [part for key, value in {**TINY, "epochs": 1}.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "blemish", "train", "unet", "--data", str(walls), "--out", str(out), *sets]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Wrote" in done.stderr
    assert blemish.load(out).inspect(walls / "test" / "images" / "000.png").verdict is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["unett"], 'Did you mean "unet"?'),
        (["unet", "--set", "epoch=3"], 'Did you mean "epochs"?'),
        (["unet", "--set", "epochs"], "--set key=value"),
        (["unet", "--profile", "fast"], "no profile"),
    ],
)
def test_a_typo_on_the_command_line_is_answered_with_exit_code_2(walls: Path, tmp_path: Path, arguments, said: str):
    from typer.testing import CliRunner

    from blemish.cli.app import app

    command = ["train", *arguments, "--data", str(walls), "--out", str(tmp_path / "x.blemish")]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())


@pytest.mark.slow
def test_a_training_goes_on_from_an_earlier_one(trained: Path, walls: Path, tmp_path: Path):
    from safetensors.torch import load_file

    weights = trained.with_suffix(".training") / "weights.safetensors"
    still = {**TINY, "epochs": 1, "learning_rate": 1e-12}
    blemish.train("unet", walls, tmp_path / "second.blemish", settings=still, start=weights)
    one, two = load_file(weights), load_file(tmp_path / "second.training" / "weights.safetensors")
    moved = [key for key in one if "running" not in key and "batches" not in key and not one[key].allclose(two[key])]
    assert moved == []


def test_weights_of_another_network_are_refused_before_the_training(walls: Path, tmp_path: Path):
    from safetensors.numpy import save_file

    save_file({"net.other": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="another architecture"):
        blemish.train("unet", walls, tmp_path / "w.blemish", settings=TINY, start=tmp_path / "other.safetensors")
