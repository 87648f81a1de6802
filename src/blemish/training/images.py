"""Images as training data: split by what a method learns from, exported as a graph of images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from blemish.datasets import Dataset, Sample, fingerprint, image_digests
from blemish.datasets.survey import depth_warning
from blemish.datasets.white_masks import white_mask_warnings
from blemish.detectors import Calibration, Container, Detector, DetectorSpec, Provenance, Thresholds
from blemish.detectors.schema import Finds, is_called_crack
from blemish.methods import LoadWeights, Method, MethodInfo, MethodSettings
from blemish.text import counted
from blemish.training.card import Words
from blemish.training.export import export_graph
from blemish.training.pipeline import Job, TrainingData, library_versions, train_to_file
from blemish.training.splits import (
    Say,
    TrainingSplit,
    fit_on_all_normal_images,
    split_few_labels,
    split_labelled_images,
    split_masked_images,
    split_normal_images,
    with_calibration_apart,
)
from blemish.training.thresholds import calibrate, choose_normal_thresholds, choose_thresholds

_SPLITS = {
    "masks": split_masked_images,
    "labels": split_labelled_images,
    "normal": split_normal_images,
    "few-labels": split_few_labels,
}
_WORDS = Words(
    items="images",
    place="pixel",
    limits="Images of another scale, lighting or material than the training images need a test of their own before\n"
    "this detector is trusted.",
)


class TrainingImages(TrainingData[Detector]):
    """The images of a data set, split for one method.

    Args:
        dataset: only its training split is used.
        method: what is trained.
        seed: of the split.
        say: called with sentences for a person.
        hold_out: False fits on all normal images.

    Raises:
        DataError: the method cannot be trained on them.
    """

    words = _WORDS

    def __init__(self, dataset: Dataset, method: type[Method], *, seed: int, say: Say, hold_out: bool = True) -> None:
        info = method.info
        say(f"{dataset.name}: {dataset.layout}, {counted(len(dataset), 'image')}.")
        for note in dataset.notes:
            say(note)
        if (warning := depth_warning(dataset.samples)) is not None:
            say(warning)
        self._dataset = dataset
        # A method that has seen no defect, or few, cannot name one.
        self._knows_defects = _knows_defects(info)
        split = _SPLITS[info.learns_from] if hold_out else fit_on_all_normal_images
        self._split: TrainingSplit = split(dataset, seed=seed, say=say)
        self._stops_early = method.stops_early
        if hold_out and not self._knows_defects and self._stops_early:
            self._split = with_calibration_apart(self._split, seed=seed)
        self.fit, self.held_out = self._split.fit.samples, self._split.held_out.samples
        if info.learns_from in ("masks", "few-labels"):
            for warning in white_mask_warnings(self.fit + self.held_out):
                say(warning)
        say(
            f"{counted(len(self.fit), 'training image')}, {len(self.held_out)} held out for stopping and thresholds, "
            f"{len(self._split.calibration)} for calibration."
        )

    def digest(self) -> str:
        """Of the samples, and of size and time of their files."""
        facts = [[repr(sample), [_state(file) for file in _files(sample)]] for sample in self.fit + self.held_out]
        return hashlib.sha256(json.dumps([facts, self._dataset.classes]).encode()).hexdigest()

    def build(self, method: Any, settings: MethodSettings, load_weights: LoadWeights) -> Method:
        """A method for the classes of these images."""
        built: Method = method(settings, self._dataset.classes, load_weights)
        return built

    def describe(self, fitted: Method, *, seed: int) -> DetectorSpec:
        """Method, input, classes and provenance."""
        parts = (self._split.fit, self._split.held_out, self._split.calibration)
        return DetectorSpec(
            method=fitted.info.name,
            settings=fitted.settings.model_dump(mode="json"),
            input=fitted.input_spec().model_copy(update={"bit_range": self._dataset.options.bit_range}),
            localises=fitted.info.localises,
            classes=fitted.classes,
            exclusive_classes=fitted.exclusive_classes,
            finds=what_is_found(fitted.info, fitted.classes, self._dataset.classes),
            provenance=Provenance(
                data=self._dataset.name,
                fingerprint=fingerprint(self._split.fit),
                seed=seed,
                n_train=len(self.fit),
                n_held_out=len(self.held_out),
                sources=self._dataset.sources,
                images=tuple(sorted({digest for part in parts for digest in image_digests(part)})),
                libraries=library_versions(),
            ),
        )

    def export(self, graph: nn.Module, spec: DetectorSpec) -> bytes:
        """ONNX bytes of a graph of images."""
        return export_graph(graph, spec.input)

    def detector(self, container: Container, path: Path) -> Detector:
        """A detector of images."""
        return Detector(container, path=path)

    def thresholds(self, detector: Detector) -> tuple[Thresholds, Calibration | None]:
        """By best F1 where defects are known; from normal images with a guarantee otherwise."""
        if self._knows_defects:
            held_out, calibration = self._split.held_out, self._split.calibration
            return choose_thresholds(detector, held_out), calibrate(detector, calibration)
        if self._split.calibration.samples:
            return choose_normal_thresholds(detector, self._split.calibration)
        return choose_normal_thresholds(detector, self._split.held_out, chose_epoch=self._stops_early)


def what_is_found(info: MethodInfo, maps: Sequence[str], classes: Sequence[str]) -> Finds | None:
    """What the outlines of a trained method are; None leaves it to the names of several classes.

    Args:
        info: of the method.
        maps: the classes that it tells apart.
        classes: all defect classes of the data set.
    """
    if info.finds_cracks:
        return "cracks"
    if len(maps) > 1:
        return None
    are_cracks = bool(classes) and all(map(is_called_crack, classes))
    return "cracks" if are_cracks and _knows_defects(info) else "regions"


def _knows_defects(info: MethodInfo) -> bool:
    return info.learns_from not in ("normal", "few-labels")


def _files(sample: Sample) -> Iterator[Path]:
    """The image and its mask files."""
    yield sample.path
    sources: list[Any] = [mask.source for mask in sample.masks or ()]
    while sources:
        source = sources.pop()
        sources += getattr(source, "parts", ())
        if isinstance(path := getattr(source, "path", None), Path):
            yield path


def _state(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def train_on_images(job: Job, dataset: Dataset, target: Path, *, hold_out: bool = True) -> Detector:
    """Train a method on a data set of images and write the detector.

    Args:
        job: the method and how it is trained.
        dataset: only its training split is used.
        target: the file to write.
        hold_out: False fits a method that learns from normal images on all of them, and sets no thresholds.

    Raises:
        SettingsError, DataError, WeightsError, BlemishError: as `blemish.train`.
    """
    data = TrainingImages(dataset, job.method, seed=job.seed, say=job.log.say, hold_out=hold_out)
    return train_to_file(job, data, target)
