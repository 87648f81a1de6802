"""All generative methods on the three domains of S5, over seeds; no test label chooses anything.

    python benchmarks/generative.py --domains medical --seeds 0 1 2
    python benchmarks/generative.py --domains building manufacturing --methods ganomaly fanogan --effort 0.5
    python benchmarks/generative.py --domains medical --methods ganomaly --set learning_rate=0.001 --set colour=true

with ``BLEMISH_DATA`` set. Finished cells are never computed again; a cell with ``--set`` is a cell of its own, which
makes the grid of S5 (grey or colour, size, batch, learning rate, augmentation) a loop over it.

building: DeepCrack cut into tiles of 64 px, colour. medical: chest X-rays, 128 px, grey. manufacturing: castings, 128
px, grey, with and without the test photos that are also training photos. Training sees a fixed number of photos
(``SEEN`` at 64 px, a quarter of it at 128, times ``--effort``), at least two epochs. ``--profile paper`` takes the
recipe's epochs.

"accuracy" decides at mean + 1 · std of the scores of sound training photos set aside, as S4 does. Pixel figures are
over the defective tiles, Dice at the detector's own threshold. AnoGAN has no detector file: its time is torch's, and a
fixed draw of the test photos is searched.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import statistics
import time
from pathlib import Path

import numpy as np

import blemish
from blemish.datasets import Dataset, cut_tiles, read_dataset
from blemish.evaluation import auroc, average_precision
from blemish.files import write_text
from blemish.images import read_image
from blemish.locations import data_dir
from blemish.training import train_under_torch
from blemish.training.normals import deal_normal_photos
from blemish.training.recipes import parse_assignments

from machine import describe_machine

DOMAINS = {
    "building": {"size_px": 64, "colour": True, "augment": "turns"},
    "medical": {"size_px": 128, "colour": False},
    "manufacturing": {"size_px": 128, "colour": False},
}
# Photos of 64 px that one training sees: about ten minutes on two free cores.
SEEN = {
    "autoencoder": 40_000,
    "vae": 40_000,
    "vae-attention": 15_000,
    "memae": 60_000,
    "ganomaly": 30_000,
    "skip-ganomaly": 20_000,
    "fanogan": 12_000,
    "anogan": 40_000,
    "egbad": 40_000,
    "adae": 12_000,
}
# AnoGAN's search takes a second or so for a photo: a fixed draw of the test photos is searched.
MOST_SEARCHED = 200


def read_domain(name: str, out: Path) -> Dataset:
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds deepcrack/, chest-xray/ and casting/.")
    if name == "building":
        tiles = out / "tiles64"
        if not tiles.is_dir():
            print(cut_tiles(read_dataset(root / "deepcrack"), tiles, tile_px=64))
        return read_dataset(tiles)
    return read_dataset(root / {"medical": "chest-xray", "manufacturing": "casting"}[name])


def digest(path: Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def run_cell(domain: str, method: str, seed: int, options: argparse.Namespace) -> dict:
    changed = parse_assignments(options.set)
    variant = "-".join([options.profile, f"effort{options.effort:g}", *(f"{k}={v}" for k, v in changed.items())])
    folder = options.out / domain / method / variant
    record_file = folder / f"seed{seed}.json"
    if record_file.is_file():
        return json.loads(record_file.read_text())
    dataset = read_domain(domain, options.out)
    settings = {**DOMAINS[domain], **changed}
    fit_part = deal_normal_photos(dataset, seed=seed, say=lambda _: None).fit
    if options.profile == "quick" and "epochs" not in changed:
        seen = SEEN[method] * options.effort * (64 / settings["size_px"]) ** 2
        settings["epochs"] = max(2, round(seen / len(fit_part)))
        if method == "fanogan":
            settings["encoder_epochs"] = max(1, settings["epochs"] // 3)
    test = [sample for sample in dataset.samples if sample.split == "test" and sample.defective is not None]
    taught = {digest(sample.path) for sample in fit_part.samples}
    file = folder / f"seed{seed}.blemish"
    common = {"settings": settings, "profile": options.profile, "seed": seed, "say": print}
    record: dict = {"settings": settings, "n_train": len(fit_part)}
    started = time.perf_counter()
    if method == "anogan":
        test = draw(test)
        scorer = train_under_torch(method, dataset, folder / f"seed{seed}.training", **common)
        record |= {"fit_s": time.perf_counter() - started, "remarks": list(scorer.fit.remarks)}
        started = time.perf_counter()
        scores = scorer.score_files([Path(sample.path) for sample in test]).astype(float)
    else:
        detector = blemish.train(method, dataset, file, **common)
        record |= {"fit_s": time.perf_counter() - started, "size_mb": file.stat().st_size / 1e6}
        started = time.perf_counter()
        scored = [detector.score(read_image(sample.path)) for sample in test]
        scores = np.array([score for score, _ in scored])
    record["ms_per_photo"] = 1000 * (time.perf_counter() - started) / len(test)
    record["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    defective = np.array([sample.defective for sample in test])
    leaked = np.array([digest(sample.path) in taught for sample in test])
    record |= {
        "n_test": [int((~defective).sum()), int(defective.sum())],
        "auroc": auroc(scores, defective),
        "ap": average_precision(scores, defective),
        "leaked": int(leaked.sum()),
        "auroc_without_leaked": auroc(scores[~leaked], defective[~leaked]),
        "ap_without_leaked": average_precision(scores[~leaked], defective[~leaked]),
    }
    if method != "anogan":
        if detector.spec.calibration is not None:
            aside = np.array(detector.spec.calibration.scores)
            found = scores > aside.mean() + aside.std()
            record["accuracy"] = float((found == defective).mean())
        record |= pixel_figures(test, [heat_map for _, heat_map in scored], detector.spec.thresholds.pixel)
    write_text(record_file, json.dumps(record, indent=1))
    print(domain, method, seed, json.dumps(record), flush=True)
    return record


def draw(test: list) -> list:
    """At most so many of each kind, evenly over the list."""
    chosen = []
    for kind in (False, True):
        of_kind = [sample for sample in test if sample.defective is kind]
        step = max(1, -(-2 * len(of_kind) // MOST_SEARCHED))
        chosen += of_kind[::step]
    return chosen


def pixel_figures(test: list, maps: list, threshold: float | None) -> dict:
    values, truths = [], []
    for sample, heat_map in zip(test, maps, strict=True):
        if sample.defective and sample.masks:
            values.append(heat_map.ravel())
            truths.append(sample.read_mask(*heat_map.shape).ravel())
    if not values:
        return {}
    value, truth = np.concatenate(values), np.concatenate(truths) > 0
    record = {"pixel_auroc": auroc(value, truth)}
    if threshold is not None:
        found = value >= threshold
        record["dice"] = float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum()))
    return record


def spread(records: list[dict], name: str, digits: int = 3) -> str:
    known = [record[name] for record in records if record.get(name) is not None]
    if not known:
        return "–"
    deviation = f" ± {statistics.stdev(known):.{digits}f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.{digits}f}{deviation}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", nargs="+", choices=list(DOMAINS), default=list(DOMAINS))
    parser.add_argument("--methods", nargs="+", choices=list(SEEN), default=list(SEEN))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--profile", choices=("quick", "paper"), default="quick")
    parser.add_argument("--effort", type=float, default=1.0, help="factor on the photos that a quick training sees")
    parser.add_argument("--set", action="append", default=[], help="key=value, a setting other than the domain's")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/generative"))
    options = parser.parse_args()
    cells: dict[tuple[str, str], list[dict]] = {}
    # Seed after seed, so that an unfinished run can be compared.
    for seed in options.seeds:
        for domain in options.domains:
            for method in options.methods:
                cells.setdefault((domain, method), []).append(run_cell(domain, method, seed, options))
    print(f"\n{describe_machine()}\n")
    names = ("auroc", "ap", "auroc_without_leaked", "accuracy", "pixel_auroc", "dice")
    print(f"| domain | method | {' | '.join(names)} | fit s | ms/photo | MB | peak MB | train | test |")
    print("|---" * (len(names) + 8) + "|")
    for (domain, method), records in cells.items():
        figures = [spread(records, name) for name in names]
        cost = [spread(records, name, 1) for name in ("fit_s", "ms_per_photo", "size_mb", "peak_mb")]
        counts = [str(records[0]["n_train"]), "+".join(map(str, records[0]["n_test"]))]
        print(f"| {' | '.join([domain, method, *figures, *cost, *counts])} |")


if __name__ == "__main__":
    main()
