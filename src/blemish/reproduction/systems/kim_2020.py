"""``kim-2020``: cracks found by a network that removes them, beside the same network trained on the labels.

Kim, Sohn, Kim, "A method for concrete crack detection using U-Net based image inpainting technique", J. Korea Soc.
Computer & Information, 2020. Its Table 4 is the inpainting form at five thresholds of the brightening, after small
components are removed by windows of ones; its Table 5 the supervised U-Net at four thresholds of the probability. The
side of the windows is chosen on held-out training images, never on test images; the paper does not state it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.datasets import Dataset, Sample, read_dataset
from blemish.detectors import Detector
from blemish.errors import DataError
from blemish.evaluation import ThresholdSweep
from blemish.inspection import choose_split
from blemish.measurement.small_components import remove_small_components
from blemish.reports.image_tables import draw_table, mark_errors
from blemish.reports.plots import draw_training_curves
from blemish.reproduction.records import Results, RunRecord
from blemish.reproduction.restoring import load_restorer
from blemish.reproduction.runs import Run
from blemish.reproduction.system import Picture, System
from blemish.reproduction.tables import Row, Table
from blemish.training.splits import split_masked_images, with_test_split

_INPAINTING, _AUGMENTED, _SUPERVISED = "inpainting", "inpainting, augmented", "supervised U-Net"
_COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "accuracy": "accuracy",
    "F1": "f1",
    "F1 within 2 px": "f1_2px",
}
# Precision, recall, accuracy and F1 by threshold.
_TABLE_4 = {
    0.01: (0.3593, 0.8701, 0.9353, 0.5085),
    0.05: (0.7788, 0.8109, 0.9839, 0.7945),
    0.1: (0.9104, 0.7571, 0.9878, 0.8267),
    0.11: (0.9243, 0.7476, 0.9879, 0.8266),
    0.15: (0.9604, 0.7094, 0.9877, 0.8160),
}
_TABLE_5 = {
    0.1: (0.806, 0.922, 0.988, 0.86),
    0.4: (0.949, 0.875, 0.993, 0.91),
    0.75: (0.986, 0.807, 0.992, 0.888),
    0.9: (0.994, 0.742, 0.989, 0.85),
}
_WINDOWS_PX = (3, 5, 9, 15, 21)
# Minutes on two cores: an eighth of the tiles' side and a tenth of the epochs.
_QUICK = {"crop_px": 64, "epochs": 10, "patience": 10, "learning_rate": 2e-3, "batch_size": 4}
_BACKGROUNDS = {"quick": 100, "paper": 2000}
_SHOWN = 5


class Kim2020(System):
    """The inpainting paper."""

    name: ClassVar[str] = "kim-2020"
    title: ClassVar[str] = "A method for concrete crack detection using U-Net based image inpainting technique"
    source: ClassVar[str] = "Kim, Sohn, Kim, J. Korea Soc. Computer & Information, 2020."
    idea: ClassVar[str] = (
        "Labelled cracks are multiplied onto images of normal surface, and a U-Net learns to restore the surface. What "
        "it brightens in a real image, D = max(O - I, 0), is the crack. Thresholded, small components removed."
    )
    needs: ClassVar[str] = (
        "Images with masks of their cracks (METU's rgb/ and BW/, or any layout with masks); further folders may hold "
        "images of normal surface to place cracks on."
    )
    differs: ClassVar[tuple[str, ...]] = (
        "The paper states neither its split, optimiser and epochs nor the sides of its windows: AdamW with one cycle "
        "of the step size, 100 epochs, and the window of best F1 on held-out training images are our reading.",
        "The quick profile has composites and crops of 64 px instead of 512, and 10 epochs.",
        '"Augmented" is ours: cracks at any position, symmetry, rotation and scale, and fainter.',
        "The supervised U-Net has the network of Table 2 and cross-entropy; the paper states no loss for it.",
    )

    def read(self, folders: Sequence[Path]) -> Mapping[str, Dataset]:
        """One folder of images with masks; of all others the normal images."""
        sets = [read_dataset(folder) for folder in folders]
        labelled = [one for one in sets if any(sample.masks for sample in one.samples)]
        if len(labelled) != 1:
            names = ", ".join(f'"{one.root}" ({one.layout})' for one in labelled or sets)
            raise DataError(
                f"This system needs one folder of images with masks of their cracks, and there are {len(labelled)} "
                f"among {names or 'none'}. {self.needs}"
            )
        others = [one for one in sets if one is not labelled[0]]
        for one in others:
            if not any(sample.defective is False for sample in one.samples):
                raise DataError(
                    f'"{one.root}" ({one.layout}) has neither masks nor images known to be normal. {self.needs}'
                )
        found = {"labelled": labelled[0]}
        for number, one in enumerate(others, start=1):
            found[f"normal surface {number}"] = one.where(lambda sample: sample.defective is False)
        return found

    def variants(self, profile: str, data: Mapping[str, Dataset]) -> Mapping[str, Mapping[str, Any]]:
        """Composed as published, composed with augmentation, and supervised."""
        common = _QUICK if profile == "quick" else {}
        return {
            _INPAINTING: {**common, "augment": False},
            _SUPERVISED: {**common, "encoder": "plain", "dice_weight": 0.0},
            _AUGMENTED: {**common, "augment": True},
        }

    def measure(self, run: Run, data: Mapping[str, Dataset]) -> Mapping[str, Any]:
        """Precision, recall, accuracy and F1 at the paper's thresholds, before and after small components go."""
        labelled = with_test_split(data["labelled"], seed=run.seed, say=run.say)
        supervised = run.variant == _SUPERVISED
        dataset = labelled if supervised else _with_backgrounds(labelled, data, run)
        detector = run.train("unet" if supervised else "crack-inpainting", dataset)
        thresholds = tuple(_TABLE_5 if supervised else _TABLE_4)
        held_out = split_masked_images(labelled, seed=run.seed, say=lambda _: None).held_out
        best, window_px = _choose(detector, held_out, thresholds)
        before = ThresholdSweep(thresholds, tolerances_px=(2.0,))
        clean = partial(remove_small_components, window_px=window_px)
        after = ThresholdSweep(thresholds, clean=clean, tolerances_px=(2.0,))
        test = run.test(labelled)
        for _, anomaly_map, truth in _maps(detector, test):
            before.add(anomaly_map, truth)
            after.add(anomaly_map, truth)
        chosen = {"pixel": best, "window_px": window_px, "source": "best F1 on held-out training images"}
        limits = detector.spec.thresholds.model_copy(update=chosen)
        detector.with_thresholds(limits).save(run.folder / "cleaned.blemish")
        return {
            "before": [row.to_record() for row in before.rows()],
            "after": [row.to_record() for row in after.rows()],
            "window_px": window_px,
            "best_threshold": best,
            "n_train": detector.spec.provenance.n_train,
            "n_test": len(test),
        }

    def tables(self, results: Results) -> Sequence[Table]:
        """Table 4 after and before small components are removed, and Table 5."""
        published, removed = f"{_INPAINTING}, composed as published", "small components removed"
        return [
            _table(results, _INPAINTING, "after", "table-4", f"Table 4: {published}, {removed}", _TABLE_4),
            _table(results, _INPAINTING, "before", "table-4-before", f"{published}, before they are removed", {}),
            _table(results, _SUPERVISED, "before", "table-5", "Table 5: the supervised U-Net", _TABLE_5),
            _table(results, _AUGMENTED, "after", "augmented", f"{_AUGMENTED}, {removed}", {}),
        ]

    def pictures(self, results: Results, data: Mapping[str, Dataset], folder: Path) -> Sequence[Picture]:
        """The paper's pictures 5 to 9 for the first seed, and the losses."""
        drawn = []
        for number, (variant, records) in enumerate(results.runs.items()):
            if not records:
                continue
            run_folder = results.folder(records[0])
            file = folder / f"curves-{number}.png"
            draw_training_curves(file, run_folder / "detector.training" / "metrics.csv", title=variant)
            drawn.append(Picture(file, f"Losses: {variant}."))
            if variant != _SUPERVISED:
                file = folder / f"steps-{number}.png"
                _draw_steps(file, run_folder, data["labelled"], records[0])
                drawn.append(Picture(file, f"{variant}: the crack removed, the difference, thresholded, cleaned."))
        return drawn


