"""What every registered method owes the rest of blemish, whoever wrote it. A new method is run by it as soon as it is
registered: its settings are made small by one rule, and one data set of marked and unmarked images serves all.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

import blemish  # noqa: E402
from blemish.datasets import read_dataset  # noqa: E402
from blemish.detectors.runtime import OnnxRuntime  # noqa: E402
from blemish.errors import DataError  # noqa: E402
from blemish.methods import GradientMethod, get_method, method_names  # noqa: E402
from blemish.training import callbacks, checkpoints, fitting, train_under_torch  # noqa: E402
from blemish.training.images import TrainingImages  # noqa: E402
from blemish.training.pipeline import Job, fit_method  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.slow]

METHODS = method_names()
EXPORTABLE = [name for name in METHODS if get_method(name).exportable]
UNDER_TORCH = [name for name in METHODS if not get_method(name).exportable]
NORMAL_ONLY = [name for name in METHODS if get_method(name).info.learns_from == "normal"]

SIDE_PX = 64
SMALL = 16
RELATIVE = 1e-4


def small_settings(name: str) -> dict[str, Any]:
    """Few epochs, and every other whole number as small as its bounds allow, down to 16; no pretrained weights."""
    fields = get_method(name).Settings.model_fields
    settings: dict[str, Any] = {"pretrained": False} if "pretrained" in fields else {}
    for key, setting in fields.items():
        smallest = 1 if key.endswith("epochs") else SMALL
        if type(setting.default) is int and setting.default > smallest:
            settings[key] = lowest_allowed(get_method(name).Settings, key, smallest)
    return settings


def lowest_allowed(settings: type[BaseModel], key: str, smallest: int) -> int:
    """The lowest whole number from ``smallest`` on that a setting takes, the others being as they are by default."""
    for value in range(smallest, settings.model_fields[key].default):
        try:
            settings.model_validate({key: value})
        except ValidationError:
            continue
        return value
    return int(settings.model_fields[key].default)


def surface(rng: np.random.Generator, *, is_marked: bool) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A tinted, grained surface and its mask; where marked, with a dark line across."""
    x = np.mgrid[:SIDE_PX, :SIDE_PX][1]
    grey = 150 + 15 * np.sin(x / 6 + rng.uniform(0, 6)) + rng.normal(0, 5, (SIDE_PX, SIDE_PX))
    image = (grey[..., None] * [0.9, 0.97, 1.0]).clip(0, 255).astype(np.uint8)
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    if is_marked:
        left, right = rng.integers(8, SIDE_PX - 8, 2).tolist()
        cv2.line(mask, (4, left), (SIDE_PX - 4, right), 255, 3)
        image[mask > 0] = 40
    return image, mask


def draw_set(folder: Path, *, normal: int = 12, marked: int = 8, split: str = "train", seed: int = 0) -> Path:
    """Images + masks; the masks of the first ``normal`` images are empty, and nothing but they says what is normal."""
    rng = np.random.default_rng(seed)
    for kind in ("images", "masks"):
        (folder / split / kind).mkdir(parents=True)
    for number in range(normal + marked):
        image, mask = surface(rng, is_marked=number >= normal)
        cv2.imwrite(str(folder / split / "images" / f"{number:02d}.png"), image)
        cv2.imwrite(str(folder / split / "masks" / f"{number:02d}.png"), mask)
    return folder


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = draw_set(tmp_path_factory.mktemp("contract") / "surfaces")
    return draw_set(folder, normal=3, marked=3, split="test", seed=1)


