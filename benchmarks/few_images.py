"""AUROC over the number of normal images to learn from: `dino-memory` beside `patchcore` and `padim`.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/few_images.py --out benchmarks/out/few
    python benchmarks/few_images.py --sets chest-xray --counts 8 60 --methods dino-memory --seeds 0

A draw is a seed: it chooses the images to learn from and, where the test split is larger, `TESTED` images of either
kind to test on, the same for every method and number. Sets and splits are those of `feature_methods.py`; magnetic
tiles are split with groups kept whole. Every method has its default settings, and `dino-memory` also those for fine
defects. One cell is one method on one set with one number of images and one seed; a finished cell is never computed
again. ``full`` takes every normal training image.

At the end a table is printed, and the curves are drawn to ``few-images.png`` in the folder. ``--record NAME`` keeps the
figures in `benchmarks/results/`, with ``--timed`` also times and sizes: give it where nothing else ran on the machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np

import blemish
from blemish.datasets import Dataset, Sample
from blemish.errors import BlemishError
from blemish.evaluation import auroc
from blemish.evaluation.delong import areas
from blemish.files import write_text
from blemish.images import read_image
from blemish.reports.png_figure import OTHERS, png_figure

from feature_methods import read_set, slug
from machine import describe_machine
from result_files import Column, Row, Spread, Table, record

SETS = ("chest-xray", "casting", "brickwork", "magnetic-tile-grouped")
SHOWN = {
    "chest-xray": "X-rays of chests",
    "casting": "castings",
    "brickwork": "brickwork",
    "magnetic-tile-grouped": "magnetic tiles, groups kept whole",
}
# For small defects of a surface: the highest patch alone, chosen on development images of magnetic tiles.
FINE = {"size_px": 448, "projection": "none", "blocks": [5, 7, 9], "mean_weight": 0, "score_fraction": 0.001}
METHODS: dict[str, tuple[str, dict]] = {
    "dino-memory": ("dino-memory", {}),
    "dino-memory, fine": ("dino-memory", FINE),
    "patchcore": ("patchcore", {}),
    "padim": ("padim", {}),
}
Cells = dict[tuple[str, str, str], dict[int, dict]]
"""By set, number and method: what was measured, by seed."""
COUNTS = ("1", "2", "4", "8", "16", "60", "full")
TESTED = 100
TICKS = (1, 4, 16, 60, 250, 1000)


def drawn(dataset: Dataset, count: str, seed: int, tested: int) -> tuple[Dataset, list[Sample]] | None:
    """Training images, and images to test on; None where there are not so many to train on."""
    rng = Random(seed)
    fitted = sorted((one for one in dataset.split("train").samples if not one.defective), key=lambda one: one.path)
    tests: list[Sample] = []
    for kind in (False, True):
        of_kind = sorted((one for one in dataset.split("test").samples if one.defective is kind), key=lambda o: o.path)
        tests += rng.sample(of_kind, min(tested, len(of_kind)))
    rng.shuffle(fitted)
    if count != "full":
        if int(count) > len(fitted):
            return None
        fitted = fitted[: int(count)]
    # Without masks and groups: both have done their work in the split.
    return replace(dataset, samples=tuple(replace(one, group=None, masks=None) for one in fitted)), tests


def measure(name: str, count: str, method: str, seed: int, options: argparse.Namespace) -> dict | None:
    found = drawn(read_set(name, seed, options.out), count, seed, options.tested)
    if found is None:
        return None
    data, tests = found
    trained, settings = METHODS[method]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        try:
            detector = blemish.train(trained, data, Path(folder) / "detector.blemish", settings=settings, seed=seed)
        except BlemishError as error:
            return {"failed": str(error)}
        fit_s = time.perf_counter() - started
        started = time.perf_counter()
        scores = [detector.score(read_image(one.path))[0] for one in tests]
        score_ms = (time.perf_counter() - started) / len(tests) * 1000
        file_mb = (Path(folder) / "detector.blemish").stat().st_size / 1e6
    defective = [bool(one.defective) for one in tests]
    area = auroc(scores, defective)
    normal = np.array([score for score, bad in zip(scores, defective, strict=True) if not bad])
    return {
        "auroc": area,
        "n_train": len(data),
        "n_test": [len(normal), len(tests) - len(normal)],
        "fit_s": fit_s,
        "score_ms": score_ms,
        "file_mb": file_mb,
        "scores": scores,
        "defective": defective,
        "machine": describe_machine("onnxruntime", "torch", "timm"),
    }


def draw_curves(cells: Cells, target: Path) -> None:
    """One panel for each set, one line for each method; bars are the standard deviation over draws."""
    names = [name for name in SETS if any(key[0] == name for key in cells)]
    with png_figure(target, width_in=2.6 * len(names) + 0.6, height_in=3.2) as figure:
        every = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, name in zip(every, names, strict=True):
            for method, colour in zip(METHODS, OTHERS, strict=False):
                rows = [
                    (statistics.mean(one["n_train"] for one in cell.values()), areas_of(cell))
                    for (where, _, what), cell in cells.items()
                    if (where, what) == (name, method)
                ]
                if not rows:
                    continue
                rows.sort()
                means = [statistics.mean(values) for _, values in rows]
                spreads = [statistics.stdev(values) if len(values) > 1 else 0.0 for _, values in rows]
                axes.errorbar(
                    [n for n, _ in rows], means, spreads, marker="o", ms=3, lw=1.2, color=colour, label=method
                )
            axes.set(title=SHOWN[name].split(",")[0], xscale="log", xlim=(0.8, 3000), xlabel="normal images")
            axes.set_xticks(TICKS, [str(tick) for tick in TICKS])
            axes.minorticks_off()
            axes.grid(axis="y", color="#e3e6ea")
        every[0].set(ylabel="image AUROC")
        every[-1].legend(loc="lower right", fontsize=7)


def areas_of(cell: dict[int, dict]) -> list[float]:
    return [one["auroc"] for one in cell.values()]


def beside(cells: Cells, methods: Sequence[str]) -> Table:
    """AUROC of several methods on the same draws; a row for each set and number that the first of them has."""
    rows = []
    for name, count in dict.fromkeys((name, count) for name, count, _ in sorted(cells, key=_order)):
        found = {method: cells[name, count, method] for method in methods if (name, count, method) in cells}
        seeds = tuple(seed for seed in found.get(methods[0], {}) if all(seed in cell for cell in found.values()))
        if not seeds:
            continue
        values = {method: tuple(cell[seed]["auroc"] for seed in seeds) for method, cell in found.items()}
        means = {method: round(statistics.mean(each), 3) for method, each in values.items()}
        best = max(means.values()) if len(means) > 1 else None
        shown = {one: Spread(values=values[one], bold=means[one] == best) if one in found else None for one in methods}
        images = f"{found[methods[0]][seeds[0]]['n_train']:,}"
        rows.append(Row(name=(SHOWN[name], images), cells=shown, seeds=seeds, opened=len(seeds)))
    return Table(stub=("", "images"), columns=tuple(Column(name=method) for method in methods), rows=tuple(rows))


def costs(cells: Cells) -> Table:
    """Times and sizes of each method, on the first draw."""
    columns = {"fit_s": ("fit, s", 1), "score_ms": ("ms an image", 0), "file_mb": ("MB", 1)}
    rows = []
    for (name, _, method), cell in sorted(cells.items(), key=lambda each: _order(each[0])):
        first = next(iter(cell.values()))
        figures: dict[str, float] = {heading: first[key] for key, (heading, _) in columns.items()}
        rows.append(
            Row(name=(SHOWN[name], f"{first['n_train']:,}", method), cells={"AUROC": first["auroc"], **figures})
        )
    shown = (Column(name="AUROC"), *(Column(name=name, digits=digits) for name, digits in columns.values()))
    return Table(stub=("", "images", "method"), columns=shown, rows=tuple(rows))


def _order(key: tuple[str, str, str]) -> tuple[int, int, int]:
    name, count, method = key
    return SETS.index(name), COUNTS.index(count), list(METHODS).index(method)


def keep(cells: Cells, options: argparse.Namespace) -> None:
    """The figures as a file of `benchmarks/results/`."""
    tables = {"defaults": beside(cells, [one for one in METHODS if "fine" not in one])}
    fine = {key: cell for key, cell in cells.items() if (*key[:2], "dino-memory, fine") in cells}
    tables |= {"fine": beside(fine, ["dino-memory", "dino-memory, fine"])}
    if options.timed:
        tables = {"costs": costs(cells)}
    record(
        options.record,
        "AUROC over the number of normal images to learn from",
        f"sets and splits of feature_methods.py; {options.tested} test images of either kind at most, drawn by the "
        "seed, the same for every method and number",
        [f"python benchmarks/few_images.py --tested {options.tested} --out benchmarks/out/few"],
        {name: table for name, table in tables.items() if table.rows},
        machine=next(one["machine"] for cell in cells.values() for one in cell.values()),
    )


def print_table(cells: Cells) -> None:
    for machine in dict.fromkeys(one["machine"] for cell in cells.values() for one in cell.values()):
        print(f"\n{machine}")
    print("\n| set | images | method | draws | test | AUROC | 95 % of the first draw | fit, s | ms | MB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for (name, _, method), cell in cells.items():
        first = next(iter(cell.values()))
        found = areas(first["scores"], np.array(first["defective"]))
        interval = found.mean() if found is not None else None
        said = "–" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"
        means = " | ".join(
            f"{statistics.mean(one[cost] for one in cell.values()):.1f}" for cost in ("fit_s", "score_ms", "file_mb")
        )
        values = areas_of(cell)
        spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
        tests = f"{first['n_test'][0]} + {first['n_test'][1]}"
        print(
            f"| {name} | {first['n_train']} | {method} | {len(cell)} | {tests} "
            f"| {statistics.mean(values):.3f}{spread} | {said} | {means} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--counts", nargs="+", choices=COUNTS, default=["8", "60", "full"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--tested", type=int, default=TESTED, help="test images of either kind, at most")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/few"))
    parser.add_argument("--tables", action="store_true", help="compute nothing, show what is there")
    parser.add_argument("--record", metavar="NAME", help="keep the figures in benchmarks/results/NAME.json")
    parser.add_argument("--timed", action="store_true", help="times and sizes are recorded, in place of curves")
    options = parser.parse_args()
    cells: Cells = {}
    for count in options.counts:
        for seed in options.seeds:
            for name in options.sets:
                for method in options.methods:
                    file = options.out / f"{name}_{count}_{slug(method)}_{seed}.json"
                    if not file.is_file():
                        if options.tables:
                            continue
                        write_text(file, json.dumps(measure(name, count, method, seed, options), indent=1))
                    found = json.loads(file.read_text())
                    if found is not None and "auroc" in found:
                        cells.setdefault((name, count, method), {})[seed] = found
                    print(name, count, method, seed, found and (found.get("auroc") or found["failed"]), flush=True)
    print_table(cells)
    draw_curves(cells, options.out / "few-images.png")
    if options.record:
        keep(cells, options)


if __name__ == "__main__":
    main()