def _with_backgrounds(labelled: Dataset, data: Mapping[str, Dataset], run: Run) -> Dataset:
    """The labelled images, and normal ones drawn by the seed, which have no crack and may be composed on."""
    normal = [one for name, other in data.items() if name != "labelled" for one in other.samples]
    count = min(len(normal), _BACKGROUNDS[run.profile])
    drawn = Random(run.seed).sample(sorted(normal, key=lambda one: one.path), count)
    known = tuple(replace(one, masks=(), split="train", group=None) for one in drawn)
    run.say(f"{count} images of normal surface to place cracks on, beside the labelled images themselves.")
    return replace(labelled, samples=(*labelled.samples, *known))


def _choose(detector: Detector, held_out: Dataset, thresholds: tuple[float, ...]) -> tuple[float, int]:
    """The threshold of best F1 on held-out images, and there the window of best F1."""
    raw = ThresholdSweep(thresholds, tolerances_px=())
    by_window = {
        px: ThresholdSweep(thresholds, clean=partial(remove_small_components, window_px=px), tolerances_px=())
        for px in _WINDOWS_PX
    }
    for _, anomaly_map, truth in _maps(detector, held_out):
        for sweep in (raw, *by_window.values()):
            sweep.add(anomaly_map, truth)
    best = raw.best().threshold
    place = thresholds.index(best)
    return best, max(by_window, key=lambda px: by_window[px].rows()[place].confusion.f1 or 0.0)


