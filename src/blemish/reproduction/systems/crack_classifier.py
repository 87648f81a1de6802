"""``crack-classifier``: three networks on METU's patches, as the source trains them and as its author wished.

Park, "concrete-crack-detection", Seoul Women's University, 2024. Each network is trained on patches drawn by the seed,
four fifths of them; the other fifth is its validation set, as in the source. It is tested on patches that were not
drawn, which the source does not have.

The patches were cut from 458 images, so that a random split puts parts of one wall on both sides. What that is worth is
measured by one network on the same patches split by surface: patches of a like colour and grain stay together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import cv2
import numpy as np

import blemish
from blemish.datasets import Dataset, Sample, read_dataset, with_duplicate_groups, with_splits
from blemish.errors import DataError
from blemish.evaluation import Confusion, auroc
from blemish.images import read_image
from blemish.reports.image_tables import Case, draw_cases, notable_cases
from blemish.reports.plots import draw_confusion, draw_training_curves
from blemish.reproduction.records import Results, RunRecord
from blemish.reproduction.runs import Run
from blemish.reproduction.system import Picture, System
from blemish.reproduction.tables import Row, Table, paired_difference

_NETWORKS: dict[str, dict[str, Any]] = {
    "ResNet-18": {"encoder": "resnet18"},
    "ResNet-18, 3×3 stem": {"encoder": "resnet18", "small_stem": True},
    "MobileNetV2": {"encoder": "mobilenet_v2"},
}
_PUBLISHED = {"ResNet-18": 0.99, "ResNet-18, 3×3 stem": 0.94, "MobileNetV2": 0.99}
# What the source does; its step size and number of epochs are not stated, but its curves go beyond epoch 8.
_AS_PUBLISHED = {
    "optimizer": "adam",
    "schedule": "constant",
    "augment": False,
    "dropout": 0.0,
    "early_stopping": False,
}
_AS_WISHED = {"dropout": 0.2, "label_smoothing": 0.05}
_QUICK = {"size_px": 64, "epochs": 10, "learning_rate": 1e-3, "batch_size": 32}
_PAPER = {"size_px": 224, "epochs": 15, "learning_rate": 1e-3, "batch_size": 32}
_WISHED, _APART = ", as wished", ", surfaces apart"
# What the light network reaches in the quick profile with as many patches as the source, and larger.
_LARGER = "MobileNetV2, 1,000 + 1,000 at 128 px"
_LARGER_SETTINGS = {"size_px": 128, "epochs": 6, "patience": 6, "per_class": 1000}
_VALIDATION_FRACTION = 0.2
# METU's patches come from 458 images: clusters smaller than an image's patches keep most of an image together.
_PATCHES_A_SURFACE = 40
# Grey levels by which two images of one wall hardly differ: one unit of distance each.
_COLOUR_LEVELS, _GRAIN_LEVELS = 8, 4
_SHOWN = 6


class CrackClassifierSystem(System):
    """The student repository's classifier."""

    name: ClassVar[str] = "crack-classifier"
    title: ClassVar[str] = "Crack or no crack: ResNet-18 and MobileNetV2 on METU's patches"
    source: ClassVar[str] = 'Park, "concrete-crack-detection", Seoul Women\'s University, 2024 (a student repository).'
    idea: ClassVar[str] = (
        "A network pretrained on ImageNet with a head of two classes, fine-tuned on 1,000 + 1,000 patches of concrete. "
        "ResNet-18 was the final choice; with a first convolution of 3×3 and stride 1 it overfitted after epoch 8; "
        "MobileNetV2 was fast, with an unstable validation loss."
    )
    needs: ClassVar[str] = "METU Surface Crack Detection: a folder with Positive/ and Negative/."
    differs: ClassVar[tuple[str, ...]] = (
        "The source states neither its step size nor its number of epochs; Adam at 0.001 and 15 epochs are our reading "
        "(10 epochs, patches resized to 64 px and 300 + 300 of them in the quick profile).",
        "The source's accuracy is that of its validation set; ours is of patches that were not drawn, and the "
        "validation set has a column of its own. A fifth of the normal training patches calibrates the detector and is "
        "not trained on.",
        "As wished: early stopping, weight decay, dropout of 0.2, labels smoothed by 0.05, augmentation, and a step "
        "size that falls to zero.",
    )

    def read(self, folders: Sequence[Path]) -> Mapping[str, Dataset]:
        """METU's folder, or another one with cracked and normal patches."""
        if len(folders) != 1:
            raise DataError(f"This system takes one folder, and {len(folders)} are given. {self.needs}")
        dataset = read_dataset(folders[0])
        for defective, what, folder in ((True, "cracked", "Positive"), (False, "normal", "Negative")):
            count = sum(sample.defective is defective for sample in dataset.samples)
            if count < 10:
                raise DataError(
                    f'"{dataset.root}" ({dataset.layout}) has {count} {what} patches, and at least 10 are needed: '
                    f'there should be a folder "{folder}" with them. {self.needs}'
                )
        return {"patches": dataset}

    def variants(self, profile: str, data: Mapping[str, Dataset]) -> Mapping[str, Mapping[str, Any]]:
        """Each network as published and as wished, and one with surfaces apart."""
        common = _QUICK if profile == "quick" else _PAPER
        per_class = 300 if profile == "quick" else 1000
        wanted: dict[str, dict[str, Any]] = {}
        for network, own in _NETWORKS.items():
            wanted[network] = {**common, **own, **_AS_PUBLISHED, "per_class": per_class, "apart": False}
        for network, own in _NETWORKS.items():
            wanted[network + _WISHED] = {**common, **own, **_AS_WISHED, "per_class": per_class, "apart": False}
        light = wanted[f"MobileNetV2{_WISHED}"]
        wanted[f"MobileNetV2{_WISHED}{_APART}"] = {**light, "apart": True}
        if profile == "quick":
            wanted[_LARGER] = {**light, **_LARGER_SETTINGS}
        return wanted

    def measure(self, run: Run, data: Mapping[str, Dataset]) -> Mapping[str, Any]:
        """Accuracy, as the source decides and at the detector's own threshold, and the curves' last epoch."""
        settings = dict(run.settings)
        per_class, apart = settings.pop("per_class"), settings.pop("apart")
        patches = draw_patches(data["patches"], per_class, seed=run.seed, apart=apart)
        detector = run.train("crack-classifier", patches, settings=settings)
        test = run.test(patches)
        result = blemish.evaluate(test, detector=detector, split=None)
        scores = np.array([image.score for image in result.images])
        defective = np.array([bool(sample.defective) for sample in test.samples])
        assert result.metrics.image.confusion is not None
        return {
            "accuracy": float(((scores >= 0) == defective).mean()),
            "accuracy_own_threshold": result.metrics.image.confusion.accuracy,
            "confusion": Confusion.of(scores >= 0, defective).to_record(),
            "auroc": auroc(scores, defective),
            "log_loss": float(np.logaddexp(0, np.where(defective, -1, 1) * scores).mean()),
            "n_train": detector.spec.provenance.n_train,
            "n_test": len(test),
            "paths": [str(sample.path) for sample in test.samples],
            "scores": scores.tolist(),
            "defective": defective.tolist(),
        }

    def tables(self, results: Results) -> Sequence[Table]:
        """The three networks as published, and with what their author wished for."""
        columns = ("accuracy", "accuracy at own threshold", "AUROC", "log loss")

        def pick(record: RunRecord) -> Mapping[str, float | None]:
            names = ("accuracy", "accuracy_own_threshold", "auroc", "log_loss")
            return dict(zip(columns, (record.measured[name] for name in names), strict=True))

        def rows(suffix: str) -> tuple[Row, ...]:
            return tuple(
                Row.of(
                    network,
                    results.of(network + suffix),
                    pick,
                    {} if suffix else {"accuracy": _PUBLISHED[network]},
                )
                for network in _NETWORKS
            )

        best = f"MobileNetV2{_WISHED}"
        beyond = [Row.of("MobileNetV2, surfaces apart", results.of(best + _APART), pick)]
        if results.profile == "quick":
            beyond.append(Row.of(_LARGER, results.of(_LARGER), pick))
        return (
            Table("as-published", "As the source trains them", columns, rows(""), _counts(results, "ResNet-18")),
            Table("as-wished", "With what its author wished for", columns, (*rows(_WISHED), *beyond), _leak(results)),
        )

    def pictures(self, results: Results, data: Mapping[str, Dataset], folder: Path) -> Sequence[Picture]:
        """Curves of the first seed of each variant, the decisions of all seeds, and the most notable patches."""
        drawn = []
        for variant, records in results.runs.items():
            if not records:
                continue
            stem = f"{list(results.runs).index(variant)}"
            file = folder / f"curves-{stem}.png"
            log = results.folder(records[0]) / "detector.training" / "metrics.csv"
            draw_training_curves(file, log, title=f"{variant}, seed {records[0].seed}")
            drawn.append(Picture(file, f"Loss and accuracy, training and validation: {variant}."))
            together = sum((Confusion(**record.measured["confusion"]) for record in records), Confusion())
            file = folder / f"decisions-{stem}.png"
            draw_confusion(file, together, names=("normal", "cracked"), title=variant)
            drawn.append(Picture(file, f"Test patches by truth and decision, all seeds together: {variant}."))
        shown = next((results.of(name) for name in (f"MobileNetV2{_WISHED}", "MobileNetV2") if results.of(name)), ())
        if shown:
            file = folder / "cases.png"
            draw_cases(file, _cases(shown[0], results.folder(shown[0])), title=shown[0].identity.variant)
            drawn.append(Picture(file, "The most notable test patches with their class activation maps."))
        return drawn


