"""The bundled crack detector on real images that it has never seen, and on real images that show no crack.

    BLEMISH_DATA=… python benchmarks/concrete_crack.py [--detector concrete-crack]

Nothing is chosen here: thresholds are those in the file, set on drawn images.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import blemish
from blemish.datasets import Dataset, cut_tiles, read_dataset
from blemish.detectors import Detector
from blemish.images import read_image
from blemish.inspection import choose_split, evaluate
from blemish.locations import data_dir

from machine import describe_machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", default="concrete-crack")
    options = parser.parse_args()
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds deepcrack/, brickwork/, casting/, magnetic-tile/.")
    detector = blemish.load(options.detector)
    print(describe_machine("onnxruntime"), "\n")
    pixels(detector, root / "deepcrack")
    print("\n| crack-free images | n | rejected | to review or rejected | unknown surface | with any outline |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for tile_px in (64, 128):
            tiles = Path(folder) / str(tile_px)
            cut_tiles(choose_split(read_dataset(root / "deepcrack"), "test"), tiles, tile_px=tile_px)
            flagged(f"DeepCrack test, {tile_px}-px tiles", detector, normal_of(read_dataset(tiles)))
    flagged("brickwork, Negative", detector, normal_of(read_dataset(root / "brickwork")))
    flagged("magnetic tile, free", detector, normal_of(read_dataset(root / "magnetic-tile")))
    flagged("castings, ok (test)", detector, normal_of(choose_split(read_dataset(root / "casting"), "test")))


def pixels(detector: Detector, data: Path) -> None:
    """Figures per pixel on the 237 test images."""
    result = evaluate(data, detector=detector)
    rejected = sum(image.verdict == "reject" for image in result.images)
    metrics = result.metrics.details()["pixel"]
    names = ("f1", "f1_2px", "f1_5px", "precision", "recall", "iou", "average_precision", "auroc")
    print("| DeepCrack test | " + " | ".join(names) + " | images rejected |")
    print("|---" * (len(names) + 2) + "|")
    row = " | ".join(f"{metrics[name]:.4f}" for name in names)
    print(f"| {result.metrics.n} images | {row} | {rejected / result.metrics.n:.3f} |")


def normal_of(dataset: Dataset) -> Dataset:
    return dataset.where(lambda sample: sample.defective is False)


def flagged(name: str, detector: Detector, normal: Dataset) -> None:
    """How many images without a crack are called cracked."""
    found = [detector.inspect_pixels(read_image(Path(sample.path))) for sample in normal.samples]
    count = len(found)
    rejected = sum(each.verdict == "reject" for each in found) / count
    doubted = sum(each.verdict in ("review", "reject") for each in found) / count
    unknown = sum(each.verdict == "unknown surface" for each in found) / count
    outlined = sum(bool(each.regions) for each in found) / count
    print(f"| {name} | {count} | {rejected:.3f} | {doubted:.3f} | {unknown:.3f} | {outlined:.3f} |")


if __name__ == "__main__":
    main()
