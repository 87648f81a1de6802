"""The crack classifier on brick walls and on tiles of DeepCrack: variants of the network, several seeds.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/crack_classifier.py --data brickwork --seeds 0 1 2
    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/crack_classifier.py --data tiles --seeds 0 1 2

Brickwork has no split of its own: photos that look the same are kept together, and a fifth of the groups, another one
for each seed, is for testing. Tiles are cut from DeepCrack's training photos for training and from its test photos for
testing, and tiles of one photo stay together. The epoch and the threshold are chosen on training photos set aside.
A finished cell is never computed again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import blemish
from blemish.datasets import Dataset, cut_tiles, read_dataset, with_duplicate_groups, with_splits
from blemish.evaluation import Evaluation
from blemish.files import write_text
from blemish.inspection import choose_split, evaluate_each
from blemish.locations import data_dir

from machine import describe_machine

# ResNet-18's pretrained weights cannot be had without the hub: here it starts from nothing.
VARIANTS = {
    "mobilenet_v2": {"encoder": "mobilenet_v2"},
    "mobilenet_v2, untrained": {"encoder": "mobilenet_v2", "pretrained": False},
    "resnet18, untrained": {"encoder": "resnet18", "pretrained": False},
    "resnet18 3x3, untrained": {"encoder": "resnet18", "pretrained": False, "small_stem": True},
}
SIZES_PX = {"brickwork": 224, "tiles": 64}
FIGURES = ("auroc", "average_precision", "accuracy", "precision", "recall", "f1")


def read(name: str, seed: int, out: Path) -> Dataset:
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds brickwork/ and deepcrack/.")
    if name == "brickwork":
        return with_splits(with_duplicate_groups(read_dataset(root / "brickwork")), test_share=0.2, seed=seed)
    tiles = out / "tiles-64"
    if not tiles.is_dir():
        print(cut_tiles(read_dataset(root / "deepcrack"), tiles, tile_px=64))
    return read_dataset(tiles)


def run_cell(name: str, variant: str, seed: int, out: Path, extra: dict) -> dict:
    folder = out / name / variant.replace(", ", "-").replace(" ", "-")
    record_file = folder / f"seed{seed}.json"
    if record_file.is_file():
        return json.loads(record_file.read_text())
    dataset = read(name, seed, out)
    settings = {**VARIANTS[variant], "size_px": SIZES_PX[name], **extra}
    started = time.perf_counter()
    detector = blemish.train(
        "crack-classifier", dataset, folder / f"seed{seed}.blemish", settings=settings, seed=seed, say=print
    )
    fit_s = time.perf_counter() - started
    evaluation = Evaluation(reject=detector.spec.thresholds.reject)
    test = choose_split(dataset, "test")
    started = time.perf_counter()
    for _ in evaluate_each(detector, test, evaluation):
        pass
    record = {
        "image": evaluation.result().to_record()["image"],
        "n_train": detector.spec.provenance.n_train,
        "n_test": len(test),
        "fit_s": fit_s,
        "images_per_s": len(test) / (time.perf_counter() - started),
        "size_mb": (folder / f"seed{seed}.blemish").stat().st_size / 1e6,
    }
    write_text(record_file, json.dumps(record, indent=1))
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=list(SIZES_PX), default="brickwork")
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=["mobilenet_v2"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/crack-classifier"))
    parser.add_argument("--epochs", type=int, help="other than the method's own")
    options = parser.parse_args()
    extra = {"epochs": options.epochs} if options.epochs else {}
    rows = []
    for variant in options.variants:
        records = [run_cell(options.data, variant, seed, options.out, extra) for seed in options.seeds]
        cells = [spread([record["image"][name] for record in records]) for name in FIGURES]
        cost = [statistics.mean(record[name] for record in records) for name in ("fit_s", "images_per_s", "size_mb")]
        rows.append(f"| {variant} | {' | '.join(cells)} | {cost[0]:.0f} | {cost[1]:.0f} | {cost[2]:.1f} |")
    print(f"\n{describe_machine()}\n\n| {options.data} | " + " | ".join(FIGURES) + " | fit s | images/s | MB |")
    print("|---" * (len(FIGURES) + 4) + "|")
    print("\n".join(rows))


def spread(values: list[float]) -> str:
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4f} ± {sd:.4f}"


if __name__ == "__main__":
    main()