def draw_patches(dataset: Dataset, per_class: int, *, seed: int, apart: bool) -> Dataset:
    """So many patches of each class for training and validation, and as many others for testing.

    Where there are fewer than twice as many, a fifth of all is for testing and the others are drawn from the rest.

    Args:
        dataset: cracked and normal patches.
        per_class: of each class, validation included.
        seed: of the draw and the split.
        apart: keep patches of one surface on one side, and look-alikes with them.
    """
    rng = Random(seed)
    chosen: list[Sample] = []
    for defective in (False, True):
        known = sorted((one for one in dataset.samples if one.defective is defective), key=lambda one: one.path)
        chosen += rng.sample(known, min(len(known), 2 * per_class))
    drawn = replace(dataset, samples=tuple(replace(one, split=None) for one in chosen))
    count = min(sum(one.defective is defective for one in chosen) for defective in (False, True))
    test_fraction = 0.5 if count >= 2 * per_class else 0.2
    if apart:
        drawn = with_surface_groups(with_duplicate_groups(drawn), seed=seed)
    fraction = (1 - test_fraction) * _VALIDATION_FRACTION
    return with_splits(drawn, test_fraction=test_fraction, val_fraction=fraction, seed=seed)


def with_surface_groups(dataset: Dataset, *, seed: int) -> Dataset:
    """Patches of a like colour and grain in one group, by k-means; a group that is known joins its first patch's.

    Args:
        dataset: patches.
        seed: of the clusters' first centres.
    """
    facts = np.array([_surface(sample) for sample in dataset.samples], np.float32)
    count = max(5, len(facts) // _PATCHES_A_SURFACE)
    cv2.setRNGSeed(seed)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 1e-3)
    _, cluster, _ = cv2.kmeans(facts, count, np.empty(0), criteria, 3, cv2.KMEANS_PP_CENTERS)
    first: dict[str, int] = {}
    samples = []
    for sample, number in zip(dataset.samples, cluster.ravel().astype(int).tolist(), strict=True):
        surface = first.setdefault(sample.group, number) if sample.group else number
        samples.append(replace(sample, group=f"surface {surface}"))
    return replace(dataset, samples=tuple(samples))


