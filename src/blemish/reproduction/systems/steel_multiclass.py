"""``steel-multiclass``: does training on the classes of defects beat training on their union, scored on the union?

A paper of the 2nd Korea Artificial Intelligence Conference (p. 53). Its one table: mean intersection over union of
defect and background, of a plain CNN, of a binary U-Net, and of the U-Net trained on background and classes. Scored as
the source scores: a pixel is defective where the background has less than half of the probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.datasets import Dataset, read_dataset, with_duplicate_groups, with_splits
from blemish.detectors import Detector
from blemish.errors import DataError
from blemish.evaluation import Confusion
from blemish.inspection import choose_split
from blemish.reports.image_tables import draw_table, mark_errors
from blemish.reports.plots import draw_training_curves
from blemish.reproduction.records import Results, RunRecord
from blemish.reproduction.runs import Run
from blemish.reproduction.system import Picture, System
from blemish.reproduction.tables import Row, Table, paired_difference

_PUBLISHED = {"plain CNN": 0.759, "binary U-Net": 0.913, "multi-class U-Net": 0.941}
_OWN: dict[str, dict[str, Any]] = {
    "plain CNN": {"network": "cnn", "targets": "union"},
    "binary U-Net": {"targets": "union"},
    "multi-class U-Net": {},
}
# The same experiment in a fraction of the steps: smaller networks and crops, a step size ten times as large.
_QUICK = {
    "network": "plain",
    "loss": "softmax",
    "optimizer": "adam",
    "schedule": "constant",
    "learning_rate": 1e-3,
    "batch_size": 8,
    "epochs": 10,
    "early_stopping": False,
    "augment": False,
    "filters": [8, 16, 32, 64],
    "kernel_px": 3,
    "crop_px": 64,
}
# Beyond the source: a pretrained encoder, on the union and on the classes.
_BEYOND = {"crop_px": 96, "epochs": 6, "patience": 6, "network": "fast"}
_ENCODERS = {"encoder, union": {**_BEYOND, "targets": "union"}, "encoder, classes": {**_BEYOND, "loss": "softmax"}}
_TEST_FRACTION = 0.2
_HALF = 0.5
_EDGE_PX = 1
_SHOWN = 4


class SteelMulticlassSystem(System):
    """The conference paper's table."""

    name: ClassVar[str] = "steel-multiclass"
    title: ClassVar[str] = "Multi-class training for the segmentation of defects on steel"
    source: ClassVar[str] = "2nd Korea Artificial Intelligence Conference, p. 53; Severstal Steel Defect Detection."
    idea: ClassVar[str] = (
        "A U-Net is trained on background and four classes of defects by softmax and cross-entropy, and scored as "
        "defect or no defect. The claim: this beats the same network trained on the union of the classes."
    )
    needs: ClassVar[str] = (
        "Severstal's folder (train.csv and train_images/), or any images with masks of two or more classes."
    )
    differs: ClassVar[tuple[str, ...]] = (
        "The source does not say how its plain CNN is built: the same convolutions without skip connections are our "
        "reading. Nor does it give the sizes of its U-Net: 5×5 kernels and 16-32-64-128 filters in the paper profile.",
        "Severstal's test images have no public labels: a fifth of the labelled images is kept for testing, another "
        "one for each seed, look-alikes on one side. A tenth of the others chooses thresholds and is not trained on.",
        "The quick profile has 3×3 kernels, filters of 8-16-32-64, crops of 64 px in "
        "batches of 8, 10 epochs and a step size of 0.001.",
        "The rows with an encoder (MobileNetV2, pretrained) are ours.",
    )
    seeds: ClassVar[tuple[int, ...]] = (0, 1, 2, 3, 4)

    def read(self, folders: Sequence[Path]) -> Mapping[str, Dataset]:
        """Severstal's folder, look-alikes grouped."""
        if len(folders) != 1:
            raise DataError(f"This system takes one folder, and {len(folders)} are given. {self.needs}")
        dataset = read_dataset(folders[0])
        if len(dataset.classes) < 2 or not any(sample.masks for sample in dataset.samples):
            raise DataError(
                f'"{dataset.root}" ({dataset.layout}) has masks of {len(dataset.classes)} classes, and at least 2 are '
                f"needed: there should be a train.csv with ImageId, ClassId and EncodedPixels. {self.needs}"
            )
        return {"strips": with_duplicate_groups(dataset)}

    def variants(self, profile: str, data: Mapping[str, Dataset]) -> Mapping[str, Mapping[str, Any]]:
        """The source's three rows, and two with a pretrained encoder."""
        common = _QUICK if profile == "quick" else {}
        rows: dict[str, dict[str, Any]] = {name: {**common, **own} for name, own in _OWN.items()}
        return rows | (_ENCODERS if profile == "quick" else {})

    def measure(self, run: Run, data: Mapping[str, Dataset]) -> Mapping[str, Any]:
        """Mean IoU of defect and background as the source scores, and at the detector's threshold; IoU by class."""
        dataset = _split(data["strips"], run.seed)
        detector = run.train("steel-multiclass", dataset)
        half, own, blurred = Confusion(), Confusion(), Confusion()
        count = len(dataset.classes)
        overlap, union = np.zeros(count, np.int64), np.zeros(count, np.int64)
        test = run.test(dataset)
        for sample in test.samples:
            pixels = sample.read_image()
            classes = sample.read_class_masks(dataset.classes, *pixels.shape[:2])
            truth = np.asarray(classes.any(axis=0))
            maps = detector.score(pixels)[1]
            assert maps is not None
            any_class = detector.spec.union(maps)
            half += Confusion.of(any_class >= _HALF, truth)
            own += Confusion.of(any_class >= np.float32(detector.spec.thresholds.pixel or _HALF), truth)
            blurred += Confusion.of(*_other_edge(truth))
            if maps.ndim == 3:
                # The most probable class, where any defect is more probable than none.
                found = (maps.argmax(axis=0) == np.arange(count)[:, None, None]) & (any_class >= _HALF)
                overlap += (found & classes).sum(axis=(1, 2))
                union += (found | classes).sum(axis=(1, 2))
        return {
            "mean_iou": half.mean_iou,
            "mean_iou_own_threshold": own.mean_iou,
            "defect_iou": half.iou,
            "class_iou": dict(zip(dataset.classes, (overlap / np.maximum(union, 1)).tolist(), strict=True))
            if union.any()
            else None,
            "label_ceiling": blurred.mean_iou,
            "n_train": detector.spec.provenance.n_train,
            "n_test": len(test),
        }

    def tables(self, results: Results) -> Sequence[Table]:
        """The source's table, and the IoU of each class."""
        columns = ("mean IoU", "mean IoU, own threshold", "IoU of defect")

        def pick(record: RunRecord) -> Mapping[str, float | None]:
            names = ("mean_iou", "mean_iou_own_threshold", "defect_iou")
            return dict(zip(columns, (record.measured[name] for name in names), strict=True))

        rows = [Row.of(n, results.of(n), pick, {"mean IoU": p}) for n, p in _PUBLISHED.items()]
        rows += [Row.of(name, results.of(name), pick) for name in _ENCODERS if results.of(name)]
        tables = [Table("union", "Table 1: defect or no defect", columns, tuple(rows), tuple(_notes(results)))]
        apart = [name for name in results.runs if any(one.measured["class_iou"] for one in results.of(name))]
        if apart:
            labels = tuple(results.of(apart[0])[0].measured["class_iou"])
            by_class = tuple(
                Row.of(name, results.of(name), lambda record: dict(record.measured["class_iou"])) for name in apart
            )
            tables.append(Table("classes", "IoU of each class, by the most probable one", labels, by_class))
        return tables

    def pictures(self, results: Results, data: Mapping[str, Dataset], folder: Path) -> Sequence[Picture]:
        """Curves of the first seed, and test strips with what is labelled and what each network finds."""
        drawn = []
        for number, (variant, records) in enumerate(results.runs.items()):
            if records:
                file = folder / f"curves-{number}.png"
                log = results.folder(records[0]) / "detector.training" / "metrics.csv"
                draw_training_curves(file, log, title=f"{variant}, seed {records[0].seed}")
                drawn.append(Picture(file, f"Losses: {variant}."))
        shown = {name: records[0] for name, records in results.runs.items() if records}
        seeds = {record.seed for record in shown.values()}
        if len(seeds) == 1:
            detectors = {n: blemish.load(results.folder(one) / "detector.blemish") for n, one in shown.items()}
            file = folder / "strips.png"
            _draw_strips(file, detectors, choose_split(_split(data["strips"], seeds.pop()), "test"))
            drawn.append(Picture(file, "Test strips: green found, red found where nothing is labelled, blue missed."))
        return drawn


