"""All generative methods on three domains (buildings, X-rays, castings), over seeds; nothing is chosen by a test label.

    python benchmarks/generative.py --domains medical --seeds 0 1 2
    python benchmarks/generative.py --domains building manufacturing --methods ganomaly fanogan --effort 0.5
    python benchmarks/generative.py --domains medical --methods ganomaly --set learning_rate=0.001 --set colour=true
    python benchmarks/generative.py --domains drawn --seeds 0 --pictures docs/pictures/generative
    python benchmarks/generative.py --tables

with ``BLEMISH_DATA`` set. A cell that is in ``--out`` is never computed again, so a killed run goes on where it was;
``--tables`` computes nothing and shows what is there. A cell with ``--set`` is a cell of its own, which makes the grid
of the industry study that the domains come from (grey or colour, size, batch, learning rate, augmentation) a loop over
it.

building: DeepCrack cut into tiles of 64 px, colour, turned while learning. medical: chest X-rays, 128 px, grey.
manufacturing: castings, grey, 64 px in ``quick`` and 128 px in ``paper``, with and without the test images that are
also training images. drawn: steel strips, whose pictures may be shown. The networks and passes of the ``quick`` profile
are in `QUICK`, sized for two to three minutes a cell on one core; ``--effort`` is a factor on the passes. ``--profile
paper`` takes the recipe's settings.

"auroc" and "ap" are of the method's own score, as published; "_both" is of its distance, on either side, to the scores
of held-out normal images (`blemish.calibration.unusualness`); "_worst" of the mean of its map over the most unusual
hundredth of the pixels and "_map" over all of them (the settings ``worst_fraction=0.01`` and ``worst_fraction=1``),
from the same training; "_clean" is without the test images that are byte for byte among the training images. "accuracy"
decides at mean + 1 · std of the scores of held-out normal images, as García-de-la-Puente et al. 2023 do. Pixel figures
are over the defective tiles: "dice" at the value that 95 % of the pixels of normal tiles set aside stay below, "best
dice" at the threshold that the test tiles' own labels would choose; "attended" are those of ``vae-attention`` with
``map=attended-error``. AnoGAN has no detector file: its time is torch's, and a fixed draw of the test images is
searched. ``--pictures`` draws for each cell scores by class as boxes, loss curves, and images beside what the method
makes of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import blemish
from blemish.calibration import unusualness
from blemish.datasets import Dataset, cut_tiles, read_dataset
from blemish.evaluation import auroc, average_precision
from blemish.files import write_text
from blemish.images import read_image
from blemish.locations import data_dir
from blemish.training import train_under_torch
from blemish.training.recipes import parse_assignments
from blemish.training.splits import split_normal_images

from cells import spread
from drawn_steel import draw_sorted_strips
from generative_pictures import as_seen, draw_cell, trained
from machine import describe_machine

DOMAINS: dict[str, dict[str, Any]] = {
    "building": {"size_px": 64, "colour": True, "augment": "rotations"},
    "medical": {"size_px": 128, "colour": False},
    "manufacturing": {"size_px": 128, "colour": False},
    "drawn": {"size_px": 64, "colour": False},
}
# What a method takes instead on every domain, then by domain. Passes are chosen by cost alone: two to three minutes of
# one core. GANomaly on the X-rays has the industry study's epochs and learning rate. Where 128 px cost too much for
# enough steps in that time, images are seen at 64 px. Small batches, and 64 px for castings, were chosen on defective
# images of the *training* split, never on the test split: with memae, 2 passes at 128 px in batches of 32 rank .55 of
# the pairs rightly, 4 passes at 64 px in batches of 8 take less time and rank .76.
QUICK: dict[str, dict[str, Any]] = {
    "autoencoder": {"width": 16, "batch_size": 8},
    "vae": {"width": 16, "batch_size": 8},
    "vae-attention": {"width": 16, "batch_size": 8},
    "memae": {"width": 32, "batch_size": 8},
    "ganomaly": {"width": 16},
    "skip-ganomaly": {"width": 16},
    "fanogan": {"width": 16, "size_px": 64},
    "anogan": {"width": 32},
    "egbad": {"width": 32},
    "adae": {"width": 8, "size_px": 64},
}
QUICK_ON: dict[str, dict[str, Any]] = {"building": {}, "medical": {}, "manufacturing": {"size_px": 64}, "drawn": {}}
QUICK_IN: dict[str, dict[str, dict[str, Any]]] = {
    "medical": {
        "autoencoder": {"epochs": 80, "patience": 80},
        "vae": {"epochs": 80, "patience": 80},
        "vae-attention": {"epochs": 50, "patience": 50, "downsamplings": 3},
        "memae": {"epochs": 120, "patience": 120},
        "ganomaly": {"epochs": 100, "learning_rate": 0.001},
        "skip-ganomaly": {"epochs": 80},
        "fanogan": {"epochs": 60, "encoder_epochs": 25},
        "anogan": {"epochs": 120},
        "egbad": {"epochs": 90},
        "adae": {"epochs": 120},
    },
    "building": {
        "autoencoder": {"epochs": 8},
        "vae": {"epochs": 8},
        "vae-attention": {"epochs": 4},
        "memae": {"epochs": 8},
        "ganomaly": {"epochs": 6},
        "skip-ganomaly": {"epochs": 5},
        "fanogan": {"epochs": 3, "encoder_epochs": 1, "width": 8},
        "anogan": {"epochs": 8},
        "egbad": {"epochs": 6},
        "adae": {"epochs": 4},
    },
    "manufacturing": {
        "autoencoder": {"epochs": 8},
        "vae": {"epochs": 8},
        "vae-attention": {"epochs": 3},
        "memae": {"epochs": 8},
        "ganomaly": {"epochs": 5},
        "skip-ganomaly": {"epochs": 5},
        "fanogan": {"epochs": 3, "encoder_epochs": 1, "width": 8},
        "anogan": {"epochs": 8},
        "egbad": {"epochs": 5},
        "adae": {"epochs": 3},
    },
}
# Five times as many images as of chests, a quarter of their pixels.
QUICK_IN["drawn"] = {
    method: settings
    | {name: settings[name] // 3 for name in ("epochs", "patience", "encoder_epochs") if name in settings}
    for method, settings in QUICK_IN["medical"].items()
}
METHODS = list(QUICK)
# AnoGAN's search takes a second or so for an image: a fixed draw of the test images is searched.
MAX_SEARCHED = 200
SEARCHED_AT_ONCE = 64
# How an image's score is read from the same training: the method's own, and by ``worst_fraction``.
READINGS = {"": None, "_worst": 0.01, "_map": 1.0}
_NORMAL_PIXELS_BELOW = 0.95
# Heading, name in the record, and digits.
COLUMNS = {
    "AUROC": ("auroc", 3),
    "AUROC, both tails": ("auroc_both", 3),
    "AP": ("ap", 3),
    "accuracy": ("accuracy", 3),
    "AUROC, worst hundredth": ("auroc_worst", 3),
    "AP, worst hundredth": ("ap_worst", 3),
    "AUROC, whole map": ("auroc_map", 3),
    "AUROC without leaks": ("auroc_clean", 3),
    "worst hundredth without leaks": ("auroc_worst_clean", 3),
    "pixel AUROC": ("pixel_auroc", 3),
    "Dice": ("dice", 3),
    "best Dice": ("best_dice", 3),
    "attended: pixel AUROC": ("attended_pixel_auroc", 3),
    "attended: Dice": ("attended_dice", 3),
    "core s": ("fit_core_s", 0),
    "ms an image": ("ms_per_image", 1),
    "MB": ("size_mb", 1),
}


def read_domain(name: str, out: Path) -> Dataset:
    if name == "drawn":
        return read_dataset(draw_sorted_strips(out / "strips", train=300, test=60))
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds deepcrack/, chest-xray/ and casting/.")
    if name == "building":
        tiles = out / "tiles64"
        if not tiles.is_dir():
            print(cut_tiles(read_dataset(root / "deepcrack"), tiles, tile_px=64))
        return read_dataset(tiles)
    return read_dataset(root / {"medical": "chest-xray", "manufacturing": "casting"}[name])


def settings_of(domain: str, method: str, options: argparse.Namespace) -> dict[str, Any]:
    """The domain's, then the method's, then those of the command line."""
    settings = dict(DOMAINS[domain])
    if options.profile == "quick":
        settings |= QUICK_ON[domain] | QUICK[method] | QUICK_IN[domain][method]
        settings["epochs"] = max(2, round(settings["epochs"] * options.effort))
        if "encoder_epochs" in settings:
            settings["encoder_epochs"] = min(settings["epochs"] - 1, settings["encoder_epochs"])
    return settings | parse_assignments(options.set)


def cell_folder(domain: str, method: str, options: argparse.Namespace) -> Path:
    changed = parse_assignments(options.set)
    variant = "-".join([options.profile, f"effort{options.effort:g}", *(f"{k}={v}" for k, v in changed.items())])
    return options.out / domain / method / variant


def digest(path: Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def run_cell(domain: str, method: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    folder = cell_folder(domain, method, options)
    file = folder / f"seed{seed}.blemish"
    dataset, settings = read_domain(domain, options.out), settings_of(domain, method, options)
    parts = split_normal_images(dataset, seed=seed, say=lambda _: None)
    test = [sample for sample in dataset.samples if sample.split == "test" and sample.defective is not None]
    if method == "anogan":
        test = draw(test)
    aside = [Path(sample.path) for sample in parts.held_out.samples]
    common = {"settings": settings, "profile": options.profile, "seed": seed, "say": print}
    record: dict[str, Any] = {"settings": settings, "profile": options.profile, "n_train": len(parts.fit)}
    started, used = time.perf_counter(), time.process_time()
    if method == "anogan":
        scorer = train_under_torch(method, dataset, file.with_suffix(".training"), **common)
        record["remarks"] = list(scorer.report.remarks)
    else:
        detector = blemish.train(method, dataset, file, **common)
        record["size_mb"] = file.stat().st_size / 1e6
    record |= {"fit_s": time.perf_counter() - started, "fit_core_s": time.process_time() - used}
    used = time.process_time()
    if method == "anogan":
        batches = [test[start : start + SEARCHED_AT_ONCE] for start in range(0, len(test), SEARCHED_AT_ONCE)]
        answers = [scorer.score([read_image(sample.path) for sample in batch]) for batch in batches]
        scored = [pair for scores, maps in answers for pair in zip(scores.astype(float), maps, strict=True)]
        usual = scorer.score([read_image(path) for path in aside[:SEARCHED_AT_ONCE]])[0].astype(float)
    else:
        scored = [detector.score(read_image(sample.path)) for sample in test]
        usual = np.array(detector.spec.calibration.scores if detector.spec.calibration else ())
    scores = np.array([score for score, _ in scored])
    record["ms_per_image"] = 1000 * (time.process_time() - used) / len(test)
    record["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fitted = {digest(sample.path) for sample in parts.fit.samples}
    leaked = np.array([digest(sample.path) in fitted for sample in test])
    defective = np.array([sample.defective for sample in test])
    record |= {"n_test": [int((~defective).sum()), int(defective.sum())], "leaked": int(leaked.sum())}
    for name, fraction in READINGS.items():
        read = (
            scores if fraction is None else np.array([worst_mean(anomaly_map, fraction) for _, anomaly_map in scored])
        )
        record |= {
            f"auroc{name}": auroc(read, defective),
            f"ap{name}": average_precision(read, defective),
            f"auroc{name}_clean": auroc(read[~leaked], defective[~leaked]),
        }
    if np.unique(usual).size > 1:
        record["auroc_both"] = auroc(unusualness(scores, usual), defective)
    if method != "anogan":
        if usual.size:
            record["accuracy"] = float(((scores > usual.mean() + usual.std()) == defective).mean())
        if any(sample.masks for sample in test):
            maps_of_normal = np.concatenate([detector.score(read_image(path))[1].ravel() for path in aside])
            limit = float(np.quantile(maps_of_normal, _NORMAL_PIXELS_BELOW))
            record |= pixel_metrics(test, [anomaly_map for _, anomaly_map in scored], limit)
            if method == "vae-attention":
                record |= attended_metrics(test, aside, options.profile, settings, file.with_suffix(".training"))
    record |= {
        "scores": [float(score) for score in scores],
        "defective": defective.tolist(),
        "images": [str(Path(sample.path).relative_to(dataset.root)) for sample in test],
    }
    write_text(folder / f"seed{seed}.json", json.dumps(record, indent=1))
    shown = {name: value for name, value in record.items() if name not in ("scores", "defective", "images")}
    print(domain, method, seed, json.dumps(shown), flush=True)
    return record


def worst_mean(anomaly_map: np.ndarray, fraction: float) -> float:
    """Mean of the most unusual pixels."""
    flat = anomaly_map.ravel()
    count = max(1, round(fraction * flat.size))
    return float(np.partition(flat, -count)[-count:].mean())


def attended_metrics(test: list, aside: list[Path], profile: str, settings: dict, training: Path) -> dict[str, float]:
    """Pixel figures of ``map=attended-error`` from the same training, "attended" before their names."""
    built = trained("vae-attention", profile, settings | {"map": "attended-error"}, training)

    def maps_of(paths: list) -> np.ndarray:
        with torch.no_grad():
            return np.concatenate(
                [
                    built.score_without_padding(as_seen(built, paths[at : at + 64]))[1].numpy()
                    for at in range(0, len(paths), 64)
                ]
            )

    limit = float(np.quantile(maps_of(aside), _NORMAL_PIXELS_BELOW))
    metrics = pixel_metrics(test, list(maps_of([sample.path for sample in test])), limit)
    return {f"attended_{name}": value for name, value in metrics.items()}


def draw(test: list) -> list:
    """At most so many of each kind, evenly over the list."""
    chosen = []
    for kind in (False, True):
        of_kind = [sample for sample in test if sample.defective is kind]
        step = max(1, -(-2 * len(of_kind) // MAX_SEARCHED))
        chosen += of_kind[::step]
    return chosen


def pixel_metrics(test: list, maps: list, limit: float) -> dict[str, float]:
    """Of the defective images that have masks: ranking of pixels, Dice at a limit, and at the best there is."""
    values, truths = [], []
    for sample, anomaly_map in zip(test, maps, strict=True):
        if sample.defective and sample.masks:
            values.append(anomaly_map.ravel())
            truths.append(sample.read_mask(*anomaly_map.shape).ravel())
    value, truth = np.concatenate(values), np.concatenate(truths) > 0
    found = value >= limit
    order = truth[np.argsort(-value)]
    hits = np.cumsum(order)
    return {
        "pixel_auroc": auroc(value, truth),
        "dice": float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum())),
        "best_dice": float((2 * hits / (np.arange(1, len(order) + 1) + truth.sum())).max()),
    }


def print_tables(cells: dict[tuple[str, str], list[dict]]) -> None:
    """One table for each domain, with the columns that it has figures for."""
    print(f"\n{describe_machine()}")
    for domain in dict.fromkeys(domain for domain, _ in cells):
        rows = {method: records for (of, method), records in cells.items() if of == domain}
        every = [record for records in rows.values() for record in records]
        leaked = max(record["leaked"] for record in every)
        shown = {
            heading: (name, digits)
            for heading, (name, digits) in COLUMNS.items()
            if any(record.get(name) is not None for record in every) and (leaked or not name.endswith("_clean"))
        }
        print(f"\n{domain}: {every[0]['n_train']} images to learn from, {leaked} of the test images among them\n")
        print(f"| method | seeds | tested on | {' | '.join(shown)} |\n{'|---' * (len(shown) + 3)}|")
        for method, records in rows.items():
            tested = " + ".join(map(str, records[0]["n_test"]))
            metrics = [spread([record.get(name) for record in records], digits) for name, digits in shown.values()]
            print(f"| {' | '.join([method, str(len(records)), tested, *metrics])} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", nargs="+", choices=list(DOMAINS), default=["building", "medical", "manufacturing"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--profile", choices=("quick", "paper"), default="quick")
    parser.add_argument("--effort", type=float, default=1.0, help="factor on the passes of a quick training")
    parser.add_argument("--set", action="append", default=[], help="key=value, a setting other than the domain's")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/generative"))
    parser.add_argument("--tables", action="store_true", help="compute nothing, show what is there")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw every cell that is shown")
    options = parser.parse_args()
    cells: dict[tuple[str, str], list[dict]] = {}
    # Seed after seed, so that an unfinished run can be compared.
    for seed in options.seeds:
        for domain in options.domains:
            for method in options.methods:
                folder = cell_folder(domain, method, options)
                file = folder / f"seed{seed}.json"
                if file.is_file():
                    record = json.loads(file.read_text())
                elif options.tables:
                    continue
                else:
                    record = run_cell(domain, method, seed, options)
                cells.setdefault((domain, method), []).append(record)
                if options.pictures is not None:
                    root = read_domain(domain, options.out).root
                    stem = f"{domain}-{method}-{seed}"
                    draw_cell(options.pictures, stem, method, record, root, folder / f"seed{seed}.training")
    print_tables(cells)


if __name__ == "__main__":
    main()
