"""Does training on classes beat training on their union? The source's table, and the effect of each step beyond it.

    export BLEMISH_DATA=… BLEMISH_WEIGHTS=… OMP_NUM_THREADS=1
    python benchmarks/steel_multiclass.py --data steel-sd900 --seeds 0 1 2 3 4 [--at-half]
    python benchmarks/steel_multiclass.py --data steel-sd900 --rows encoder --seeds 0 1 2
    python benchmarks/steel_multiclass.py --data magnetic-tile --rows "fast, 256 px, balanced" --seeds 0 1 2
    python benchmarks/steel_multiclass.py --data steel-sd900 --pictures FOLDER
    python benchmarks/steel_multiclass.py --data drawn --rows encoder --seeds 0 --pictures docs/pictures

Images that look the same are kept together (magnetic tiles: by ``groups.csv``), a fifth of the groups is for testing,
another fifth for each seed. The epoch and the thresholds are chosen on training images set aside. A finished cell is
never computed again.

"mean IoU" is the mean of the IoU of defect and the IoU of background, both pooled over all pixels of the test images,
whatever was trained: a pixel is a defect where its highest class reaches the one threshold. "IoU of classes" is the
mean over the defect classes, each with its own threshold and least area. Images are tested whole, at full resolution.
``--at-half`` scores finished cells as the source does, without any threshold that was chosen: a pixel is a defect where
the classes together are likelier than background. ``--at-edges`` says of finished cells how much of what is wrong lies
within 2 px of a labelled edge.

Settings that fit the three rows of the source into three minutes of a core each: crops of 96 px instead of the whole
image, 3×3 kernels and filters of 8-16-32-64, 12 epochs, and a step size of 1e-3, since 12 epochs of 640 images are a
tenth of the steps that 1e-4 was published for. The encoder row takes crops of 128 px and 8 epochs; "balanced" 12, with
images of rare classes shown as often as others; "union, long" crops of 192 px, 16 epochs and flips; the "fast" rows
have the network of fast-unet, which learns twice as many crops in the same time. What each step beyond is worth is told
by the rows called "short": an encoder, 5 epochs of crops of 96 px, one setting changed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.datasets import Dataset, Sample, read_dataset, with_duplicate_groups, with_splits
from blemish.detectors import Detector
from blemish.evaluation import ClassConfusion, ClassDice
from blemish.images import read_image
from blemish.inspection import choose_split
from blemish.locations import data_dir
from blemish.reports.image_tables import draw_table, mark_errors
from blemish.reports.plots import draw_class_confusion, draw_training_curves

from cells import cell, paired, slug, spread
from drawn_steel import draw_strips
from machine import describe_machine

PUBLISHED = {
    "network": "plain",
    "loss": "softmax",
    "learning_rate": 1e-3,
    "filters": [8, 16, 32, 64],
    "kernel_px": 3,
    "crop_px": 96,
    "epochs": 12,
    "patience": 12,
}
ENCODER = {"crop_px": 128, "epochs": 8, "patience": 8}
FAST = {"network": "fast", "tta": "flips"}
UNION_40 = {**FAST, "crop_px": 192, "epochs": 40, "patience": 40, "targets": "union"}
SHORT = {"crop_px": 96, "epochs": 5, "patience": 5}
ROWS = {
    "plain CNN": {**PUBLISHED, "network": "cnn", "targets": "union"},
    "binary U-Net": {**PUBLISHED, "targets": "union"},
    "multi-class U-Net": PUBLISHED,
    "encoder": ENCODER,
    "encoder, balanced": {"crop_px": 128, "epochs": 12, "patience": 12, "balance": True},
    "union, long": {"crop_px": 192, "epochs": 16, "patience": 16, "targets": "union", "tta": "flips"},
    "fast, union, 40 epochs": UNION_40,
    "fast, union, softmax": {**UNION_40, "loss": "softmax"},
    "fast, 256 px, balanced": {**FAST, "crop_px": 256, "epochs": 24, "patience": 24, "batch_size": 8, "balance": True},
    "short": SHORT,
    "short, union": {**SHORT, "targets": "union"},
    "short, softmax": {**SHORT, "loss": "softmax"},
    "short, focal": {**SHORT, "loss": "focal"},
    "short, lovasz": {**SHORT, "loss": "lovasz"},
    "short, balanced": {**SHORT, "balance": True},
    "short, gate": {**SHORT, "gate": True},
    "short, flips": {**SHORT, "tta": "flips"},
    "short, no weights": {**SHORT, "pretrained": False},
}
# RGB; one for each class, in order.
COLOURS = ((230, 60, 60), (60, 140, 255), (250, 190, 40), (40, 200, 90), (190, 80, 220))


def read(name: str, seed: int, out: Path) -> Dataset:
    if name == "drawn":
        return with_splits(read_dataset(draw_strips(out / "strips", 400)), test_fraction=0.2, seed=seed)
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds steel-sd900/ and magnetic-tile/.")
    return with_splits(with_duplicate_groups(read_dataset(root / name)), test_fraction=0.2, seed=seed)


def compute(dataset: Dataset, file: Path, settings: dict, seed: int) -> dict:
    started = time.process_time()
    detector = blemish.train("steel-multiclass", dataset, file, settings=settings, seed=seed, say=print)
    fit_cpu_s = time.process_time() - started
    test = choose_split(dataset, "test")
    return metrics(detector, test, dataset.classes) | {
        "n_train": detector.spec.provenance.n_train,
        "n_test": len(test),
        "fit_cpu_s": fit_cpu_s,
        "size_mb": file.stat().st_size / 1e6,
    }


def metrics(detector: Detector, test: Dataset, classes: tuple[str, ...]) -> dict:
    """IoU of defect and background; of a detector that tells classes apart also their IoU, Dice and confusion."""
    overlap, union = np.zeros(2, np.int64), np.zeros(2, np.int64)
    class_overlap, class_union = np.zeros(len(classes), np.int64), np.zeros(len(classes), np.int64)
    dice, pixels_by_class = ClassDice(classes), ClassConfusion(classes)
    for sample in test.samples:
        pixels = read_image(sample.path)
        answer = detector.inspect_pixels(pixels)
        truth = sample.read_class_masks(classes, *pixels.shape[:2])
        assert answer.anomaly_map is not None
        found = answer.anomaly_map >= detector.spec.thresholds.pixel
        for side, (one, other) in enumerate([(found, truth.any(axis=0)), (~found, ~truth.any(axis=0))]):
            overlap[side] += (one & other).sum()
            union[side] += (one | other).sum()
        if answer.class_masks is None:
            continue
        class_overlap += (answer.class_masks & truth).sum(axis=(1, 2))
        class_union += (answer.class_masks | truth).sum(axis=(1, 2))
        dice.add(answer.class_masks, truth)
        pairs = numbered(truth) * (len(classes) + 1) + numbered(answer.class_masks)
        pixels_by_class.counts += np.bincount(pairs.ravel(), minlength=pixels_by_class.counts.size).reshape(
            pixels_by_class.counts.shape
        )
    apart = bool(class_union.any())
    per_class = dict(zip(classes, (class_overlap / np.maximum(class_union, 1)).tolist(), strict=True))
    return {
        "defect_iou": overlap[0] / union[0],
        "mean_iou": float((overlap / union).mean()),
        "class_iou": statistics.mean(per_class.values()) if apart else None,
        "per_class": per_class if apart else None,
        "dice": [row.to_record() for row in dice.rows()],
        "pixels_by_class": pixels_by_class.counts.tolist() if apart else None,
    }


def at_half(detector: Detector, test: Dataset, classes: tuple[str, ...]) -> float:
    """Mean IoU where a defect is what all classes together give half the probability."""
    overlap, union = np.zeros(2, np.int64), np.zeros(2, np.int64)
    for sample in test.samples:
        pixels = read_image(sample.path)
        maps = detector.score(pixels)[1]
        assert maps is not None
        found = (maps if maps.ndim == 2 else maps.sum(axis=0)) >= 0.5
        truth = sample.read_class_masks(classes, *pixels.shape[:2]).any(axis=0)
        for side, (one, other) in enumerate([(found, truth), (~found, ~truth)]):
            overlap[side] += (one & other).sum()
            union[side] += (one | other).sum()
    return float((overlap / union).mean())


def near_edges(detector: Detector, test: Dataset, classes: tuple[str, ...]) -> float:
    """Fraction of the pixels wrongly called defect or background that lie within 2 px of a labelled edge."""
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    near, wrong = 0, 0
    for sample in test.samples:
        pixels = read_image(sample.path)
        anomaly_map = detector.inspect_pixels(pixels).anomaly_map
        truth = sample.read_class_masks(classes, *pixels.shape[:2]).any(axis=0)
        assert anomaly_map is not None
        errors = (anomaly_map >= detector.spec.thresholds.pixel) != truth
        edges = cv2.morphologyEx(truth.astype(np.uint8), cv2.MORPH_GRADIENT, around) > 0
        near += int((errors & edges).sum())
        wrong += int(errors.sum())
    return near / wrong if wrong else 0.0


def numbered(masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the first class of each pixel, from 1; 0 where there is none."""
    return np.where(masks.any(axis=0), masks.argmax(axis=0) + 1, 0)


