"""The feature methods on five real sets: trained on sound photos alone, measured on photos they have never seen.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/feature_methods.py --out benchmarks/out/features
    python benchmarks/feature_methods.py --sets chest-xray brickwork --methods patchcore --seeds 0

One cell is one method on one set with one seed, in a process of its own. A finished cell is never computed again, so a
killed run goes on where it was. The sets:

- ``casting``: 2,875 sound pump impellers to learn from; 262 + 453 to test, also without the test photos that stand byte
  for byte among the training photos.
- ``magnetic-tile``: the published protocol, 80 % of the 952 free tiles to learn from, the others and all 392 defects to
  test. ``magnetic-tile-grouped``: the same with photos of one tile (groups.csv) kept on one side.
- ``chest-xray``: 70 normal ones to learn from, 20 + 26 to test.
- ``brickwork``: 250 sound walls to learn from, near-duplicates kept on one side; the other sound ones and all cracked
  ones to test.
- ``deepcrack-tiles``: tiles of 64 px, those for learning from the training photos, those for the test from the others.

Of the sound photos to learn from, a fifth is set aside by the training to choose thresholds. Every set gets the default
settings. Those of patchcore (whitened features, 20 patches) were chosen on photos of the training splits that the fit
had not seen, by their training labels: castings (120 + 120), chest X-rays (25 + 60, none that stands in the test split)
and DeepCrack tiles (500). On free magnetic tiles with painted defects (60 + 100), 384 px with strides 4, 8 and 16 did
no better than the default, and local contrast worse.
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
from dataclasses import replace
from pathlib import Path

import numpy as np

import blemish
from blemish.datasets import (
    Dataset,
    Sample,
    cut_tiles,
    hold_out,
    photo_digests,
    read_dataset,
    with_duplicate_groups,
)
from blemish.evaluation import Evaluation, auroc
from blemish.files import write_text
from blemish.inspection import evaluate_each
from blemish.locations import data_dir

from machine import describe_machine

METHODS = {
    "patchcore": ("patchcore", {}),
    "patchcore, no weights": ("patchcore", {"backbone": "scattering"}),
    "padim": ("padim", {}),
    "patch-gaussian": ("patch-gaussian", {}),
    "pca": ("pca", {}),
    "one-class-svm": ("one-class-svm", {}),
    "deep-svdd": ("deep-svdd", {}),
}

COLUMNS = ("auroc", "ap", "pixel_auroc", "pixel_ap", "aupro", "fit_s", "images_s", "file_mb", "peak_mb")


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
    dataset = replace(dataset, samples=tuple(replace(sample, group=None) for sample in dataset.samples))
    return set_split(dataset, lambda sample: sample.path in chosen)


def brickwork(root: Path, seed: int) -> Dataset:
    dataset = read_dataset(root / "brickwork")
    dataset = with_duplicate_groups(dataset)
    sound = dataset.where(lambda sample: not sample.defective)
    with_cracks = {sample.group for sample in dataset.samples if sample.defective and sample.group}
    free, _ = hold_out(sound, 100 / 350, seed)
    chosen = {sample.path for sample in free.samples if sample.group not in with_cracks}
    return set_split(dataset, lambda sample: sample.path in chosen)


def deepcrack_tiles(root: Path, out: Path) -> Dataset:
    folder = out / "deepcrack-tiles-64"
    if not folder.is_dir():
        counted = cut_tiles(read_dataset(root / "deepcrack"), folder, tile_px=64, defect_label="crack")
        print(dict(counted.counts), counted.left_out)
    return read_dataset(folder)


def read_set(name: str, seed: int, out: Path) -> Dataset:
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


SETS = ("chest-xray", "brickwork", "deepcrack-tiles", "casting", "magnetic-tile", "magnetic-tile-grouped")


def run_cell(name: str, label: str, seed: int, out: Path) -> dict:
    dataset = read_set(name, seed, out)
    method, settings = METHODS[label]
    file = out / f"{name}_{slug(label)}_{seed}.blemish"
    started = time.perf_counter()
    detector = blemish.train(method, dataset, file, settings=settings, seed=seed, say=print)
    fit_s = time.perf_counter() - started
    test = dataset.split("test")
    evaluation = Evaluation(reject=detector.spec.thresholds.reject)
    scores, labels = [], []
    started = time.perf_counter()
    for answer in evaluate_each(detector, test, evaluation):
        scores.append(answer.found.score)
        labels.append(answer.sample.label if answer.sample.defective else "")
    evaluate_s = time.perf_counter() - started
    figures = evaluation.result().details()
    values, bad = np.array(scores), np.array([label != "" for label in labels])
    classes = {
        kind: auroc(values[~bad | (np.array(labels) == kind)], bad[~bad | (np.array(labels) == kind)])
        for kind in sorted(set(labels) - {""})
    }
    known = set(detector.spec.provenance.photos)
    fresh = np.array([digest not in known for digest in photo_digests(test)])
    record = {
        "set": name,
        "method": label,
        "seed": seed,
        "settings": detector.spec.settings,
        "n_train": detector.spec.provenance.n_train,
        "n_test": [int((~bad).sum()), int(bad.sum())],
        "auroc": figures["image"]["auroc"],
        "ap": figures["image"]["average_precision"],
        "auroc_without_leaks": auroc(values[fresh], bad[fresh]),
        "n_leaked": int((~fresh).sum()),
        "auroc_by_class": classes,
        "false_alarm_rate": figures["image"]["false_alarm_rate"],
        "recall": figures["image"]["recall"],
        "pixel_auroc": figures["pixel"]["auroc"] if any(sample.masks for sample in test.samples) else None,
        "pixel_ap": figures["pixel"]["average_precision"] if any(sample.masks for sample in test.samples) else None,
        "aupro": figures["pixel"]["aupro"],
        "fit_s": fit_s,
        "images_s": len(test) / evaluate_s,
        "file_mb": file.stat().st_size / 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "worst": worst(answer_paths(test), values, bad),
    }
    write_text(out / f"{name}_{slug(label)}_{seed}.json", json.dumps(record, indent=1))
    return record


def answer_paths(dataset: Dataset) -> list[str]:
    return [str(sample.path.relative_to(dataset.root)) for sample in dataset.samples]


def worst(paths: list[str], scores: np.ndarray, bad: np.ndarray, count: int = 8) -> dict[str, list[str]]:
    """The sound photos that score highest and the defective ones that score lowest: what failure pictures show."""
    order = np.argsort(scores)
    return {
        "false_alarms": [paths[i] for i in order[::-1] if not bad[i]][:count],
        "missed": [paths[i] for i in order if bad[i]][:count],
    }


def slug(label: str) -> str:
    return label.replace(", ", "_").replace(" ", "-")


def print_table(records: list[dict]) -> None:
    print(f"\n{describe_machine('torch', 'onnxruntime', 'timm')}\n")
    print("| set | method | seeds | train | test | " + " | ".join(COLUMNS) + " | without leaks |")
    print("|---" * (len(COLUMNS) + 6) + "|")
    for key in dict.fromkeys((record["set"], record["method"]) for record in records):
        cell = [record for record in records if (record["set"], record["method"]) == key]
        row = [mean_of(cell, column) for column in (*COLUMNS, "auroc_without_leaks")]
        counts = f"{cell[0]['n_train']} | {cell[0]['n_test'][0]} + {cell[0]['n_test'][1]}"
        print(f"| {key[0]} | {key[1]} | {len(cell)} | {counts} | {' | '.join(row)} |")
    for record in records:
        if len(record["auroc_by_class"]) > 1:
            by_class = ", ".join(f"{kind} {value:.3f}" for kind, value in record["auroc_by_class"].items())
            print(f"{record['set']}, {record['method']}, seed {record['seed']}: {by_class}")


def mean_of(cell: list[dict], column: str) -> str:
    values = [record[column] for record in cell if record[column] is not None]
    if not values:
        return "–"
    digits = 1 if column in ("fit_s", "images_s", "file_mb", "peak_mb") else 4
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/features"))
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.cell:
        name, label, seed = options.cell
        run_cell(name, label, int(seed), options.out)
        return
    records = []
    for name in options.sets:
        for label in options.methods:
            for seed in options.seeds:
                file = options.out / f"{name}_{slug(label)}_{seed}.json"
                if not file.is_file():
                    command = [sys.executable, __file__, "--out", str(options.out), "--cell", name, label, str(seed)]
                    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
                    if subprocess.run(command, env=environment, check=False).returncode:
                        print(f"{name}, {label}, seed {seed} failed", file=sys.stderr)
                        continue
                records.append(json.loads(file.read_text()))
    print_table(records)


if __name__ == "__main__":
    main()
