"""What int8 changes: F1 of a crack detector in float32 and as ``blemish export --to int8`` writes it.

    BLEMISH_DATA=… CRACK_SOURCES=… python benchmarks/int8_drift.py [--detector concrete-crack] [--images 80]
        [--out benchmarks/out/crack-int8.blemish] [--record int8-drift]
    python benchmarks/inspect_speed.py --detectors concrete-crack benchmarks/out/crack-int8.blemish   # how fast it is

Images with masks, none from a test split: DeepCrack's training images, of which ``concrete-crack`` learned nothing, and
the training sides of the photographs that it learned from. Of each source, every other group of images is given to the
export (half of these set the ranges, the others are its own comparison); F1 is measured on the remaining groups, at the
detector's own thresholds. CRACK_SOURCES is that of wild_cracks.py.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import blemish
from blemish.datasets import Sample, read_dataset
from blemish.detectors import Detector
from blemish.evaluation import ToleranceCounts, count_within
from blemish.inspection import choose_split, export
from blemish.locations import data_dir
from wild_domains import validation_set

from machine import describe_machine
from result_files import Column, Row, Table, record
from result_tables import markdown

DOMAINS = ("structures", "pavements", "asphalt", "drone")
DEEPCRACK = "DeepCrack, training images"
TOLERANCES_PX = (0.0, 2.0)
NUMBERS = ("float32", "int8")
AIM = 0.002


@dataclass
class Counts:
    """Of one source, or of all."""

    images: int = 0
    verdicts_changed: int = 0
    pixels: dict[str, list[ToleranceCounts]] = field(
        default_factory=lambda: {name: [ToleranceCounts()] * len(TOLERANCES_PX) for name in NUMBERS}
    )

    def __add__(self, other: Counts) -> Counts:
        pixels = {
            name: [one + another for one, another in zip(self.pixels[name], other.pixels[name], strict=True)]
            for name in NUMBERS
        }
        return Counts(self.images + other.images, self.verdicts_changed + other.verdicts_changed, pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", default="concrete-crack")
    parser.add_argument("--images", type=int, default=80, help="of each source at most, on either side")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/crack-int8.blemish"))
    parser.add_argument("--max-drift", type=float, default=0.05, help="of blemish export")
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    if data_dir() is None or "CRACK_SOURCES" not in os.environ:
        raise SystemExit("Set BLEMISH_DATA to the folder with deepcrack/ and open-cracks/, and CRACK_SOURCES.")
    sides = {name: dealt(samples, options.images) for name, samples in sources().items()}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    given = [sample.path for calibrating, _ in sides.values() for sample in calibrating]
    float32 = blemish.load(options.detector)
    exported = export(float32, to="int8", out=options.out, data=given, max_drift=options.max_drift, force=True)
    print(exported, "\n", describe_machine("onnxruntime", "onnx"), "\n")
    int8 = blemish.load(options.out)
    found = {name: counted(float32, int8, measured) for name, (_, measured) in sides.items()}
    found["all"] = sum(found.values(), Counts())
    table = table_of(found)
    print(markdown(table))
    moved = max(abs(drift(found["all"], number)) for number in range(len(TOLERANCES_PX)))
    print(f"F1 of all moves by {moved:.4f} at most (aim: {AIM}).")
    if options.record:
        command = f"python benchmarks/int8_drift.py --images {options.images} --record {options.record}"
        record(
            options.record,
            "F1 in int8 beside float32",
            f"{len(given)} images with masks given to the export and {found['all'].images} others measured, none of a "
            f"test split, by groups; ONNX Runtime, the detector's own thresholds; {exported.drift}",
            [command],
            {"f1": table},
        )


def sources() -> dict[str, list[Sample]]:
    """Images with masks by where they come from, on the training side."""
    root = data_dir()
    assert root is not None
    found = {DEEPCRACK: list(choose_split(read_dataset(root / "deepcrack"), "train").samples)}
    with tempfile.TemporaryDirectory() as folder:
        for name in DOMAINS:
            found[name] = [sample for sample in validation_set(name, Path(folder)).samples if sample.masks]
    return found


def dealt(samples: list[Sample], most: int) -> tuple[list[Sample], list[Sample]]:
    """Those for the export and those to measure on: whole groups in turn, at most so many of each, evenly taken."""
    groups: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda one: str(one.path)):
        groups.setdefault(str(sample.path) if sample.group is None else sample.group, []).append(sample)
    sides: tuple[list[Sample], list[Sample]] = ([], [])
    for number, group in enumerate(groups.values()):
        sides[number % 2].extend(group)
    calibrating, measured = (side[:: max(1, -(-len(side) // most))] for side in sides)
    return calibrating, measured


def counted(float32: Detector, int8: Detector, samples: list[Sample]) -> Counts:
    """Both detectors on images with masks."""
    total = Counts()
    for sample in samples:
        pixels = sample.read_image()
        truth = sample.read_mask(*pixels.shape[:2])
        answers = [detector.inspect_pixels(pixels) for detector in (float32, int8)]
        counts = {}
        for name, answer in zip(NUMBERS, answers, strict=True):
            counts[name] = list(
                count_within(truth & False if answer.mask is None else answer.mask, truth, TOLERANCES_PX)
            )
        total += Counts(1, answers[0].verdict != answers[1].verdict, counts)
    return total


def drift(counts: Counts, number: int) -> float:
    """F1 in int8 less F1 in float32, at the tolerance of that number."""
    before, after = (counts.pixels[name][number].f1 or 0.0 for name in NUMBERS)
    return after - before


def table_of(found: dict[str, Counts]) -> Table:
    titles = ("F1", "F1 within 2 px")
    rows = []
    for name, counts in found.items():
        cells: dict[str, float] = {"images": float(counts.images)}
        for number, title in enumerate(titles):
            cells |= {f"{title}, {one}": counts.pixels[one][number].f1 or 0.0 for one in NUMBERS}
            cells[f"{title}, moved by"] = drift(counts, number)
        cells["verdicts changed"] = float(counts.verdicts_changed)
        rows.append(Row(name=(name,), cells=cells))
    columns = [Column(name="images", digits=0)]
    for title in titles:
        columns += [Column(name=f"{title}, {one}", digits=4) for one in (*NUMBERS, "moved by")]
    columns.append(Column(name="verdicts changed", digits=0))
    return Table(stub=("images with masks",), columns=tuple(columns), rows=tuple(rows))


if __name__ == "__main__":
    main()