def draw(pictures: Path, name: str, files: dict[str, Path], cells: dict[str, list[dict]], dataset: Dataset) -> None:
    """Loss curves of the first seed, pixels by class over all seeds, and two test images of each class."""
    for row, file in files.items():
        stem = f"{name}-{slug(row)}"
        log = file.with_suffix(".training") / "metrics.csv"
        draw_training_curves(pictures / f"{stem}-curves.png", log, title=f"{row}, {name}")
        counted = [record["pixels_by_class"] for record in cells[row] if record["pixels_by_class"]]
        if counted:
            confusion = ClassConfusion(dataset.classes)
            confusion.counts += np.sum(counted, axis=0)
            draw_class_confusion(pictures / f"{stem}-confusion.png", confusion, title=f"Pixels, {row}")
        detector = blemish.load(file)
        shown = [sample for label in dataset.classes for sample in images_of(label, dataset)]
        headings = ("image", "labelled", "found", "right, false, missed")
        overlays = [overlay(detector, sample, dataset.classes) for sample in shown]
        captions = [sample.masks[0].label for sample in shown if sample.masks]
        draw_table(pictures / f"{stem}-overlays.png", headings, overlays, captions=captions, title=f"{row}, {name}")


def images_of(label: str, dataset: Dataset, count: int = 2) -> list[Sample]:
    test = choose_split(dataset, "test").samples
    return [sample for sample in test if sample.masks and sample.masks[0].label == label][:count]