@pytest.fixture(scope="module")
def other_tests(surfaces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same data set with its test labels the wrong way round."""
    folder = shutil.copytree(surfaces, tmp_path_factory.mktemp("contract") / "surfaces")
    for path in (folder / "test" / "masks").iterdir():
        cv2.imwrite(str(path), 255 - cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    return folder


@pytest.fixture(scope="module")
def other_defects(other_tests: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Besides, its marked images show something else."""
    folder = shutil.copytree(other_tests, tmp_path_factory.mktemp("contract") / "surfaces")
    for number in range(12, 20):
        image = np.random.default_rng(number).integers(0, 256, (SIDE_PX, SIDE_PX, 3), np.uint8)
        cv2.imwrite(str(folder / "train" / "images" / f"{number:02d}.png"), image)
    return folder


@dataclass(frozen=True)
class Trained:
    """A detector, and the module that its graph was made of."""

    name: str
    file: Path
    detector: blemish.Detector
    module: torch.nn.Module = field(repr=False)

    @property
    def images(self) -> NDArray[np.uint8]:
        """Three images that the graph takes as they are, uint8 (3, H, W, 3): normal, marked, noise."""
        height_px, width_px = self.detector.spec.input.size_px or (SIDE_PX, SIDE_PX)
        rng = np.random.default_rng(7)
        drawn = [surface(rng, is_marked=is_marked)[0] for is_marked in (False, True)]
        drawn.append(rng.integers(0, 256, (SIDE_PX, SIDE_PX, 3), np.uint8))
        return np.stack([cv2.resize(image, (width_px, height_px)) for image in drawn])

    def by_runtime(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Scores (N,), and maps (N, H, W) or (N, K, H, W) where there are any, by the exported graph."""
        found = OnnxRuntime(self.detector.container.graph, threads=1)(images)
        return [found.scores] if found.maps is None else [found.scores, found.maps]

    def by_torch(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The same by the module."""
        with torch.inference_mode():
            outputs = self.module(torch.from_numpy(images))
        # Generative methods give their reconstructions beside score and map.
        return [value.numpy() for value in (outputs if isinstance(outputs, tuple) else (outputs,))[:2]]


@pytest.fixture(scope="module", params=EXPORTABLE)
def trained(request: pytest.FixtureRequest, surfaces: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Each method, trained small; one after the other."""
    modules: list[torch.nn.Module] = []
    export = torch.onnx.export

    def remembering(module: torch.nn.Module, *args: Any, **settings: Any) -> Any:
        modules.append(module)
        return export(module, *args, **settings)

    file = tmp_path_factory.mktemp(request.param) / "small.blemish"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.onnx, "export", remembering)
        blemish.train(request.param, surfaces, file, settings=small_settings(request.param), seed=3)
    return Trained(request.param, file, blemish.load(file), modules[-1])


def assert_alike(found: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """Equal but for `RELATIVE` of the largest value."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=RELATIVE * max(float(np.abs(expected).max()), 1e-6))


def test_a_detector_answers_with_a_score_and_with_a_map_where_it_localises(trained: Trained):
    info, spec = get_method(trained.name).info, trained.detector.spec
    assert (spec.method, spec.localises) == (trained.name, info.localises)
    image = cv2.resize(trained.images[1], (90, 75))
    score, maps = trained.detector.score(image)
    assert math.isfinite(score)
    assert (maps is not None) == info.localises
    if maps is not None:
        assert maps.dtype == np.float32
        assert maps.shape in [(75, 90), (len(spec.classes), 75, 90)]
        assert np.isfinite(maps).all()


def test_what_learns_from_normal_images_is_calibrated_and_what_learns_by_gradient_leaves_its_curves(trained: Trained):
    method = get_method(trained.name)
    if method.info.learns_from in ("normal", "few-labels"):
        assert trained.detector.spec.calibration is not None
        assert trained.detector.spec.thresholds.reject is not None
    if issubclass(method, GradientMethod):
        logs = trained.file.with_suffix(".training")
        assert "loss" in (logs / "metrics.csv").read_text().splitlines()[0]
        assert (logs / "curves.png").stat().st_size > 0


def test_the_runtime_gives_what_torch_gives(trained: Trained):
    for found, expected in zip(trained.by_runtime(trained.images), trained.by_torch(trained.images), strict=True):
        assert_alike(found, expected)


def test_an_image_gets_the_same_answer_alone_as_in_a_batch(trained: Trained):
    batch = trained.by_runtime(trained.images)
    for index, image in enumerate(trained.images):
        for alone, together in zip(trained.by_runtime(image[None]), batch, strict=True):
            assert_alike(alone[0], together[index])
        score, maps = trained.detector.score(image)
        assert_alike(np.float32(score), batch[0][index])
        if maps is not None:
            assert_alike(maps, batch[1][index])


def test_the_same_seed_gives_the_same_file_whatever_the_test_labels_and_a_normal_only_method_sees_no_defect(
    trained: Trained, other_tests: Path, other_defects: Path, tmp_path: Path
):
    data = other_defects if trained.name in NORMAL_ONLY else other_tests
    blemish.train(trained.name, data, tmp_path / "small.blemish", settings=small_settings(trained.name), seed=3)
    assert (tmp_path / "small.blemish").read_bytes() == trained.file.read_bytes()


@pytest.mark.parametrize("name", [name for name in METHODS if issubclass(get_method(name), GradientMethod)])
def test_an_interrupted_training_ends_with_the_same_weights(
    name: str, surfaces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stop_in = [-1]

    class Stop(callbacks.StopOnBadLoss):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.current_epoch == stop_in[0]:
                raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "EVERY_S", 0.0)
    monkeypatch.setattr(fitting, "StopOnBadLoss", Stop)
    method, settings = get_method(name), small_settings(name) | {"epochs": 3}
    # Fitted alone: what becomes of the weights afterwards knows nothing of an interruption.
    images = TrainingImages(read_dataset(surfaces), method, seed=3, say=lambda _: None)

    def train(folder: str) -> dict[str, torch.Tensor]:
        fit_method(Job.of(method, tmp_path / folder, settings=settings, seed=3), images)
        return load_file(tmp_path / folder / "weights.safetensors")

    whole = train("whole")
    stop_in[0] = 2
    with pytest.raises(KeyboardInterrupt, match="resumes the training after epoch 2"):
        train("interrupted")
    stop_in[0] = -1
    resumed = train("interrupted")
    assert [key for key in whole if not torch.equal(whole[key], resumed[key])] == []


@pytest.mark.parametrize("name", UNDER_TORCH)
def test_a_method_without_a_graph_keeps_the_contract_under_torch(
    name: str, surfaces: Path, other_defects: Path, tmp_path: Path
):
    settings = small_settings(name)
    scorer = train_under_torch(name, surfaces, tmp_path / "logs", settings=settings, seed=3)
    images = [surface(np.random.default_rng(seed), is_marked=seed > 1)[0] for seed in range(3)]
    scores, maps = scorer.score(images)
    assert np.isfinite(scores).all()
    assert len(maps) == 3
    for index, image in enumerate(images):
        assert_alike(scorer.score([image])[0], scores[index : index + 1])
    again = train_under_torch(name, other_defects, tmp_path / "again", settings=settings, seed=3)
    np.testing.assert_array_equal(again.score(images)[0], scores)


def no_image(folder: Path, name: str) -> None:
    """A folder with nothing but a text."""
    (folder / "notes.txt").write_text("no image")


def damaged_files(folder: Path, name: str) -> None:
    """Files that are no images, whatever their names say."""
    (folder / "good").mkdir()
    for number in range(6):
        (folder / "good" / f"{number}.png").write_bytes(b"damaged")


def nothing_to_learn(folder: Path, name: str) -> None:
    """No normal image for a method that learns from these; no defect for the others."""
    learns_from_normal = get_method(name).info.learns_from in ("normal", "few-labels")
    draw_set(folder, normal=0 if learns_from_normal else 8, marked=8 if learns_from_normal else 0)


@pytest.mark.parametrize("spoilt", [no_image, damaged_files, nothing_to_learn])
@pytest.mark.parametrize("name", METHODS)
def test_data_that_cannot_teach_is_refused_in_one_sentence(
    name: str, spoilt: Callable[[Path, str], None], tmp_path: Path
):
    (tmp_path / "data").mkdir()
    spoilt(tmp_path / "data", name)
    train = blemish.train if name in EXPORTABLE else train_under_torch
    with pytest.raises(DataError) as caught:
        train(name, tmp_path / "data", tmp_path / "out.blemish", settings=small_settings(name))
    said = str(caught.value)
    assert str(tmp_path / "data") in said
    assert said.endswith(".")
    assert "\n" not in said
    assert not (tmp_path / "out.blemish").exists()