def _surface(sample: Sample) -> tuple[float, ...]:
    """Median colour, and the grain: the median absolute Laplacian. A crack moves neither."""
    pixels = read_image(sample.path)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    grain = np.median(np.abs(cv2.Laplacian(grey, cv2.CV_32F)))
    colour = np.median(pixels.reshape(-1, 3), axis=0)
    return (*(colour / _COLOUR_LEVELS).tolist(), float(grain / _GRAIN_LEVELS))


def _counts(results: Results, variant: str) -> tuple[str, ...]:
    measured = [record.measured for record in results.of(variant)]
    if not measured:
        return ()
    return (f"Trained on {measured[0]['n_train']} patches and tested on {measured[0]['n_test']} others, a seed.",)


def _leak(results: Results) -> tuple[str, ...]:
    best = f"MobileNetV2{_WISHED}"
    gap = paired_difference(results.of(best), results.of(best + _APART), lambda record: record.measured["accuracy"])
    said = "What patches of one surface on both sides are worth: accuracy of the random split minus surfaces apart"
    return (f"{said}: {gap}.",) if gap else ()


def _cases(record: RunRecord, folder: Path) -> dict[str, list[Case]]:
    detector = blemish.load(folder / "detector.blemish")
    scores, paths = record.measured["scores"], record.measured["paths"]
    kinds = {}
    for kind, places in notable_cases(scores, record.measured["defective"], count=_SHOWN).items():
        pixels = [(read_image(Path(paths[place])), scores[place]) for place in places]
        kinds[kind] = [Case(one, detector.score(one)[1], caption=f"{score:.2f}") for one, score in pixels]
    return kinds
