"""Methods whose scoring is no graph: trained and run under torch, without a detector file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from blemish.datasets import Dataset, is_defective, read_dataset, relative_name, with_known_normals
from blemish.errors import SettingsError
from blemish.evaluation import Evaluation, Metrics
from blemish.files import replacing
from blemish.images import read_image
from blemish.methods.data.image_stream import network_inputs
from blemish.methods.parts.generative_method import GenerativeMethod
from blemish.training.checkpoints import forget_checkpoint
from blemish.training.images import TrainingImages
from blemish.training.lock import only_training
from blemish.training.pipeline import Job, fit_method
from blemish.training.precision import PrecisionName
from blemish.training.recipes import find_method
from blemish.training.report import FitReport
from blemish.training.splits import with_test_split


class Training(TypedDict, total=False):
    """How a method is trained; what is left out is as in `blemish.train`.

    Attributes:
        settings: values that replace those of the recipe or the defaults.
        recipe: a recipe file; None takes the one that the method's name stands for, if any.
        profile: ``quick`` or ``paper``.
        start: ``weights.safetensors`` of an earlier training to start from.
        precision: number format while training.
        devices: among which every batch is shared.
    """

    settings: Mapping[str, Any] | None
    recipe: Path | None
    profile: str
    start: Path | None
    precision: PrecisionName
    devices: int


class TorchScorer:
    """A generative method after its training. Higher scores are worse; there are no thresholds.

    Attributes:
        method: the trained method, in eval mode.
        report: how the fit went.
    """

    def __init__(self, method: GenerativeMethod, report: FitReport) -> None:
        self.method = method.eval()
        self.report = report

    def score(self, images: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score images of any size, all of them at once.

        Args:
            images: uint8 RGB (H, W, 3).

        Returns:
            Scores (N,) and maps (N, S, S) at the method's own size.
        """
        spec = self.method.input_spec()
        batch = torch.from_numpy(np.stack([network_inputs(image, spec)[0] for image in images]))
        with torch.no_grad():
            score, maps = self.method.score_without_padding(self.method.pixels(batch))
        return score.numpy(), maps.numpy()

    def score_files(self, paths: Sequence[Path], *, batch: int = 64) -> NDArray[np.float32]:
        """Scores (N,) of images on disk."""
        parts = [
            self.score([read_image(Path(path)) for path in paths[start : start + batch]])[0]
            for start in range(0, len(paths), batch)
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TorchTest:
    """A training under torch, and its test.

    Attributes:
        scorer: the trained method.
        scores: ``scores.csv``: image, whether it is defective (empty where unknown), score. None without test images.
        metrics: of the test images; None without any.
    """

    scorer: TorchScorer
    scores: Path | None
    metrics: Metrics | None


def train_under_torch(
    method: str,
    data: Path | str | Dataset,
    folder: Path | str,
    *,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
    **how: Unpack[Training],
) -> TorchScorer:
    """Train a generative method and keep it in memory; see `blemish.train` for the arguments.

    Args:
        method: a generative method or a recipe of one, whether or not its scoring can be exported.
        data: folder, table or `Dataset`; only its normal training images are used.
        folder: for the log, the loss curves, checkpoints and ``weights.safetensors``.
        seed: decides everything random.
        say: called with sentences for a person.
        how: see `Training`.

    Raises:
        SettingsError: unknown method, setting or recipe, or a method that is not generative.
        DataError: the method cannot be trained on the data set, or another training is writing into ``folder``.
        BlemishError: the loss is not finite whatever the precision.
        KeyboardInterrupt: stopped by Ctrl-C; the same call resumes from the last checkpoint.
    """
    chosen, named = find_method(method)
    if not issubclass(chosen, GenerativeMethod):
        raise SettingsError(f'Method "{method}" is not generative; train it with blemish.train.')
    how["recipe"] = how.get("recipe") or named
    job = Job.of(chosen, Path(folder), seed=seed, say=say, **how)
    dataset = data if isinstance(data, Dataset) else read_dataset(Path(data))
    images = TrainingImages(dataset, chosen, seed=seed, say=job.log.say)
    with only_training(job.log.folder):
        fitted, report = fit_method(job, images)
        forget_checkpoint(job.log.folder)
    assert isinstance(fitted, GenerativeMethod)
    return TorchScorer(fitted, report)


def train_and_test(
    method: str,
    data: Path | str | Dataset,
    folder: Path | str,
    *,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
    **how: Unpack[Training],
) -> TorchTest:
    """Train a method whose scoring is no graph, score the test images under torch, and write ``scores.csv``.

    Arguments, and what is raised, are those of `train_under_torch`.
    """
    if Path(folder).suffix == ".blemish":
        raise SettingsError(
            f'Scoring by "{method}" is no graph, which a detector file holds: give --out a folder, for weights and the '
            "scores of the test images."
        )
    dataset = data if isinstance(data, Dataset) else read_dataset(Path(data))
    dataset = with_test_split(with_known_normals(dataset), seed=seed, say=say)
    scorer = train_under_torch(method, dataset, folder, seed=seed, say=say, **how)
    test = dataset.split("test")
    if not test.samples:
        say(f'"{dataset.name}" has no test images to score.')
        return TorchTest(scorer, None, None)
    say(f"Scoring {len(test)} test images under torch.")
    scores = Path(folder) / "scores.csv"
    return TorchTest(scorer, scores, _tested(scorer, test, scores))


def _tested(scorer: TorchScorer, test: Dataset, target: Path) -> Metrics:
    evaluation = Evaluation()
    rows = []
    for sample in test.samples:
        image = sample.read_image()
        height_px, width_px = image.shape[:2]
        score, maps = scorer.score([image])
        truth = None if sample.masks is None else sample.read_mask(height_px, width_px)
        defective = is_defective(sample.defective, truth)
        evaluation.add(
            score=float(score[0]),
            defective=defective,
            anomaly_map=np.asarray(cv2.resize(maps[0], (width_px, height_px), interpolation=cv2.INTER_LINEAR)),
            mask_truth=truth,
            ignored=sample.read_ignored(height_px, width_px),
        )
        rows.append((relative_name(test, sample), "" if defective is None else int(defective), repr(float(score[0]))))
    with replacing(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "defective", "score"), *rows])
    return evaluation.result()
