"""How many normal images are rejected that nobody has seen before? Ours beside anomalib's defaults, on the same images.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/verdicts_beside_anomalib.py \\
        --anomalib-python VENV/bin/python --data casting magnetic-tile --seeds 0 1 2 --out benchmarks/out/verdicts

Each side is given the same normal images and nothing else: no defect. Copies and images of one group are left out
first. Both use the same backbone with the same weights (mobilenet_v2, ImageNet). Ours: as trained (a fifth of the
images is set aside by itself; guarantee: 5 % on average), and calibrated (59 of the images kept for `blemish calibrate
--alpha 0.05`; guarantee: at most 5 %, with 95 % confidence). anomalib: `Folder` with nothing but `normal_dir`, and with
synthetic validation. A finished way is never repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
from scipy import stats

import blemish
from blemish.calibration import images_needed
from blemish.datasets import Dataset, Sample, image_digests, read_dataset
from blemish.detectors import Detector, source_of
from blemish.files import write_text
from blemish.inspection import calibrate
from blemish.inspection.stream import inspect_stream
from blemish.locations import data_dir, weights_dir

from machine import describe_machine
from result_files import Column, Row, Spread, Table, record

ALPHA = 0.05
WEIGHTS = "mobilenet_v2.in1k.features.safetensors"
OURS, THEIRS = ("as trained", "calibrated"), ("default", "synthetic")


def deal(dataset: Dataset, seed: int, given: int, unseen: int) -> dict[str, list[Path]]:
    """Good images to learn from, normal images to judge, defective images to judge; none twice, one of each group."""
    taken: set[str] = set()
    good: list[Path] = []
    defective: list[Path] = []
    for sample, digest in zip(dataset.samples, image_digests(dataset), strict=True):
        keys = {digest, f"group {sample.group}"} if sample.group is not None else {digest}
        if sample.defective is None or keys & taken:
            continue
        taken |= keys
        (defective if sample.defective else good).append(sample.path)
    if len(good) < given + 50:
        raise SystemExit(f"{dataset.name} has {len(good)} separate normal images; {given} and 50 to judge are needed.")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(good))
    bad = rng.permutation(len(defective))[:unseen]
    return {
        "good": [good[i] for i in order[:given]],
        "unseen": [good[i] for i in order[given : given + unseen]],
        "defective": [defective[i] for i in bad],
    }


def ours(way: str, method: str, images: dict[str, list[Path]], seed: int, folder: Path) -> dict:
    """Train on normal images, judge the others at the detector's own reject threshold."""
    good = images["good"]
    kept = images_needed(ALPHA) if way == "calibrated" else 0
    samples = tuple(Sample(path, "good", False, (), "train") for path in sorted(good[kept:]))
    started = time.perf_counter()
    fitted = Dataset("good", samples[0].path.parent, "normal images", samples, ())
    detector = blemish.train(method, fitted, folder / "ours.blemish", seed=seed)
    if kept:
        detector = calibrate(good[:kept], detector=detector, alpha=ALPHA, review_alpha=0.5).detector
    record = {"fit_s": time.perf_counter() - started, "threshold": detector.spec.thresholds.reject}
    record["guarantee"] = detector.spec.thresholds.source
    return record | {kind: judged(detector, images[kind]) for kind in ("unseen", "defective")}


def judged(detector: Detector, images: list[Path]) -> dict:
    answers = inspect_stream(detector, map(source_of, images))
    scores = [found.score for found in answers if found.score is not None]
    limit = detector.spec.thresholds.reject
    rejected = sum(limit is not None and score >= limit for score in scores)
    return {"judged": len(scores), "rejected": rejected, "scores": scores}


