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
from result_files import Column, Row, Spread, Table, record

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
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds deepcrack/.")
    settings = parse_assignments(options.assignments)
    records = [run_seed(seed, options.out, settings, root / "deepcrack") for seed in options.seeds]
    print(f"\n{describe_machine()}\n")
    print("| seed | " + " | ".join(FIGURES) + " | fit s | MB |")
    print("|---" * (len(FIGURES) + 3) + "|")
    for one in records:
        row = " | ".join(f"{one['pixel'][name]:.4f}" for name in FIGURES)
        print(f"| {one['seed']} | {row} | {one['fit_s']:.0f} | {one['size_mb']:.1f} |")
    if len(records) > 1:
        cells = []
        for name in FIGURES:
            values = [one["pixel"][name] for one in records]
            cells.append(f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}")
        print(f"| mean ± sd | {' | '.join(cells)} | | |")
    if options.record:
        keep(options, records)


def keep(options: argparse.Namespace, records: list[dict]) -> None:
    """The figures as a result file."""
    names = ("F1", "F1 within 2 px", "precision", "recall", "IoU", "AP", "AUROC")
    cells = {
        name: Spread(values=tuple(one["pixel"][figure] for one in records))
        for name, figure in zip(names, FIGURES, strict=True)
    }
    cells["fit, s"] = Spread(values=tuple(one["fit_s"] for one in records))
    cells["file, MB"] = Spread(values=tuple(one["size_mb"] for one in records))
    digits = {"fit, s": 0, "file, MB": 1}
    columns = tuple(Column(name=name, digits=digits.get(name, 4)) for name in cells)
    seeds = tuple(one["seed"] for one in records)
    row = Row(name=("all",), cells=cells, seeds=seeds, opened=len(seeds))
    given = " ".join(map(str, seeds))
    record(
        options.record,
        "U-Net on DeepCrack",
        "DeepCrack at 256 × 256: 300 training images (270 to learn from, 30 held out for the epoch and the threshold), "
        "237 test images",
        [f"python benchmarks/deepcrack_unet.py --seeds {given} --record {options.record}"],
        {"unet": Table(stub=("seed",), columns=columns, rows=(row,), by_seed="rows")},
    )


if __name__ == "__main__":
    main()
