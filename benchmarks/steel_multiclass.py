"""Does training on classes beat training on their union? S2's table, and what each step beyond it is worth.

    python benchmarks/steel_multiclass.py --data steel-sd900 --seeds 0 1 2 3 4
    python benchmarks/steel_multiclass.py --data magnetic-tile --rows encoder --seeds 0 1 2

with ``BLEMISH_DATA`` and ``BLEMISH_WEIGHTS`` set.

Photos that look the same are kept together (magnetic tiles: by ``groups.csv``), a fifth of the groups is for testing,
another fifth for each seed. The epoch and the threshold are chosen on training photos set aside. "mean IoU" is the mean
of the IoU of defect and the IoU of background, both pooled over all pixels of the test photos, whatever was trained;
"IoU of classes" is the mean over the defect classes. A finished cell is never computed again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
from scipy import stats

import blemish
from blemish.datasets import Dataset, read_dataset, with_duplicate_groups, with_splits
from blemish.detectors import Detector
from blemish.files import write_text
from blemish.images import read_image
from blemish.inspection import choose_split
from blemish.locations import data_dir

from machine import describe_machine

PUBLISHED = {"network": "plain", "loss": "softmax", "learning_rate": 1e-3}
ROWS = {
    "plain CNN": {**PUBLISHED, "network": "cnn", "targets": "union"},
    "binary U-Net": {**PUBLISHED, "targets": "union"},
    "multi-class U-Net": PUBLISHED,
    "encoder": {},
    "encoder, union": {"targets": "union"},
    "encoder, softmax": {"loss": "softmax"},
    "encoder, focal": {"loss": "focal"},
    "encoder, lovasz": {"loss": "lovasz"},
    "encoder, balanced": {"balance": True},
    "encoder, flips": {"flips": True},
}


def read(name: str, seed: int) -> Dataset:
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds steel-sd900/ and magnetic-tile/.")
    return with_splits(with_duplicate_groups(read_dataset(root / name)), test_share=0.2, seed=seed)


def run_cell(name: str, row: str, seed: int, out: Path, extra: dict) -> dict:
    folder = out / name / row.replace(", ", "-").replace(" ", "-")
    record_file = folder / f"seed{seed}.json"
    if record_file.is_file():
        return json.loads(record_file.read_text())
    dataset = read(name, seed)
    file = folder / f"seed{seed}.blemish"
    started = time.perf_counter()
    detector = blemish.train("steel-multiclass", dataset, file, settings={**ROWS[row], **extra}, seed=seed, say=print)
    fit_s = time.perf_counter() - started
    test = choose_split(dataset, "test")
    started = time.perf_counter()
    record = figures(detector, test, dataset.classes) | {
        "n_train": detector.spec.provenance.n_train,
        "n_test": len(test),
        "fit_s": fit_s,
        "images_per_s": len(test) / (time.perf_counter() - started),
        "size_mb": file.stat().st_size / 1e6,
    }
    write_text(record_file, json.dumps(record, indent=1))
    return record


def figures(detector: Detector, test: Dataset, classes: tuple[str, ...]) -> dict:
    """IoU of defect and background, and of each class where the detector tells them apart."""
    overlap, union = np.zeros(2, np.int64), np.zeros(2, np.int64)
    class_overlap, class_union = np.zeros(len(classes), np.int64), np.zeros(len(classes), np.int64)
    for sample in test.samples:
        pixels = read_image(sample.path)
        _, maps = detector.score(pixels)
        truth = sample.read_class_masks(classes, *pixels.shape[:2])
        found = maps >= detector.spec.thresholds.pixel
        if found.ndim == 3:
            class_overlap += (found & truth).sum(axis=(1, 2))
            class_union += (found | truth).sum(axis=(1, 2))
            found = found.any(axis=0)
        for side, (one, other) in enumerate([(found, truth.any(axis=0)), (~found, ~truth.any(axis=0))]):
            overlap[side] += (one & other).sum()
            union[side] += (one | other).sum()
    apart = bool(class_union.any())
    per_class = dict(zip(classes, (class_overlap / np.maximum(class_union, 1)).tolist(), strict=True))
    return {
        "defect_iou": overlap[0] / union[0],
        "mean_iou": float((overlap / union).mean()),
        "class_iou": statistics.mean(per_class.values()) if apart else None,
        "per_class": per_class if apart else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=("steel-sd900", "magnetic-tile"), default="steel-sd900")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS)[:4])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/steel-multiclass"))
    parser.add_argument("--epochs", type=int, help="other than the method's own")
    options = parser.parse_args()
    extra = {"epochs": options.epochs, "patience": options.epochs} if options.epochs else {}
    cells: dict[str, list[dict]] = {}
    # Seed after seed, so that an unfinished run can be compared.
    for seed in options.seeds:
        for row in options.rows:
            cells.setdefault(row, []).append(run_cell(options.data, row, seed, options.out, extra))
    print(f"\n{describe_machine()}\n")
    print(f"| {options.data} | mean IoU | IoU of defect | IoU of classes | fit s | images/s | MB |")
    print("|---" * 7 + "|")
    for row, records in cells.items():
        shown = [spread([record[name] for record in records]) for name in ("mean_iou", "defect_iou", "class_iou")]
        cost = [statistics.mean(record[name] for record in records) for name in ("fit_s", "images_per_s", "size_mb")]
        print(f"| {row} | {' | '.join(shown)} | {cost[0]:.0f} | {cost[1]:.0f} | {cost[2]:.1f} |")
    for row, records in cells.items():
        if records[0]["per_class"]:
            each = (
                f"{name} {spread([record['per_class'][name] for record in records])}"
                for name in records[0]["per_class"]
            )
            print(f"\n{row}: {', '.join(each)}")
    for one, other in (("multi-class U-Net", "binary U-Net"), ("encoder", "encoder, union")):
        if one in cells and other in cells and len(options.seeds) > 1:
            print(f"\n{one} minus {other}, mean IoU: {paired(cells[one], cells[other])}")


def spread(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    return f"{statistics.mean(known):.4f} ± {statistics.stdev(known) if len(known) > 1 else 0:.4f}"


def paired(one: list[dict], other: list[dict]) -> str:
    """Mean difference over seeds with its 95 % confidence interval by Student's t."""
    differences = np.array([a["mean_iou"] - b["mean_iou"] for a, b in zip(one, other, strict=True)])
    low, high = stats.t.interval(0.95, len(differences) - 1, differences.mean(), stats.sem(differences))
    return f"{differences.mean():+.4f}, 95 % confidence {low:+.4f} to {high:+.4f} ({len(differences)} seeds)"


if __name__ == "__main__":
    main()
