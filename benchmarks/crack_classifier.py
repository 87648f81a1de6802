"""The crack classifier on brick walls and on tiles of DeepCrack: variants of the network, several seeds.

    export BLEMISH_DATA=… BLEMISH_WEIGHTS=… OMP_NUM_THREADS=1
    python benchmarks/crack_classifier.py --data brickwork --rows "mobilenet_v2, 224 px" --seeds 0 1 2
    python benchmarks/crack_classifier.py --data tiles --rows "mobilenet_v2, all tiles" --seeds 0 1 2
    python benchmarks/crack_classifier.py --data tiles --pictures docs/pictures/crack-classifier
    OMP_NUM_THREADS=2 python benchmarks/crack_classifier.py --speed

Brickwork has no split of its own: images that look the same are kept together, and a fifth of the groups, another one
for each seed, is for testing. Tiles of 64 px are cut from DeepCrack's training images for training and from its test
images for testing, and tiles of one image stay together. The epoch and the threshold are chosen on training images set
aside. A finished cell is never computed again.

The rows of variants are made small, so that all of them fit into half an hour of a core for each data set: images of
64 px, 10 epochs, and 200 + 200 training images drawn by the seed; all test images. MobileNetV2 starts from ImageNet;
ResNet-18's weights cannot be had here, so that it starts from nothing. The pair "unregularised" shows the source's
overfitting and what early stopping alone does for it: no augmentation, no dropout, and either the last epoch or the one
that the images set aside chose; "constant" is the same pair with the source's constant step size and up to 30 epochs.
The rows beyond have all training images: 6 epochs of 224 px, or 8 of 64, 96 or 128 px.
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import blemish
from blemish.cpu import images_at_once
from blemish.datasets import Dataset, cut_tiles, read_dataset, with_duplicate_groups, with_splits
from blemish.detectors import Detector, source_of
from blemish.evaluation import Confusion
from blemish.images import read_image
from blemish.inspection import choose_split
from blemish.inspection.stream import inspect_stream
from blemish.locations import data_dir
from blemish.reports.image_tables import Case, draw_cases, notable_cases
from blemish.reports.plots import draw_confusion
from blemish.reports.png_figure import DEFECTIVE, NORMAL, png_figure

from cells import cell, paired, slug, spread
from machine import describe_machine

SMALL = {"epochs": 10, "patience": 3, "size_px": 64}
RESNET = {**SMALL, "encoder": "resnet18", "pretrained": False}
UNREGULARISED = {**RESNET, "small_stem": True, "augment": False, "dropout": 0.0}
LIKE_SOURCE = {**UNREGULARISED, "schedule": "constant", "epochs": 30, "patience": 5}
VARIANTS = {
    "mobilenet_v2": {**SMALL, "encoder": "mobilenet_v2"},
    "resnet18": RESNET,
    "resnet18 3x3": {**RESNET, "small_stem": True},
    "resnet18 3x3, unregularised": {**UNREGULARISED, "early_stopping": False},
    "resnet18 3x3, unregularised, early stopping": UNREGULARISED,
    "resnet18 3x3, constant": {**LIKE_SOURCE, "early_stopping": False},
    "resnet18 3x3, constant, early stopping": LIKE_SOURCE,
}
WHOLE = {
    "brickwork": {"mobilenet_v2, 224 px": {"encoder": "mobilenet_v2", "epochs": 6, "size_px": 224}},
    "tiles": {
        "mobilenet_v2, all tiles": {"encoder": "mobilenet_v2", "epochs": 8, "size_px": 64},
        # A step size that falls to nothing in the last epoch must not be stopped before it.
        "mobilenet_v2, all tiles, 96 px": {"encoder": "mobilenet_v2", "epochs": 8, "patience": 8, "size_px": 96},
        "mobilenet_v2, all tiles, 128 px": {"encoder": "mobilenet_v2", "epochs": 8, "patience": 8, "size_px": 128},
    },
}
PER_CLASS = 200
FIGURES = ("auroc", "average_precision", "accuracy", "precision", "recall", "f1")


def read(name: str, seed: int, out: Path) -> Dataset:
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds brickwork/ and deepcrack/.")
    if name == "brickwork":
        return with_splits(with_duplicate_groups(read_dataset(root / "brickwork")), test_fraction=0.2, seed=seed)
    tiles = out / "tiles-64"
    if not tiles.is_dir():
        print(cut_tiles(read_dataset(root / "deepcrack"), tiles, tile_px=64))
    return read_dataset(tiles)


def some(dataset: Dataset, per_class: int, seed: int) -> Dataset:
    """So many training images of each kind, and all others."""
    train = [sample for sample in dataset.samples if sample.split == "train"]
    chosen = set()
    for defective in (False, True):
        paths = sorted(sample.path for sample in train if sample.defective is defective)
        chosen |= set(random.Random(seed).sample(paths, min(per_class, len(paths))))
    return dataset.where(lambda sample: sample.split != "train" or sample.path in chosen)


def compute(dataset: Dataset, file: Path, settings: dict, seed: int) -> dict:
    started = time.process_time()
    detector = blemish.train("crack-classifier", dataset, file, settings=settings, seed=seed, say=print)
    fit_cpu_s = time.process_time() - started
    result = blemish.evaluate(dataset, detector=detector)
    metrics = result.metrics
    assert metrics.image.confusion is not None
    return {
        "image": metrics.to_record()["image"],
        "confusion": metrics.image.confusion.to_record(),
        "scores": [image.score for image in result.images],
        "last_epoch": curves(file)[-1],
        "n_train": detector.spec.provenance.n_train,
        "n_test": metrics.n,
        "fit_cpu_s": fit_cpu_s,
        "size_mb": file.stat().st_size / 1e6,
    }


def log_loss(record: dict, dataset: Dataset) -> float:
    """Cross-entropy of the test images: what overfitting harms first, as the network is ever more sure of itself."""
    truth = np.array([bool(sample.defective) for sample in choose_split(dataset, "test").samples])
    return float(np.logaddexp(0, np.where(truth, -1, 1) * np.array(record["scores"])).mean())


def curves(file: Path) -> list[dict[str, float]]:
    """Losses and accuracy by epoch, from the log beside a detector."""
    epochs: dict[int, dict[str, float]] = {}
    with (file.with_suffix(".training") / "metrics.csv").open(newline="") as log:
        for row in csv.DictReader(log):
            known = {name: float(row[name]) for name in ("train_loss", "val_loss", "val_accuracy") if row.get(name)}
            epochs.setdefault(int(row["epoch"]), {}).update(known)
    return [epochs[epoch] for epoch in sorted(epochs)]


def draw(
    pictures: Path, data: str, files: dict[str, list[Path]], cells: dict[str, list[dict]], dataset: Dataset
) -> None:
    """Curves of every row, its confusion matrix over all seeds, and what the first seed was most wrong about."""
    for row, of_row in files.items():
        stem = f"{data}-{slug(row)}"
        with png_figure(pictures / f"{stem}-curves.png", width_in=7.5, height_in=3, title=f"{row}, {data}") as figure:
            left, right = figure.subplots(1, 2)
            for number, file in enumerate(of_row):
                for axes, name, colour, label in (
                    (left, "train_loss", NORMAL, "training"),
                    (left, "val_loss", DEFECTIVE, "validation"),
                    (right, "val_accuracy", DEFECTIVE, ""),
                ):
                    values = [epoch[name] for epoch in curves(file)]
                    steps = range(1, len(values) + 1)
                    axes.plot(steps, values, marker="o", ms=3, color=colour, label="" if number else label)
            left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
            left.legend()
            right.set(xlabel="epoch", ylabel="validation accuracy", ylim=(None, 1.005))
            for axes in (left, right):
                axes.locator_params(axis="x", integer=True)
        together = sum((Confusion(**record["confusion"]) for record in cells[row]), Confusion())
        draw_confusion(pictures / f"{stem}-confusion.png", together, names=("normal", "cracked"), title=row)
        draw_cases(pictures / f"{stem}-cases.png", dict(cases(of_row[0], cells[row][0], dataset)), title=row)


def cases(file: Path, record: dict, dataset: Dataset) -> Iterator[tuple[str, list[Case]]]:
    """The most notable test images of one cell, with their class activation maps."""
    detector = blemish.load(file)
    test = choose_split(dataset, "test").samples
    scores = record["scores"]
    for kind, places in notable_cases(scores, [bool(sample.defective) for sample in test], count=6).items():
        shown = [(read_image(test[place].path), f"{scores[place]:.2f}") for place in places]
        yield kind, [Case(pixels, detector.score(pixels)[1], caption=caption) for pixels, caption in shown]


def speed(images: list[Path], out: Path, rounds: int = 5) -> None:
    """Images a second from files on disk to verdicts: decoded, scored and mapped, on as many threads as are allowed."""
    with tempfile.TemporaryDirectory() as folder:
        file = out / "brickwork" / slug("mobilenet_v2, 224 px") / "seed0.blemish"
        if not file.is_file():
            # Untrained numbers are as fast as trained ones.
            file = Path(folder) / "untrained.blemish"
            settings = {"epochs": 1, "pretrained": False, "size_px": 224}
            blemish.train("crack-classifier", some(read("brickwork", 0, out), 20, 0), file, settings=settings)
        print(f"\n{describe_machine('onnxruntime', 'openvino')}\n")
        print("| runtime | images/s (median) | least | most | CPU ms an image |")
        print("|---|---|---|---|---|")
        for runtime in ("onnxruntime", "openvino"):
            detector = blemish.load(file, images_at_once=images_at_once(len(images)), runtime=runtime)
            timed(detector, images[:20])
            started = time.process_time()
            speeds = sorted(len(images) / timed(detector, images) for _ in range(rounds))
            cpu_ms = 1e3 * (time.process_time() - started) / (rounds * len(images))
            shown = f"{statistics.median(speeds):.0f} | {speeds[0]:.0f} | {speeds[-1]:.0f} | {cpu_ms:.1f}"
            print(f"| {runtime} | {shown} |")


def timed(detector: Detector, images: list[Path]) -> float:
    started = time.perf_counter()
    answers = sum(found.score is not None for found in inspect_stream(detector, map(source_of, images)))
    assert answers == len(images)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=list(WHOLE), default="brickwork")
    parser.add_argument(
        "--rows", nargs="+", help="of the variants or the one with all images; all variants if left out"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/crack-classifier"))
    parser.add_argument("--pictures", type=Path, help="folder for curves, confusion matrices and notable images")
    parser.add_argument("--epochs", type=int, help="other than the row's own, to try the script")
    parser.add_argument("--speed", action="store_true", help="measure the speed of MobileNetV2 at 224 px alone")
    options = parser.parse_args()
    if options.speed:
        speed([sample.path for sample in read("brickwork", 0, options.out).samples], options.out)
        return
    rows = {**VARIANTS, **WHOLE[options.data]}
    names = options.rows or list(VARIANTS)
    if unknown := [name for name in names if name not in rows]:
        raise SystemExit(f'There is no row "{unknown[0]}"; there are {", ".join(rows)}.')
    cells: dict[str, list[dict]] = {name: [] for name in names}
    files: dict[str, list[Path]] = {name: [] for name in names}
    # Seed after seed, so that an unfinished run can be compared.
    for seed in options.seeds:
        dataset = read(options.data, seed, options.out)
        for name in names:
            settings = {**rows[name], **({"epochs": options.epochs} if options.epochs else {})}
            chosen = some(dataset, PER_CLASS, seed) if name in VARIANTS else dataset
            file = options.out / options.data / slug(name) / f"seed{seed}.blemish"
            record = cell(
                file.with_suffix(".json"),
                settings,
                lambda chosen=chosen, file=file, settings=settings, seed=seed: compute(chosen, file, settings, seed),
            )
            cells[name].append(record | {"log_loss": log_loss(record, dataset)})
            files[name].append(file)
    if options.pictures:
        draw(options.pictures, options.data, files, cells, read(options.data, options.seeds[0], options.out))
    report(options.data, cells)


def report(data: str, cells: dict[str, list[dict]]) -> None:
    print(
        f"\n{describe_machine()}\n\n| {data} | "
        + " | ".join(FIGURES)
        + " | log loss | trained on | tested on | CPU min | MB |"
    )
    print("|---" * (len(FIGURES) + 6) + "|")
    for name, records in cells.items():
        shown = [spread([record["image"][figure] for record in records]) for figure in FIGURES]
        shown.append(spread([record["log_loss"] for record in records]))
        cost = [
            statistics.mean(record[key] for record in records) for key in ("n_train", "n_test", "fit_cpu_s", "size_mb")
        ]
        numbers = f"{cost[0]:.0f} | {cost[1]:.0f} | {cost[2] / 60:.1f} | {cost[3]:.1f}"
        print(f"| {name} | {' | '.join(shown)} | {numbers} |")
    for last in ("resnet18 3x3, unregularised", "resnet18 3x3, constant"):
        stopped = f"{last}, early stopping"
        if stopped not in cells or last not in cells or len(cells[last]) < 2:
            continue
        for figure in ("accuracy", "log_loss"):
            pair = [[{**record["image"], **record}[figure] for record in cells[name]] for name in (stopped, last)]
            print(f"\n{stopped} minus last epoch, {figure}: {paired(*pair)}")


if __name__ == "__main__":
    main()
