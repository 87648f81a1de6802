"""Missing, doubled and displaced parts: patches alone, and patches with counts of visual words.

    python benchmarks/missing_parts.py --seeds 0 1 2 --out benchmarks/out/missing-parts

Drawn arrangements (`blemish.synthesis.arrangements`): 40 normal images to train on, 30 normal ones and 30 with a fault
to test on, for each arrangement and seed. Results are kept by row, so an interrupted run goes on. ``--record NAME``
keeps the table in `benchmarks/results/`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np

import blemish
from blemish.evaluation import auroc
from blemish.images import write_png
from blemish.synthesis.arrangements import ARRANGEMENT_FAULTS, ARRANGEMENTS, LOOSE, Arrangement, draw_arrangement

from machine import describe_machine
from result_files import Column, Row, Spread, Table, record

TRAIN, TEST = 40, 30
WORDS = (0, 12)
SHOWN = {"blister": "blister pack", "board": "board", "connector": "connector", "tray": "loose rings in a tray"}


def run(kind: Arrangement, seed: int, words: int, folder: Path) -> dict[str, float]:
    rng = np.random.default_rng(1000 * seed + ARRANGEMENTS.index(kind))
    for number in range(TRAIN):
        write_png(folder / "train" / "good" / f"{number:02d}.png", draw_arrangement(kind, rng).pixels)
    detector = blemish.train("dino-memory", folder, folder / "part.blemish", settings={"words": words}, seed=seed)
    normal = [detector.score(draw_arrangement(kind, rng).pixels)[0] for _ in range(TEST)]
    faults = [fault for fault in ARRANGEMENT_FAULTS if kind not in LOOSE or fault != "displaced"]
    found: dict[str, list[float]] = {fault: [] for fault in faults}
    for number in range(TEST):
        fault = faults[number % len(faults)]
        found[fault].append(detector.score(draw_arrangement(kind, rng, fault=fault).pixels)[0])
    row = {fault: area(normal, scores) for fault, scores in found.items()}
    return {"all": area(normal, [score for scores in found.values() for score in scores]), **row}


def area(normal: list[float], bad: list[float]) -> float:
    value = auroc(np.array([*normal, *bad]), np.arange(len(normal) + len(bad)) >= len(normal))
    assert value is not None
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/missing-parts"))
    parser.add_argument("--record", metavar="NAME", help="keep the table in benchmarks/results/NAME.json")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows: dict[tuple[str, int], list[dict[str, float]]] = {}
    for seed in options.seeds:
        for kind in ARRANGEMENTS:
            for words in WORDS:
                file = options.out / f"{kind}-{words}-{seed}.json"
                if not file.exists():
                    with tempfile.TemporaryDirectory() as folder:
                        row = run(kind, seed, words, Path(folder))
                    file.write_text(json.dumps(row))
                rows.setdefault((kind, words), []).append(json.loads(file.read_text()))
                print(kind, words, seed, file.read_text(), flush=True)
    print(describe_machine("onnxruntime", "torch", "timm"))
    print("| arrangement | words | AUROC | " + " | ".join(ARRANGEMENT_FAULTS) + " |")
    print("|---|---|---|" + "---|" * len(ARRANGEMENT_FAULTS))
    for (kind, words), each in rows.items():
        cells = [spread([row[name] for row in each if name in row]) for name in ("all", *ARRANGEMENT_FAULTS)]
        print(f"| {kind} | {words or 'none'} | " + " | ".join(cells) + " |")
    if options.record:
        keep(rows, options)


def keep(rows: dict[tuple[str, int], list[dict[str, float]]], options: argparse.Namespace) -> None:
    """The table as a file of `benchmarks/results/`."""
    seeds = tuple(options.seeds)
    kept = [
        Row(
            name=(SHOWN[kind], f"with `words={words}`" if words else "patches alone"),
            cells={
                heading: Spread(values=tuple(row[key] for row in each)) if key in each[0] else None
                for heading, key in {"AUROC": "all", **{fault: fault for fault in ARRANGEMENT_FAULTS}}.items()
            },
            seeds=seeds,
            opened=len(seeds),
        )
        for (kind, words), each in rows.items()
    ]
    headings = ("AUROC", *ARRANGEMENT_FAULTS)
    record(
        options.record,
        "Missing, doubled and displaced parts",
        f"drawn arrangements: {TRAIN} normal images to learn from, {TEST} + {TEST} to test on",
        [f"python benchmarks/missing_parts.py --seeds {' '.join(map(str, seeds))}"],
        {"faults": Table(stub=("", ""), columns=tuple(Column(name=name) for name in headings), rows=tuple(kept))},
        machine=describe_machine("onnxruntime", "torch", "timm"),
    )


def spread(values: list[float]) -> str:
    if not values:
        return "–"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values) if len(values) > 1 else 0:.3f}"


if __name__ == "__main__":
    main()