def _split(dataset: Dataset, seed: int) -> Dataset:
    return with_splits(dataset, test_fraction=_TEST_FRACTION, seed=seed)


def _other_edge(truth: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The labels drawn 1 px wider, and themselves: what another hand would score that sees the same defects."""
    square = np.ones((2 * _EDGE_PX + 1, 2 * _EDGE_PX + 1), np.uint8)
    return cv2.dilate(truth.view(np.uint8), square).astype(np.bool_), truth


def _notes(results: Results) -> list[str]:
    def mean_iou(record: RunRecord) -> float:
        return float(record.measured["mean_iou"])

    said = []
    for name in ("binary U-Net", "plain CNN"):
        gap = paired_difference(results.of("multi-class U-Net"), results.of(name), mean_iou)
        said += [f"Multi-class U-Net minus {name}, mean IoU on the same images: {gap}."] if gap else []
    measured = [record.measured for records in results.runs.values() for record in records]
    if measured:
        ceiling = float(np.mean([one["label_ceiling"] for one in measured]))
        said.append(
            f"The labels themselves, drawn {_EDGE_PX} px wider, reach a mean IoU of {ceiling:.4f}: what is left above "
            "that is the place of the edges."
        )
        first = measured[0]
        said.append(f"Trained on {first['n_train']} strips and tested on {first['n_test']}, a seed.")
    return said


def _draw_strips(file: Path, detectors: Mapping[str, Detector], test: Dataset) -> None:
    rows, captions = [], []
    for label in test.classes:
        of_label = [one for one in test.samples if one.masks and one.masks[0].label == label]
        for sample in of_label[: max(1, _SHOWN // len(test.classes))]:
            pixels = sample.read_image()
            truth = sample.read_mask(*pixels.shape[:2])
            row: list[NDArray[Any]] = [pixels, truth]
            for detector in detectors.values():
                maps = detector.score(pixels)[1]
                assert maps is not None
                row.append(mark_errors(pixels, detector.spec.union(maps) >= _HALF, truth))
            rows.append(row)
            captions.append(label)
    draw_table(file, ["strip", "labelled", *detectors], rows, captions=captions)
