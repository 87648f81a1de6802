"""The stages of every training: fit, export, thresholds and calibration, model card, file.

What differs between images and windows of recordings is one object, a `TrainingData`. A method whose scoring is no
graph ends after the first stage.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from torch import nn

from blemish.calibration import ThresholdRule
from blemish.detectors import Calibration, Container, Detector, DetectorSpec, SeriesDetector, Thresholds
from blemish.errors import BlemishError, SettingsError
from blemish.files import write_bytes
from blemish.methods import FittedMethod, GradientMethod, LoadWeights, Method, MethodSettings
from blemish.methods.networks.pixels import IMAGENET, Normalisation
from blemish.reports.plots import draw_training_curves
from blemish.training.backbones import Backbones, save_weights, start_from
from blemish.training.callbacks import LossNotFiniteError, duration_in_words
from blemish.training.card import Words, model_card
from blemish.training.checkpoints import forget_checkpoint
from blemish.training.devices import Devices, check_devices
from blemish.training.fitting import fit_by_gradient, fit_in_passes
from blemish.training.lock import only_training
from blemish.training.log import TrainingLog
from blemish.training.precision import Precision, PrecisionName, precision_named
from blemish.training.recipes import resolve_settings
from blemish.training.report import FitReport
from blemish.training.thresholds import ruled

_LIBRARIES = ("blemish", "torch", "lightning", "timm", "segmentation-models-pytorch", "onnxruntime", "numpy")

D = TypeVar("D", Detector, SeriesDetector)


class TrainingData(ABC, Generic[D]):
    """What one training is fitted on, and what depends on its kind.

    Attributes:
        words: for the model card.
        fit: what the method is fitted on, as its ``examples`` take it.
        held_out: what stops the training; the same kind, may be empty.
    """

    words: ClassVar[Words]
    fit: tuple[Any, ...]
    held_out: tuple[Any, ...]

    @abstractmethod
    def digest(self) -> str:
        """Of everything about the data that decides the result of a training."""

    @abstractmethod
    def build(self, method: Any, settings: MethodSettings, load_weights: LoadWeights) -> Method:
        """The untrained method for this data."""

    @abstractmethod
    def describe(self, fitted: Method, *, seed: int) -> DetectorSpec:
        """Everything about the detector but thresholds and calibration."""

    @abstractmethod
    def export(self, graph: nn.Module, spec: DetectorSpec) -> bytes:
        """ONNX bytes of the scoring graph, verified against torch."""

    @abstractmethod
    def detector(self, container: Container, path: Path) -> D:
        """The detector in use."""

    @abstractmethod
    def thresholds(self, detector: D) -> tuple[Thresholds, Calibration | None]:
        """Chosen on held-out data."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to train and how.

    Attributes:
        method: the method's class.
        settings: resolved.
        seed: of everything random.
        log: of this training; in its folder are also loss curves, checkpoints and weights.
        weights: file with the backbone's pretrained weights; None looks in the usual places.
        start: weights of an earlier training to start from.
        precision: number format of gradient steps.
        rule: how images are decided; None: as the data's own way of choosing thresholds does.
        devices: that a method fitted by gradient is trained on.
    """

    method: type[Method]
    settings: MethodSettings
    seed: int
    log: TrainingLog
    weights: Path | None = None
    start: Path | None = None
    precision: Precision = "32-true"
    rule: ThresholdRule | None = None
    devices: int = 1

    @classmethod
    def of(
        cls,
        method: type[Method],
        folder: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        recipe: Path | None = None,
        profile: str = "quick",
        seed: int = 0,
        weights: Path | None = None,
        start: Path | None = None,
        precision: PrecisionName = "auto",
        threshold_rule: str | None = None,
        devices: int = 1,
        say: Callable[[str], None] = lambda _: None,
    ) -> Job:
        """A job from what a person gives; see `blemish.train`.

        Raises:
            SettingsError: an unknown setting, profile, recipe, precision or rule, an impossible value, or weights to
                start from for a method that has none.
        """
        resolved = resolve_settings(method, recipe=recipe, profile=profile, overrides=settings or {})
        check_devices(devices, method, resolved)
        if start is not None and issubclass(method, FittedMethod):
            raise SettingsError(
                f'Method "{method.info.name}" has no weights to start from: it is fitted anew from the images.'
            )
        rule = None if threshold_rule is None else ThresholdRule.parse(threshold_rule)
        log, number_format = TrainingLog(folder, say), precision_named(precision)
        return cls(method, resolved, seed, log, weights, start, number_format, rule, devices)

    def digest(self, data: str) -> str:
        """SHA-256 of everything that decides the result, given that of the data."""
        settings = self.settings.model_dump(mode="json")
        start = self.start and [str(self.start), self.start.stat().st_mtime_ns if self.start.exists() else 0]
        how = [self.seed, start, str(self.weights), self.precision, self.devices]
        decides = [self.method.info.name, settings, *how, library_versions(), data]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def train_to_file(job: Job, data: TrainingData[D], target: Path) -> D:
    """Run all stages and write the detector.

    Raises:
        SettingsError: the method does not fit the wish.
        DataError: it cannot be trained on the data, or another training is writing into the same folder.
        WeightsError: pretrained weights are missing or of another architecture.
        BlemishError: the loss is not finite, the graph differs from torch, or a file cannot be written.
        KeyboardInterrupt: stopped by Ctrl-C; the message says whether the training can be resumed.
    """
    with only_training(job.log.folder):
        fitted, report = fit_method(job, data)
        detector = _written(job, data, fitted, report, target)
        forget_checkpoint(job.log.folder)
    job.log.say(f"Wrote {target}: thresholds {detector.spec.thresholds.source.removesuffix('.')}.")
    return detector


def _written(job: Job, data: TrainingData[D], fitted: Method, report: FitReport, target: Path) -> D:
    """The stages after the fit."""
    spec = data.describe(fitted, seed=job.seed)
    provenance = spec.provenance.model_copy(update={"precision": report.precision})
    spec = spec.model_copy(update={"provenance": provenance})
    graph = data.export(fitted.exported_graph(), spec)
    thresholds, calibration = data.thresholds(data.detector(Container(spec, graph, card=""), target))
    if job.rule is not None:
        thresholds = ruled(job.rule, thresholds, calibration)
    spec = spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})
    card = model_card(target.stem, spec, info=fitted.info, report=report, words=data.words)
    detector = data.detector(Container(spec, graph, card), target)
    detector.save(target)
    return detector


def fit_method(job: Job, data: TrainingData[Any]) -> tuple[Method, FitReport]:
    """Fit the method; its log is left in ``job.log.folder``, with weights and loss curves if it is fitted by gradient.

    Raises:
        SettingsError, DataError, WeightsError, BlemishError, KeyboardInterrupt: as `train_to_file`.
    """
    said: set[str] = set()

    def say_once(remarks: Iterable[str]) -> None:
        for remark in remarks:
            if remark not in said:
                job.log.say(remark)
                said.add(remark)

    backbones = Backbones(job.weights, say=lambda sentence: say_once([sentence]))
    load = backbones.load if job.start is None else _no_weights

    def build() -> Any:
        built = data.build(job.method, job.settings, load)
        say_once(built.remarks())
        return built

    fitted: Method
    if issubclass(job.method, FittedMethod):
        fitted, report = fit_in_passes(build, data.fit, seed=job.seed, log=job.log)
    elif issubclass(job.method, GradientMethod):
        fitted, report = _fit_by_gradient(job, data, build)
    else:
        raise SettingsError(
            f'Method "{job.method.info.name}" must derive from GradientMethod or FittedMethod to be trained.'
        )
    say_once(report.remarks)
    job.log.say(f"Trained in {duration_in_words(report.duration_s)}: {report.outcome()}.")
    return fitted, report


def _fit_by_gradient(job: Job, data: TrainingData[Any], build: Callable[[], Any]) -> tuple[GradientMethod, FitReport]:
    def build_from_start() -> GradientMethod:
        built: GradientMethod = build()
        if job.start is not None:
            start_from(built, job.start)
        return built

    try:
        trained, report = fit_by_gradient(
            build_from_start,
            data.fit,
            data.held_out,
            seed=job.seed,
            identity=job.digest(data.digest()),
            log=job.log,
            precision=job.precision,
            devices=Devices(job.devices, partial(data.build, job.method, job.settings, _no_weights)),
        )
    except LossNotFiniteError as error:
        smaller = getattr(job.settings, "learning_rate", 1e-3) / 3
        raise BlemishError(f"{error} Try a smaller learning rate: --set learning_rate={smaller:.1g}.") from error
    save_weights(trained, job.log.folder / "weights.safetensors")
    draw_training_curves(job.log.folder / "curves.png", job.log.folder / "metrics.csv")
    return trained, report


def check_target(target: Path) -> None:
    """Find out before the training, not after, that the result cannot be written.

    Raises:
        SettingsError: the name is no detector's, or a folder's.
        BlemishError: the folder cannot be written to.
    """
    if target.suffix != ".blemish":
        raise SettingsError(
            f'The detector\'s name must end in .blemish, for example "{target.with_suffix(".blemish")}".'
        )
    if target.is_dir():
        raise SettingsError(f'"{target}" is a folder; name a file to write the detector to.')
    probe = target.with_name(f".{target.name}.probe")
    write_bytes(probe, b"")
    probe.unlink()


def library_versions() -> dict[str, str]:
    """Name and version of what a detector was made with."""
    found: dict[str, str] = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _no_weights(name: str, module: nn.Module) -> Normalisation:
    """For networks that are filled from one file, normalisation included."""
    return IMAGENET