def _maps(detector: Detector, dataset: Dataset) -> Iterator[tuple[Sample, NDArray[np.float32], NDArray[np.bool_]]]:
    for sample in dataset.samples:
        pixels = sample.read_image()
        anomaly_map = detector.score(pixels)[1]
        assert anomaly_map is not None
        yield sample, anomaly_map, sample.read_mask(*pixels.shape[:2])


def _table(
    results: Results, variant: str, way: str, name: str, title: str, published: Mapping[float, tuple[float, ...]]
) -> Table:
    records = results.of(variant)
    thresholds = tuple(_TABLE_5 if variant == _SUPERVISED else _TABLE_4)

    def row(place: int, threshold: float) -> Row:
        def pick(record: RunRecord) -> Mapping[str, float | None]:
            return {column: record.measured[way][place][key] for column, key in _COLUMNS.items()}

        theirs = dict(zip(_COLUMNS, published.get(threshold, ()), strict=False))
        return Row.of(f"≥ {threshold:g}", records, pick, theirs)

    notes = []
    if records:
        best = ", ".join(f"{record.measured['best_threshold']:g}" for record in records)
        windows = ", ".join(str(record.measured["window_px"]) for record in records)
        notes.append(f"By seed: best threshold on held-out training images {best}; windows of {windows} px.")
        first = records[0].measured
        notes.append(f"Trained on {first['n_train']} images, composites included, and tested on {first['n_test']}.")
    rows = tuple(row(place, threshold) for place, threshold in enumerate(thresholds))
    return Table(name, title, tuple(_COLUMNS), rows, tuple(notes))


def _draw_steps(file: Path, run_folder: Path, labelled: Dataset, record: RunRecord) -> None:
    """Input, restored, difference, thresholded, cleaned, label, prediction: one test image a row."""
    detector = blemish.load(run_folder / "detector.blemish")
    restore = load_restorer(detector.spec, run_folder / "detector.training" / "weights.safetensors")
    threshold, window_px = record.measured["best_threshold"], record.measured["window_px"]
    test = choose_split(with_test_split(labelled, seed=record.seed, say=lambda _: None), "test")
    cracked = [one for one in test.samples if one.masks][:: max(1, len(test) // _SHOWN)][:_SHOWN]
    rows: list[list[NDArray[Any]]] = []
    for sample in cracked:
        pixels = sample.read_image()
        truth = sample.read_mask(*pixels.shape[:2])
        anomaly_map = detector.score(pixels)[1]
        assert anomaly_map is not None
        found = anomaly_map >= np.float32(threshold)
        cleaned = remove_small_components(found, window_px)
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        difference = np.clip(2 * anomaly_map, 0, 1)
        label, prediction = (mark_errors(pixels, mask, mask) for mask in (truth, cleaned))
        rows.append([grey, restore(pixels), difference, found, cleaned, label, prediction])
    headings = ["input", "crack removed", "difference ×2", f"≥ {threshold:g}", f"window {window_px} px"]
    draw_table(file, [*headings, "label", "prediction"], rows, captions=[one.path.stem for one in cracked])
