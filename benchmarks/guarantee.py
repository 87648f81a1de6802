"""Does the guarantee hold? Real scores are dealt out anew 2,000 times, ours beside what others do.

    BLEMISH_DATA=… python benchmarks/guarantee.py                                # magnetic tiles, a simple statistic
    python benchmarks/guarantee.py --detector concrete-crack --data metu/        # scores of a detector, unseen images
    python benchmarks/guarantee.py --train patchcore --data casting/             # a detector trained here, on 60 images
    python benchmarks/guarantee.py --scores scores.json                          # {"good": […], "defective": […]}

Each run deals the normal images out: some calibrate, all others test, and no image does both. One image is taken of
each group, since a guarantee counts parts and not images. A guarantee "with 95 % confidence" may be broken in at most
5 % of calibrations. The false-alarm rate of a run is counted on a finite number of test images, and so exceeds alpha by
chance too: "expected" is how often it would on so many test images with an exact guarantee (negative hypergeometric);
2,000 runs tell the difference to within 1 % (two standard errors).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from scipy import stats

import blemish
from blemish.calibration import (
    Drift,
    ThresholdRule,
    guaranteed_threshold,
    images_needed,
    marginal_threshold,
    p_values,
)
from blemish.calibration.scores import just_above
from blemish.datasets import Dataset, Sample, image_digests, read_dataset
from blemish.detectors import load, source_of
from blemish.errors import DataError
from blemish.evaluation import best_f1
from blemish.files import write_text
from blemish.images import read_image
from blemish.inspection.stream import inspect_stream
from blemish.locations import data_dir

from machine import describe_machine
from result_files import RESULTS, Column, Row, Table, read_result, record

ALPHAS = (0.1, 0.05, 0.02)
CONFIDENCE = 0.95
# As many labelled defects as best F1 is given beside the normal images.
DEFECTS = 50
# With fewer test images a rate of two in a hundred cannot be told from none.
MIN_TEST = 100
# Of --train: images to learn from, and to score at most.
FITTED, MAX_NORMAL, MAX_DEFECTIVE = 60, 500, 200
SIDE_PX = 128
CELLS = 8

Choose = Callable[[np.ndarray, np.ndarray, float], float]
WAYS: dict[str, Choose] = {
    "guaranteed, 95 %": lambda good, _, alpha: guaranteed_threshold(good, alpha, CONFIDENCE).threshold,
    "marginal": lambda good, _, alpha: marginal_threshold(good, alpha).threshold,
    "quantile 1 − α": lambda good, _, alpha: float(np.quantile(good, 1 - alpha)),
    "highest score": lambda good, *_: just_above(float(good.max())),
    "mean-std:1": lambda good, *_: ThresholdRule("mean-std", 1).threshold(good),
    "mean-std:3": lambda good, *_: ThresholdRule("mean-std", 3).threshold(good),
    "min-max:0.5": lambda good, *_: ThresholdRule("min-max", 0.5).threshold(good),
    "best F1 on 50 labelled defects": lambda good, bad, _: (
        best_f1(np.concatenate([good, bad]), np.repeat([False, True], [good.size, bad.size])).threshold
    ),
}


def simulate(good: np.ndarray, defective: np.ndarray, runs: int, seed: int) -> list[dict]:
    """False-alarm rates of every way at every alpha, from the fewest images that it needs and from 300."""
    rows = []
    for alpha in ALPHAS:
        for n in sorted({images_needed(alpha, CONFIDENCE), 300}):
            if n > good.size - MIN_TEST:
                continue
            for name, choose in WAYS.items():
                if name.startswith("best F1") and not defective.size:
                    continue
                drawn = list(_runs(choose, good, defective, n, alpha, runs, seed))
                rates, found = (np.array(values) for values in zip(*drawn, strict=True))
                guaranteed = name.startswith("guaranteed")
                rows.append(
                    {
                        "alpha": alpha,
                        "n": n,
                        "way": name,
                        "broken": float(np.mean(rates > alpha)),
                        "mean": float(rates.mean()),
                        "worst_of_20": float(np.quantile(rates, 0.95)),
                        "expected": expected_excess(good.size, n, alpha) if guaranteed else None,
                        "tested": good.size - n,
                        "found": float(found.mean()) if defective.size else None,
                    }
                )
    return rows


def _runs(
    choose: Choose, good: np.ndarray, defective: np.ndarray, n: int, alpha: float, runs: int, seed: int
) -> Iterator[tuple[float, float]]:
    """Of each run the false-alarm rate, and the fraction of defects found, on images that did not choose."""
    rng = np.random.default_rng(seed)
    labelled = min(DEFECTS, defective.size // 2)
    for _ in range(runs):
        normal, bad = rng.permutation(good), rng.permutation(defective)
        threshold = choose(normal[:n], bad[:labelled], alpha)
        yield float((normal[n:] >= threshold).mean()), float((bad[labelled:] >= threshold).mean()) if bad.size else 0.0


def expected_excess(images: int, n: int, alpha: float) -> float:
    """How often an exact guarantee counts a rate above alpha on the ``images - n`` others.

    The threshold lies above the (k + 1)-th highest of n scores; which of all images lie above it is a matter of ranks.
    """
    above = guaranteed_threshold(np.arange(n, dtype=float), alpha, CONFIDENCE).above
    flagged = np.floor(alpha * (images - n))
    # Test images above the (k + 1)-th highest calibration image, all orders alike: drawn from the top until that one.
    return float(stats.nhypergeom.sf(flagged, images, images - n, above + 1))


def uniformity(good: np.ndarray, runs: int, seed: int, n: int = 100) -> dict:
    """Kolmogorov-Smirnov tests of p-values: a new normal image against n calibration images, drawn anew each run."""
    rng = np.random.default_rng(seed)
    plain, untied = [], []
    for run in range(runs):
        drawn = rng.choice(good, n + 1, replace=False)
        plain.append(p_values(drawn[:1], drawn[1:])[0])
        untied.append(Drift(drawn[1:], seed=run).add(float(drawn[0])))
    # With ties broken at random p-values are uniform; without, they may only be too large, never too small.
    two_sided = stats.kstest(untied, "uniform")
    too_small = stats.kstest(plain, "uniform", alternative="greater")
    return {
        "n": n,
        "runs": runs,
        "untied_ks": float(two_sided.statistic),
        "untied_p": float(two_sided.pvalue),
        "plain_too_small_ks": float(too_small.statistic),
        "plain_too_small_p": float(too_small.pvalue),
        "plain_at_most_05": float(np.mean(np.array(plain) <= 0.05)),
    }


def statistic_scores(dataset: Dataset, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Mahalanobis distance of local contrast to half of the normal images: simple, and real."""
    features = np.array([_features(read_image(sample.path)) for sample in dataset.samples])
    normal = np.array([sample.defective is False for sample in dataset.samples])
    places = np.random.default_rng(seed).permutation(np.flatnonzero(normal))
    fitted, rest = places[: places.size // 2], places[places.size // 2 :]
    mean, spread = features[fitted].mean(axis=0), np.cov(features[fitted].T)
    inverse = np.linalg.inv(spread + 1e-3 * np.trace(spread) / len(mean) * np.eye(len(mean)))
    gap = features - mean
    scores = np.sqrt(np.einsum("ni,ij,nj->n", gap, inverse, gap))
    return scores[rest], scores[~normal], f"contrast statistic taught by {fitted.size} of the normal images"


def _features(pixels: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(cv2.resize(pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    grey = grey.astype(np.float32) / max(1.0, float(grey.mean()))
    slope = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    side = SIDE_PX // CELLS
    cells = slope.reshape(CELLS, side, CELLS, side).max(axis=(1, 3))
    return np.log(cells.ravel() + 1e-3)


def detector_scores(file: Path, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, str]:
    """Scores of the images that did not train the detector."""
    detector = load(file)
    known = frozenset(detector.spec.provenance.images)
    unseen = [
        sample
        for sample, digest in zip(dataset.samples, image_digests(dataset), strict=True)
        if digest not in known and sample.defective is not None
    ]
    good, defective = [], []
    for sample, found in zip(unseen, inspect_stream(detector, [source_of(one.path) for one in unseen]), strict=True):
        if found.score is not None:
            (defective if sample.defective else good).append(found.score)
    return np.array(good), np.array(defective), f"{detector.spec.method}, {file.name}, images unseen in training"


def trained_scores(method: str, dataset: Dataset, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Scores of a detector that was trained on `FITTED` normal images, drawn by the seed, on others."""
    rng = np.random.default_rng(seed)
    normal, bad = (
        [samples[i] for i in rng.permutation(len(samples))]
        for samples in ([one for one in dataset.samples if one.defective is kind] for kind in (False, True))
    )
    fitted = replace(dataset, samples=tuple(replace(one, split="train", masks=None) for one in normal[:FITTED]))
    with tempfile.TemporaryDirectory() as folder:
        detector = blemish.train(method, fitted, Path(folder) / "detector.blemish", seed=seed)
        chosen = (normal[FITTED : FITTED + MAX_NORMAL], bad[:MAX_DEFECTIVE])
        good, defective = (
            np.array([found.score for found in inspect_stream(detector, [source_of(one.path) for one in samples])])
            for samples in chosen
        )
    return good, defective, f"{method} trained on {FITTED} other normal images"


def one_of_each_group(dataset: Dataset) -> Dataset:
    """The first image of each group, and of each content; images without a group stand alone."""
    digests = dict(zip((sample.path for sample in dataset.samples), image_digests(dataset), strict=True))
    taken: set[str] = set()

    def first(sample: Sample) -> bool:
        names = {name for name in (sample.group, digests[sample.path]) if name is not None}
        fresh = not names & taken
        taken.update(names)
        return fresh

    return dataset.where(first)


def read_scores(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, str]:
    if options.scores is not None:
        if options.scores.suffix == ".npy":
            return np.load(options.scores, allow_pickle=False).ravel(), np.empty(0), options.scores.name
        record = json.loads(options.scores.read_text())
        good = record if isinstance(record, list) else record["good"]
        bad = [] if isinstance(record, list) else record.get("defective", [])
        return np.array(good, float), np.array(bad, float), options.scores.name
    root = options.data or (data_dir() and data_dir() / "magnetic-tile")
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds magnetic-tile/, or give --data or --scores.")
    dataset = one_of_each_group(read_dataset(root))
    if options.train is not None:
        good, bad, source = trained_scores(options.train, dataset, options.seed)
    elif options.detector is not None:
        good, bad, source = detector_scores(options.detector, dataset)
    else:
        good, bad, source = statistic_scores(dataset, options.seed)
    return good, bad, f"{dataset.name}: {source}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", type=Path, help="npy of good scores, or json with good and defective ones")
    parser.add_argument("--detector", type=Path, help="a .blemish file that makes the scores")
    parser.add_argument("--train", metavar="METHOD", help="train it on some of the images, score the others")
    parser.add_argument("--data", type=Path, help="images to score; magnetic-tile of BLEMISH_DATA by default")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/guarantee"))
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    parser.add_argument(
        "--called", metavar="DATA", help="how the table of --record calls the data; their folder's name"
    )
    options = parser.parse_args()
    good, defective, source = read_scores(options)
    if good.size < 2 or not np.isfinite(good).all() or np.unique(good).size < 2:
        raise DataError(f"{good.size} scores of normal images, not all finite and different, are nothing to draw from.")
    rows, p = simulate(good, defective, options.runs, options.seed), uniformity(good, options.runs, options.seed)
    record = {"source": source, "good": good.size, "defective": defective.size, "runs": options.runs}
    write_text(
        options.out / "guarantee.json",
        json.dumps(record | {"seed": options.seed, "machine": describe_machine(), "rows": rows, "p": p}, indent=1),
    )
    write_text(options.out / "scores.json", json.dumps({"good": good.tolist(), "defective": defective.tolist()}) + "\n")
    print(f"{source}; {good.size} good and {defective.size} defective images, {options.runs} runs, seed {options.seed}")
    print(f"{describe_machine('numpy', 'scipy')}\n")
    print(
        "| at most | calibrate + test | threshold | above it in | expected | mean rate | worst of 20 | defects found |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        expected = "–" if row["expected"] is None else format(row["expected"], ".1%")
        print(
            f"| {row['alpha']:.0%} | {row['n']} + {row['tested']} | {row['way']} | {row['broken']:.1%} of runs "
            f"| {expected} | {row['mean']:.2%} | {row['worst_of_20']:.2%} "
            f"| {'–' if row['found'] is None else format(row['found'], '.0%')} |"
        )
    print(
        f"\np-values, {p['n']} calibration images: uniform with ties broken (KS {p['untied_ks']:.4f}, "
        f"p = {p['untied_p']:.2f}); as given never too small (one-sided KS {p['plain_too_small_ks']:.4f}, "
        f"p = {p['plain_too_small_p']:.2f}); at most .05 in {p['plain_at_most_05']:.2%} of runs"
    )
    if options.record:
        keep(options, source, rows)


def keep(options: argparse.Namespace, source: str, rows: list[dict]) -> None:
    """How often each threshold broke its rate, as a result file; what it says of other data stays."""
    called = options.called or (options.data or Path("magnetic-tile")).name
    by_place: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in rows:
        place = (called, f"{row['alpha']:.2f}".lstrip("0"), f"{row['n']} + {row['tested']}")
        cells = by_place.setdefault(place, {})
        cells[row["way"]] = 100 * row["broken"]
        if row["expected"] is not None:
            cells["expected"] = 100 * row["expected"]
    kept, commands = [Row(name=place, cells=cells) for place, cells in by_place.items()], []
    if (RESULTS / f"{options.record}.json").exists():
        before = read_result(options.record)
        kept = [row for row in before.tables["dealt"].rows if row.name[0] != called] + kept
        commands = list(before.commands)
    command = " ".join(["python benchmarks/guarantee.py", *(f"--{key} {value}" for key, value in chosen(options))])
    names = dict.fromkeys(name for row in kept for name in row.cells)
    columns = tuple(Column(name=name, digits=1, unit=" %", leading_zero=True) for name in names)
    record(
        options.record,
        "Does the guarantee hold?",
        f"normal images, dealt out {options.runs:,} times, seed {options.seed}; of {called}: {source}",
        [*(line for line in commands if line != command), command],
        {"dealt": Table(stub=("data", "α", "calibrate + test"), columns=columns, rows=tuple(kept))},
        machine=describe_machine("numpy", "scipy"),
    )


def chosen(options: argparse.Namespace) -> list[tuple[str, str]]:
    """What decides the scores, as options of the command."""
    given = {"train": options.train, "detector": options.detector and options.detector.stem, "record": options.record}
    if options.data:
        given["data"] = f"$BLEMISH_DATA/{options.data.name}"
    return [(key, str(value)) for key, value in given.items() if value]


if __name__ == "__main__":
    main()
