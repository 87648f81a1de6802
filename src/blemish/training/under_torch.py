"""Methods whose scoring is no graph: trained and run under torch, without a detector file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from blemish.datasets import Dataset, read_dataset
from blemish.errors import SettingsError
from blemish.images import read_image
from blemish.methods import get_method
from blemish.methods.data.image_stream import network_inputs
from blemish.methods.parts.generative_method import GenerativeMethod
from blemish.training.images import TrainingImages
from blemish.training.pipeline import Job, fit_method
from blemish.training.recipes import resolve_settings
from blemish.training.report import FitReport


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


def train_under_torch(
    method: str,
    data: Path | str | Dataset,
    logs: Path | str,
    *,
    settings: Mapping[str, Any] | None = None,
    recipe: Path | None = None,
    profile: str = "quick",
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> TorchScorer:
    """Train a generative method and keep it in memory; see `blemish.train` for the arguments.

    Args:
        method: a generative method, whether or not its scoring can be exported.
        data: folder, table or `Dataset`; only its normal training images are used.
        logs: folder for the loss curves and ``weights.safetensors``.
        settings: values that replace those of the recipe or the defaults.
        recipe: a recipe file, or the name of a shipped one.
        profile: ``quick`` or ``paper``.
        seed: decides everything random.
        say: called with sentences for a person.

    Raises:
        SettingsError: unknown method, setting or recipe, or a method that is not generative.
        DataError: the method cannot be trained on the data set.
        BlemishError: the loss is not finite whatever the precision.
    """
    chosen = get_method(method)
    if not issubclass(chosen, GenerativeMethod):
        raise SettingsError(f'Method "{method}" is not generative; train it with blemish.train.')
    resolved = resolve_settings(chosen, recipe=recipe, profile=profile, overrides=settings or {})
    dataset = data if isinstance(data, Dataset) else read_dataset(Path(data))
    images = TrainingImages(dataset, chosen.info, seed=seed, say=say)
    fitted, report = fit_method(Job(chosen, resolved, seed, Path(logs), say=say), images)
    assert isinstance(fitted, GenerativeMethod)
    return TorchScorer(fitted, report)