def theirs(
    mode: str, model: str, images: dict[str, list[Path]], seed: int, folder: Path, python: Path, weights: Path | None
) -> dict:
    """The same images as folders of links, judged by anomalib in its own environment."""
    root = folder / "images"
    shutil.rmtree(root, ignore_errors=True)
    for kind, paths in images.items():
        (root / kind).mkdir(parents=True)
        for number, path in enumerate(paths):
            (root / kind / f"{number:05d}{path.suffix}").symlink_to(path.resolve())
    job = {"model": model, "mode": mode, "seed": seed, "root": str(root), "work": str(folder / "work")}
    job |= {"weights": str(weights) if weights else "", "answer": str(folder / "answer.json")}
    write_text(folder / "job.json", json.dumps(job))
    script = Path(__file__).with_name("anomalib_side.py")
    done = subprocess.run([python, script, folder / "job.json"], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads((folder / "answer.json").read_text())


def run_way(data: Path, seed: int, side: str, way: str, options: argparse.Namespace) -> dict:
    """One row, computed once."""
    folder = options.out.absolute() / data.name / f"seed{seed}" / f"{side} {way}"
    file = folder / "result.json"
    if file.is_file():
        return json.loads(file.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    images = deal(read_dataset(data), seed, options.good, options.unseen)
    if side == "blemish":
        record = ours(way, options.method, images, seed, folder)
    else:
        folder_weights = weights_dir()
        weights = folder_weights / WEIGHTS if folder_weights else None
        # An absolute path to the link, not to what it points to: a virtual environment's Python is a link.
        python = Path(os.path.abspath(options.anomalib_python))  # noqa: PTH100
        record = theirs(way, options.method, images, seed, folder, python, weights)
    record |= {"data": data.name, "seed": seed, "side": side, "way": way}
    if "error" not in record:
        write_text(file, json.dumps(record, indent=1))
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anomalib-python", type=Path, help="without it only our side runs")
    parser.add_argument("--method", choices=["patchcore", "padim"], default="padim")
    parser.add_argument("--data", nargs="+", default=["casting"], help="folders, or names below BLEMISH_DATA")
    parser.add_argument("--good", type=int, default=200, help="normal images that each side is given")
    parser.add_argument("--unseen", type=int, default=300, help="good, and defective, images to judge at most")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/verdicts"))
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    sides = [("blemish", way) for way in OURS]
    sides += [("anomalib", way) for way in THEIRS] if options.anomalib_python else []
    print(f"{describe_machine()}; {options.method}, {options.good} normal images given\n")
    print("| data | seed | side | unseen good rejected | | 95 % range | defects rejected | fit, s |")
    print("|---|---|---|---|---|---|---|---|")
    found: dict[tuple[str, str], list[dict]] = {}
    for name in options.data:
        root = data_dir()
        data = Path(name) if Path(name).is_dir() or root is None else root / name
        for seed in options.seeds:
            for side, way in sides:
                row = run_way(data, seed, side, way, options)
                if "error" in row:
                    print(f"| {data.name} | {seed} | {side}, {way} | failed: {row['error']} | | | | |", flush=True)
                    continue
                good, bad = row["unseen"], row["defective"]
                found.setdefault((data.name, f"{side}, {way}"), []).append(row)
                range_ = stats.binomtest(good["rejected"], good["judged"]).proportion_ci()
                print(
                    f"| {data.name} | {seed} | {side}, {way} | {good['rejected']} of {good['judged']} "
                    f"| {good['rejected'] / good['judged']:.1%} | {range_.low:.1%} to {range_.high:.1%} "
                    f"| {bad['rejected']} of {bad['judged']} | {row['fit_s']:.0f} |",
                    flush=True,
                )
    if options.record:
        keep(options, found)


def keep(options: argparse.Namespace, found: dict[tuple[str, str], list[dict]]) -> None:
    """The figures as a result file; what failed with a seed has no row."""
    whole = {place: rows for place, rows in found.items() if len(rows) == len(options.seeds)}
    rows = [
        Row(
            name=place,
            cells={
                "normal images rejected": Spread(values=tuple(row["unseen"]["rejected"] for row in of_seeds)),
                "defects rejected": Spread(values=tuple(row["defective"]["rejected"] for row in of_seeds)),
            },
            seeds=tuple(options.seeds),
        )
        for place, of_seeds in whole.items()
    ]
    columns = (Column(name="normal images rejected", digits=0), Column(name="defects rejected", digits=0))
    command = (
        f"OMP_NUM_THREADS=1 python benchmarks/verdicts_beside_anomalib.py --method {options.method} "
        f"--anomalib-python VENV/bin/python --data {' '.join(options.data)} "
        f"--seeds {' '.join(map(str, options.seeds))} --good {options.good} --unseen {options.unseen} "
        f"--record {options.record}"
    )
    record(
        options.record,
        "Good images that are rejected, beside anomalib",
        f"{options.good} normal images to learn from, at most {options.unseen} good and as many defective ones that "
        "neither side has seen; copies and groups left out",
        [command],
        {"rejected": Table(stub=("data", "threshold"), columns=columns, rows=tuple(rows), by_seed="cells")},
    )


if __name__ == "__main__":
    main()