def overlay(detector: Detector, sample: Sample, classes: tuple[str, ...]) -> list[NDArray[np.uint8]]:
    """Image, true classes, classes found, errors. Square, so that images of any shape fit the grid."""
    pixels = read_image(sample.path)
    truth = sample.read_class_masks(classes, *pixels.shape[:2])
    answer = detector.inspect_pixels(pixels)
    assert answer.mask is not None
    found = answer.mask[None] if answer.class_masks is None else answer.class_masks
    return [
        pixels,
        coloured(pixels, truth),
        coloured(pixels, found),
        mark_errors(pixels, found.any(axis=0), truth.any(axis=0)),
    ]


def coloured(pixels: NDArray[np.uint8], masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    canvas = pixels.copy()
    for mask, colour in zip(masks, COLOURS, strict=False):
        canvas[mask] = (0.45 * canvas[mask] + 0.55 * np.array(colour)).astype(np.uint8)
    return canvas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=("steel-sd900", "magnetic-tile", "drawn"), default="steel-sd900")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS)[:3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/steel-multiclass"))
    parser.add_argument("--pictures", type=Path, help="folder for curves, confusion matrices and overlays")
    parser.add_argument("--at-half", action="store_true", help="also score as the source does; for softmax rows")
    parser.add_argument("--at-edges", action="store_true", help="also say how much of what is wrong lies at edges")
    parser.add_argument("--epochs", type=int, help="other than the row's own, to try the script")
    parser.add_argument("--limit", type=int, help="only so many training and so many test images, to try the script")
    options = parser.parse_args()
    cells: dict[str, list[dict]] = {row: [] for row in options.rows}
    # Seed after seed, so that an unfinished run can be compared.
    for seed in options.seeds:
        dataset = read(options.data, seed, options.out)
        if options.limit:
            dataset = some(dataset, options.limit)
        for row in options.rows:
            settings = {**ROWS[row], **({"epochs": options.epochs} if options.epochs else {})}
            file = options.out / options.data / slug(row) / f"seed{seed}.blemish"
            record = cell(
                file.with_suffix(".json"),
                settings,
                lambda dataset=dataset, file=file, settings=settings, seed=seed: compute(dataset, file, settings, seed),
            )
            if options.at_half:
                record["at_half"] = at_half(blemish.load(file), choose_split(dataset, "test"), dataset.classes)
            if options.at_edges:
                record["near_edges"] = near_edges(blemish.load(file), choose_split(dataset, "test"), dataset.classes)
            cells[row].append(record)
    if options.pictures:
        first = options.seeds[0]
        files = {row: options.out / options.data / slug(row) / f"seed{first}.blemish" for row in options.rows}
        draw(options.pictures, options.data, files, cells, read(options.data, first, options.out))
    report(options.data, cells)


def some(dataset: Dataset, limit: int) -> Dataset:
    """Images spread over all classes, so many of each split."""
    chosen = set()
    for split in ("train", "test"):
        paths = [sample.path for sample in dataset.samples if sample.split == split]
        chosen |= set(paths[:: max(1, len(paths) // limit)])
    return dataset.where(lambda sample: sample.path in chosen)


def report(data: str, cells: dict[str, list[dict]]) -> None:
    print(f"\n{describe_machine()}\n")
    print(f"| {data} | mean IoU | IoU of defect | IoU of classes | trained on | tested on | CPU min | MB |")
    print("|---" * 8 + "|")
    for row, records in cells.items():
        shown = [spread([record[name] for record in records]) for name in ("mean_iou", "defect_iou", "class_iou")]
        cost = [
            statistics.mean(record[key] for record in records) for key in ("n_train", "n_test", "fit_cpu_s", "size_mb")
        ]
        numbers = f"{cost[0]:.0f} | {cost[1]:.0f} | {cost[2] / 60:.1f} | {cost[3]:.1f}"
        print(f"| {row} | {' | '.join(shown)} | {numbers} |")
    names = ("mean_dice", "dice_where_present", "false_positive_rate", "false_negative_rate")
    for row, records in cells.items():
        if not records[0]["dice"]:
            continue
        print(f"\n| {row} | IoU | Kaggle's Dice | Dice where present | false-positive images | false-negative images |")
        print("|---" * 6 + "|")
        for place, of_class in enumerate(records[0]["dice"]):
            label = of_class["label"]
            iou = spread([record["per_class"].get(label) for record in records])
            rates = [spread([record["dice"][place][name] for record in records]) for name in names]
            print(f"| {label} | {iou} | {' | '.join(rates)} |")
    for name, what in (("at_half", "mean IoU at half"), ("near_edges", "errors within 2 px of an edge")):
        for row, records in cells.items():
            if name in records[0]:
                print(f"\n{row}, {what}: {spread([record[name] for record in records])}")
    for one, other in (("multi-class U-Net", "binary U-Net"), ("short", "short, union")):
        if one in cells and other in cells and len(cells[one]) > 1:
            for figure in [name for name in ("mean_iou", "at_half") if name in cells[one][0]]:
                pair = ([record[figure] for record in cells[name]] for name in (one, other))
                print(f"\n{one} minus {other}, {figure}: {paired(*pair)}")


if __name__ == "__main__":
    main()
