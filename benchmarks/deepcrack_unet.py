"""The supervised U-Net on DeepCrack: trained on the 300 images, figures on the 237 untouched ones, several seeds.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/deepcrack_unet.py --seeds 0 1 2 --out benchmarks/out/deepcrack

Every threshold and the epoch to keep are chosen on images set aside from the 300. A finished seed is never computed
again, so a killed run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import blemish
from blemish.files import write_text
from blemish.locations import data_dir
from blemish.training.recipes import parse_assignments

from machine import describe_machine

FIGURES = ("f1", "f1_2px", "precision", "recall", "iou", "average_precision", "auroc")


def run_seed(seed: int, folder: Path, settings: dict, data: Path) -> dict:
    """Train and evaluate once, or read the figures of an earlier run."""
    record_file = folder / f"seed{seed}.json"
    if record_file.is_file():
        return json.loads(record_file.read_text())
    file = folder / f"seed{seed}.blemish"
    started = time.perf_counter()
    detector = blemish.train("unet", data, file, settings=settings, seed=seed, say=print)
    fit_s = time.perf_counter() - started
    started = time.perf_counter()
    record = blemish.evaluate(data, detector=detector).metrics.details() | {
        "seed": seed,
        "fit_s": fit_s,
        "evaluate_s": time.perf_counter() - started,
        "size_mb": file.stat().st_size / 1e6,
        "pixel_threshold": detector.spec.thresholds.pixel,
    }
    write_text(record_file, json.dumps(record, indent=1))
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/deepcrack"))
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds deepcrack/.")
    settings = parse_assignments(options.assignments)
    records = [run_seed(seed, options.out, settings, root / "deepcrack") for seed in options.seeds]
    print(f"\n{describe_machine()}\n")
    print("| seed | " + " | ".join(FIGURES) + " | fit s | MB |")
    print("|---" * (len(FIGURES) + 3) + "|")
    for record in records:
        row = " | ".join(f"{record['pixel'][name]:.4f}" for name in FIGURES)
        print(f"| {record['seed']} | {row} | {record['fit_s']:.0f} | {record['size_mb']:.1f} |")
    if len(records) > 1:
        cells = []
        for name in FIGURES:
            values = [record["pixel"][name] for record in records]
            cells.append(f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}")
        print(f"| mean ± sd | {' | '.join(cells)} | | |")


if __name__ == "__main__":
    main()
