"""Ranking metrics over 100 million pixels: time and memory beside scikit-learn and torchmetrics.

    python benchmarks/metrics_speed.py --out benchmarks/out/metrics_speed

Anomaly maps of 500 × 500 px are drawn image by image, seeded, one in five with a defect. Each way runs in a process of
its own and gives AUROC and average precision of all pixels; ours gives AUPRO, best F1 and F1 within 2 px besides.
Drawing is not timed. The rivals must hold all pixels at once and sort them; they run at the sizes of --rivals, and
ratios are taken there. A finished run is never repeated.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from blemish.evaluation.pixels import PixelMetrics
from blemish.files import write_text

from machine import describe_machine
from result_files import Column, Row, Table, record

SIDE_PX = 500
DEFECT_PX = 60
WAYS = ("blemish", "blemish, ranking only", "scikit-learn", "torchmetrics")


def images(n_px: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Anomaly map float32 and truth bool, (500, 500) each."""
    rng = np.random.default_rng(0)
    for number in range(n_px // SIDE_PX**2):
        truth = np.zeros((SIDE_PX, SIDE_PX), np.bool_)
        anomaly = rng.standard_normal((SIDE_PX, SIDE_PX), np.float32)
        if number % 5 == 0:
            y, x = rng.integers(0, SIDE_PX - DEFECT_PX, 2)
            truth[y : y + DEFECT_PX, x : x + DEFECT_PX] = True
            anomaly[truth] += 2.0
        yield anomaly, truth


def ours(n_px: int, *, ranking_only: bool) -> tuple[float, dict]:
    """Streamed: what is timed is everything but the drawing."""
    metrics = PixelMetrics()
    spent = 0.0
    for anomaly, truth in images(n_px):
        started = time.perf_counter()
        metrics.add(anomaly, truth, None if ranking_only else anomaly >= 2.0)
        spent += time.perf_counter() - started
    started = time.perf_counter()
    found = metrics.result()
    figures = {**found.to_record(), **found.details()}
    spent += time.perf_counter() - started
    return spent, {name: figures[name] for name in ("auroc", "average_precision", "aupro", "best_f1", "f1_2px")}


def gathered(n_px: int) -> tuple[np.ndarray, np.ndarray]:
    """All pixels in two arrays, as the rivals want them."""
    scores, truth = np.empty(n_px, np.float32), np.empty(n_px, np.bool_)
    for number, (anomaly, mask) in enumerate(images(n_px)):
        place = slice(number * SIDE_PX**2, (number + 1) * SIDE_PX**2)
        scores[place], truth[place] = anomaly.ravel(), mask.ravel()
    return scores, truth


def scikit_learn(n_px: int) -> tuple[float, dict]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    scores, truth = gathered(n_px)
    started = time.perf_counter()
    found = {
        "auroc": float(roc_auc_score(truth, scores)),
        "average_precision": float(average_precision_score(truth, scores)),
    }
    return time.perf_counter() - started, found


def torchmetrics(n_px: int) -> tuple[float, dict]:
    import torch
    from torchmetrics.functional.classification import binary_auroc, binary_average_precision

    scores, truth = (torch.from_numpy(each) for each in gathered(n_px))
    # Scores outside [0, 1] go through a sigmoid first, which merges large ones: given inside the interval instead.
    scores = (scores - scores.min()) / (scores.max() - scores.min())
    started = time.perf_counter()
    found = {
        "auroc": float(binary_auroc(scores, truth.long())),
        "average_precision": float(binary_average_precision(scores, truth.long())),
    }
    return time.perf_counter() - started, found


def run_one(way: str, n_px: int) -> dict:
    """In this process."""
    if way.startswith("blemish"):
        seconds, found = ours(n_px, ranking_only=way != "blemish")
    else:
        seconds, found = {"scikit-learn": scikit_learn, "torchmetrics": torchmetrics}[way](n_px)
    return {"way": way, "n_px": n_px, "seconds": seconds, "peak_mib": peak_mib(), "figures": found}


def peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=float, default=1e8, help="for ours")
    parser.add_argument("--rivals", type=float, nargs="+", default=[1e7], help="sizes at which all run")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/metrics_speed"))
    parser.add_argument("--one", nargs=2, metavar=("WAY", "N"), help=argparse.SUPPRESS)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(run_one(options.one[0], int(options.one[1]))))
        return
    wanted = [(way, int(n)) for n in options.rivals for way in WAYS]
    wanted += [(way, int(options.pixels)) for way in WAYS[:2] if int(options.pixels) not in map(int, options.rivals)]
    records = []
    for way, n_px in wanted:
        n_px -= n_px % SIDE_PX**2
        file = options.out / f"{way.replace(' ', '-').replace(',', '')}-{n_px}.json"
        if not file.is_file():
            done = subprocess.run(
                [sys.executable, __file__, "--one", way, str(n_px)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                # What cannot is part of the result: most often memory ran out.
                last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
                write_text(file, json.dumps({"way": way, "n_px": n_px, "error": last}))
            else:
                write_text(file, done.stdout)
        records.append(json.loads(file.read_text()))
    print(f"{describe_machine('numpy', 'scikit-learn', 'torchmetrics', 'torch')}\n")
    print("| pixels | way | s | times ours | peak MiB | AUROC | AP |\n|---|---|---|---|---|---|---|")
    base = {
        one["n_px"]: one["seconds"] for one in records if one["way"] == "blemish, ranking only" and "seconds" in one
    }
    for one in records:
        if "error" in one:
            print(f"| {one['n_px']:.0e} | {one['way']} | {one['error']} | | | | |")
            continue
        ratio, found = one["seconds"] / base[one["n_px"]], one["figures"]
        print(
            f"| {one['n_px']:.0e} | {one['way']} | {one['seconds']:.1f} | {ratio:.1f} | {one['peak_mib']:.0f} "
            f"| {found['auroc']:.6f} | {found['average_precision']:.6f} |"
        )
    if options.record:
        keep(options, [one for one in records if "error" not in one], base)


def keep(options: argparse.Namespace, records: list[dict], base: dict[int, float]) -> None:
    """The figures as a result file: ours at the largest size, others beside our ranking at the largest of theirs."""
    most, of_all = max(one["n_px"] for one in records), max(int(n) - int(n) % SIDE_PX**2 for n in options.rivals)
    names = {"blemish": "all", "blemish, ranking only": "ranking only (AUROC, AP)"}
    ours = [
        Row(name=(names[one["way"]],), cells={"s": one["seconds"], "peak MiB": one["peak_mib"]})
        for one in records
        if one["way"] in names and one["n_px"] == most
    ]
    ratio = Column(name="times as long as ours", digits=1)
    others = [
        Row(name=(one["way"],), cells={ratio.name: one["seconds"] / base[of_all]})
        for one in records
        if one["way"] not in names and one["n_px"] == of_all
    ]
    columns = (Column(name="s", digits=1), Column(name="peak MiB", digits=0))
    tables = {"ours": Table(stub=("figures",), columns=columns, rows=tuple(ours))}
    if others:
        tables["others"] = Table(
            stub=(f"the same figures on {of_all:,} pixels by",), columns=(ratio,), rows=tuple(others)
        )
    record(
        options.record,
        "Figures over many pixels",
        f"drawn maps of {SIDE_PX} × {SIDE_PX} px, {most:,} pixels in all, one in five maps with a defect",
        [
            f"OMP_NUM_THREADS=1 python benchmarks/metrics_speed.py --pixels {options.pixels:g} "
            f"--rivals {' '.join(f'{n:g}' for n in options.rivals)} --record {options.record}"
        ],
        tables,
        machine=describe_machine("numpy", "scikit-learn", "torchmetrics", "torch"),
    )


if __name__ == "__main__":
    main()
