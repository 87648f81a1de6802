"""The feature methods on five real sets and a drawn one: taught by normal images alone, measured on unseen images.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/feature_methods.py --out benchmarks/out/features
    python benchmarks/feature_methods.py --sets chest-xray brickwork --methods patchcore --seeds 0
    python benchmarks/feature_methods.py --sets casting --methods patchcore --limit 20 --out /tmp/try

One cell is one method on one set with one seed, in a process of its own. A finished cell is never computed again, so a
killed run goes on where it was. The sets:

- ``casting``: 2,875 normal pump impellers to learn from; 262 + 453 to test, also without the test images that stand
  byte for byte among the training images.
- ``magnetic-tile``: the published protocol, 80 % of the 952 free tiles to learn from, the others and all 392 defects to
  test. ``magnetic-tile-grouped``: the same with images of one tile (groups.csv) kept on one side.
- ``chest-xray``: 70 normal ones to learn from, 20 + 26 to test.
- ``brickwork``: 250 normal walls to learn from, near-duplicates kept on one side; the other normal ones and all cracked
  ones to test.
- ``deepcrack-tiles``: tiles of 64 px, those for learning from the training images, those for the test from the others.
- ``drawn-steel``: 60 drawn strips without a defect to learn from, 20 others and 320 with defects to test; for pictures
  that may be shown, no figure to be proud of.

Of the normal images to learn from, a fifth is set aside by the training to choose thresholds. Every set gets the
default settings. Those of patchcore (whitened features, 20 patches) were chosen on images of the training splits that
the fit had not seen, by their training labels: castings (120 + 120), chest X-rays (25 + 60, none that stands in the
test split) and DeepCrack tiles (500). On free magnetic tiles with painted defects (60 + 100), 384 px with strides 4, 8
and 16 did no better than the default, and local contrast worse.

Rows with "labels" also learn from so many labelled defects: of the training split, or where it has none, moved there
from the test split by the seed, and then not tested. All other rows see no defect. ``auto`` chooses by painted defects.

Costs: ``fit_s`` from files to a written detector, ``score_ms`` the median of one image alone, decoding left out,
``file_mb``, and ``peak_mb``, the most memory held until the detector was written.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import blemish
from blemish.datasets import (
    Dataset,
    Sample,
    cut_tiles,
    hold_out,
    image_digests,
    read_dataset,
    with_duplicate_groups,
)
from blemish.detectors import Detector
from blemish.evaluation import PixelMetrics, auroc
from blemish.files import write_text
from blemish.images import read_image
from blemish.inspection import Answer, evaluate
from blemish.locations import data_dir
from blemish.training import train_auto

from drawn_steel import draw_strips
from machine import describe_machine


@dataclass(frozen=True)
class Row:
    """A method with settings, and how many labelled defects it may learn from."""

    method: str
    settings: dict = field(default_factory=dict)
    labels: int = 0


RESNET = {"backbone": "resnetv2_50_gluon", "dimensions": 256}
METHODS = {
    "patchcore": Row("patchcore"),
    "patchcore, no weights": Row("patchcore", {"backbone": "scattering"}),
    "patchcore, 512 px": Row("patchcore", {"size_px": 512}),
    "patchcore, ResNet-50": Row("patchcore", RESNET),
    "patchcore, ResNet-50, 384 px": Row("patchcore", {**RESNET, "size_px": 384}),
    "padim": Row("padim"),
    "patch-gaussian": Row("patch-gaussian"),
    "pca": Row("pca"),
    "one-class-svm": Row("one-class-svm"),
    "deep-svdd": Row("deep-svdd"),
    "supersimplenet": Row("supersimplenet"),
    "supersimplenet, 40 labels": Row("supersimplenet", labels=40),
    "auto": Row("auto"),
}
# Rows that only run where they are named: costly ones, and those made for one set.
ON_DEMAND = {"patchcore, 512 px", "patchcore, ResNet-50", "patchcore, ResNet-50, 384 px", "auto"}
# Images whose scoring time is taken.
_TIMED = 40

COLUMNS = ("auroc", "ap", "pixel_auroc", "pixel_ap", "aupro", "fit_s", "score_ms", "file_mb", "peak_mb")
COSTS = ("fit_s", "score_ms", "file_mb", "peak_mb")


def set_split(dataset: Dataset, train: Callable[[Sample], bool]) -> Dataset:
    samples = (replace(sample, split="train" if train(sample) else "test") for sample in dataset.samples)
    return replace(dataset, samples=tuple(samples))


def magnetic_tile(root: Path, seed: int, *, grouped: bool) -> Dataset:
    dataset = read_dataset(root / "magnetic-tile")
    if not grouped:
        dataset = replace(dataset, samples=tuple(replace(sample, group=None) for sample in dataset.samples))
    free, _ = hold_out(dataset.where(lambda sample: not sample.defective), 0.2, seed)
    chosen = {sample.path for sample in free.samples}
    # A tile with a defect may share its group with free ones, so groups have done their work here.
    dataset = replace(
        dataset,
        samples=tuple(
            replace(sample, group=None, masks=sample.masks if sample.defective else ()) for sample in dataset.samples
        ),
    )
    return set_split(dataset, lambda sample: sample.path in chosen)


def brickwork(root: Path, seed: int) -> Dataset:
    dataset = read_dataset(root / "brickwork")
    dataset = with_duplicate_groups(dataset)
    normal = dataset.where(lambda sample: not sample.defective)
    with_cracks = {sample.group for sample in dataset.samples if sample.defective and sample.group}
    free, _ = hold_out(normal, 100 / 350, seed)
    chosen = {sample.path for sample in free.samples if sample.group not in with_cracks}
    return set_split(dataset, lambda sample: sample.path in chosen)


def deepcrack_tiles(root: Path, out: Path) -> Dataset:
    folder = out / "deepcrack-tiles-64"
    if not folder.is_dir():
        counted = cut_tiles(read_dataset(root / "deepcrack"), folder, tile_px=64, defect_label="crack")
        print(dict(counted.counts), counted.left_out)
    return read_dataset(folder)


def drawn_steel(out: Path) -> Dataset:
    dataset = read_dataset(draw_strips(out / "strips", 400))
    free, _ = hold_out(dataset.where(lambda sample: not sample.defective), 0.25, 0)
    chosen = {sample.path for sample in free.samples}
    return set_split(dataset, lambda sample: sample.path in chosen)


def read_set(name: str, seed: int, out: Path) -> Dataset:
    if name == "drawn-steel":
        return drawn_steel(out)
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds casting/, magnetic-tile/ and the others.")
    if name == "deepcrack-tiles":
        return deepcrack_tiles(root, out)
    if name == "brickwork":
        return brickwork(root, seed)
    if name.startswith("magnetic-tile"):
        return magnetic_tile(root, seed, grouped=name.endswith("grouped"))
    return read_dataset(root / name)


SETS = (
    "chest-xray",
    "brickwork",
    "deepcrack-tiles",
    "casting",
    "magnetic-tile",
    "magnetic-tile-grouped",
    "drawn-steel",
)


def with_labels(dataset: Dataset, labels: int, seed: int) -> Dataset:
    """Exactly so many defects in the training split; whole groups where there are any."""
    shown = dataset.where(lambda sample: bool(sample.defective) and sample.split == "train")
    if labels and not len(shown):
        shown = dataset.where(lambda sample: bool(sample.defective))
    fitted = set()
    if labels and len(shown) > labels:
        fitted = {sample.path for sample in hold_out(shown, labels / len(shown), seed)[1].samples}
    elif labels:
        fitted = {sample.path for sample in shown.samples}

    def dealt(sample: Sample) -> Sample | None:
        if sample.path in fitted:
            return replace(sample, split="train")
        return None if sample.defective and sample.split == "train" else sample

    return replace(dataset, samples=tuple(kept for kept in map(dealt, dataset.samples) if kept))


def limited(dataset: Dataset, most: int) -> Dataset:
    """At most so many images of every label in every split: to see that all works."""
    counted: dict = {}

    def keep(sample: Sample) -> bool:
        kind = (sample.split, sample.label)
        counted[kind] = counted.get(kind, 0) + 1
        return counted[kind] <= most

    return dataset.where(keep)


def score_ms(detector: Detector, dataset: Dataset) -> float:
    times = []
    for sample in dataset.samples[:: max(1, len(dataset) // _TIMED)]:
        pixels = read_image(sample.path)
        started = time.perf_counter()
        detector.score(pixels)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def run_cell(name: str, label: str, seed: int, out: Path, limit: int | None) -> dict:
    row = METHODS[label]
    dataset = with_labels(read_set(name, seed, out), row.labels, seed)
    if limit:
        dataset = limited(dataset, limit)
    file = out / f"{name}_{slug(label)}_{seed}.blemish"
    started = time.perf_counter()
    if row.method == "auto":
        detector = train_auto(dataset, file, seed=seed, say=print)
    else:
        detector = blemish.train(row.method, dataset, file, settings=row.settings, seed=seed, say=print)
    fit_s = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    test = dataset.split("test")
    masks = any(sample.masks for sample in test.samples)
    pixels = {sample.label: PixelMetrics(1 << 22) for sample in test.samples if sample.defective and masks}
    scores, labels = [], []

    def keep(answer: Answer) -> None:
        kind = answer.sample.label if answer.sample.defective else ""
        scores.append(answer.found.score)
        labels.append(kind)
        if answer.truth is not None and answer.found.anomaly_map is not None:
            for its_kind in [kind] if kind else list(pixels):
                pixels[its_kind].add(answer.found.anomaly_map, answer.truth)

    metrics = evaluate(test, detector=detector, split=None, on_answer=keep).metrics.details()
    values, bad = np.array(scores), np.array([label != "" for label in labels])
    known = set(detector.spec.provenance.images)
    fresh = np.array([digest not in known for digest in image_digests(test)])
    record = {
        "set": name,
        "method": label,
        "seed": seed,
        "limit": limit,
        "machine": describe_machine("torch", "onnxruntime", "timm"),
        "settings": detector.spec.settings,
        "taken": detector.spec.method,
        "n_train": detector.spec.provenance.n_train,
        "n_test": [int((~bad).sum()), int(bad.sum())],
        "auroc": metrics["image"]["auroc"],
        "ap": metrics["image"]["average_precision"],
        "auroc_without_leaks": auroc(values[fresh], bad[fresh]),
        "n_leaked": int((~fresh).sum()),
        "by_class": by_class(values, np.array(labels), pixels),
        "false_alarm_rate": metrics["image"]["false_alarm_rate"],
        "recall": metrics["image"]["recall"],
        "pixel_auroc": metrics["pixel"]["auroc"] if masks else None,
        "pixel_ap": metrics["pixel"]["average_precision"] if masks else None,
        "aupro": metrics["pixel"]["aupro"] if masks else None,
        "fit_s": fit_s,
        "score_ms": score_ms(detector, test),
        "file_mb": file.stat().st_size / 1e6,
        "peak_mb": peak_mb,
        "worst": worst(answer_paths(test), values, bad, np.array(labels)),
    }
    write_text(out / f"{name}_{slug(label)}_{seed}.json", json.dumps(record, indent=1))
    return record


def by_class(values: np.ndarray, labels: np.ndarray, pixels: dict[str, PixelMetrics]) -> dict[str, dict]:
    """Each class of defects against all normal images."""
    found = {}
    for kind in sorted(set(labels.tolist()) - {""}):
        these = (labels == "") | (labels == kind)
        found[kind] = {"n": int((labels == kind).sum()), "auroc": auroc(values[these], labels[these] == kind)}
        if kind in pixels:
            ranking = pixels[kind].result().ranking
            found[kind] |= {
                "pixel_auroc": ranking.auroc,
                "pixel_ap": ranking.average_precision,
                "aupro": ranking.aupro,
            }
    return found


def answer_paths(dataset: Dataset) -> list[str]:
    return [str(sample.path.relative_to(dataset.root)) for sample in dataset.samples]


def worst(paths: list[str], scores: np.ndarray, bad: np.ndarray, labels: np.ndarray, count: int = 8) -> dict:
    """The normal images that score highest and the defects of each class that score lowest: for failure pictures."""
    order = np.argsort(scores)
    missed = {
        kind: [paths[i] for i in order if labels[i] == kind][:count] for kind in sorted(set(labels.tolist()) - {""})
    }
    return {"false_alarms": [paths[i] for i in order[::-1] if not bad[i]][:count], "missed": missed}


def slug(label: str) -> str:
    return label.replace(", ", "_").replace(" ", "-")


def print_table(records: list[dict]) -> None:
    for machine in dict.fromkeys(record["machine"] for record in records):
        print(f"\n{machine}\n")
    print("| set | method | seeds | train | test | " + " | ".join(COLUMNS) + " | without leaks |")
    print("|---" * (len(COLUMNS) + 6) + "|")
    for key in dict.fromkeys((record["set"], record["method"]) for record in records):
        cell = [record for record in records if (record["set"], record["method"]) == key]
        row = [mean_of(cell, column) for column in (*COLUMNS, "auroc_without_leaks")]
        counts = f"{cell[0]['n_train']} | {cell[0]['n_test'][0]} + {cell[0]['n_test'][1]}"
        print(f"| {key[0]} | {key[1]} | {len(cell)} | {counts} | {' | '.join(row)} |")
    print("\n| set | method | class | n | auroc | pixel_auroc | pixel_ap | aupro |\n|---|---|---|---|---|---|---|---|")
    for key in dict.fromkeys((record["set"], record["method"]) for record in records):
        cell = [record for record in records if (record["set"], record["method"]) == key]
        for kind in cell[0]["by_class"] if len(cell[0]["by_class"]) > 1 else []:
            rows = [record["by_class"][kind] for record in cell if kind in record["by_class"]]
            row = [mean_of(rows, column) for column in ("auroc", "pixel_auroc", "pixel_ap", "aupro")]
            print(f"| {key[0]} | {key[1]} | {kind} | {rows[0]['n']} | {' | '.join(row)} |")


def mean_of(cell: list[dict], column: str) -> str:
    values = [record[column] for record in cell if record.get(column) is not None]
    if not values:
        return "–"
    digits = 1 if column in COSTS else 4
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument(
        "--methods", nargs="+", choices=list(METHODS), default=[each for each in METHODS if each not in ON_DEMAND]
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/features"))
    parser.add_argument("--limit", type=int, help="at most so many images of each label and split, to try it out")
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.cell:
        name, label, seed = options.cell
        run_cell(name, label, int(seed), options.out, options.limit)
        return
    records = []
    for name in options.sets:
        for label in options.methods:
            for seed in options.seeds:
                file = options.out / f"{name}_{slug(label)}_{seed}.json"
                if not file.is_file():
                    command = [sys.executable, __file__, "--out", str(options.out), "--cell", name, label, str(seed)]
                    command += ["--limit", str(options.limit)] if options.limit else []
                    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
                    if subprocess.run(command, env=environment, check=False).returncode:
                        print(f"{name}, {label}, seed {seed} failed", file=sys.stderr)
                        continue
                records.append(json.loads(file.read_text()))
    print_table(records)


if __name__ == "__main__":
    main()
