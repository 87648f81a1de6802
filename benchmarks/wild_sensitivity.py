"""Levels of sensitivity of a crack detector, measured on the test split of all its sources, written into its file.

export BLEMISH_DATA=… BLEMISH_WEIGHTS=… CRACK_SOURCES=…      # as for wild_cracks.py
python benchmarks/wild_sensitivity.py concrete-crack --out graded.blemish

The detector's own thresholds stay. Photos with masks are few, and every one that is no test photo was trained on, so
this counts as an opening of the test split. The fractions are those of all images together, not of the worst domain:
at most --max-images of each source, drawings among them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import blemish
from blemish.cli.printing import sensitivity_table
from blemish.datasets import Dataset, read_dataset
from blemish.inspection.sensitivity import measure_sensitivity
from wild_domains import RECIPE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector", help="a file, or the name of a bundled detector")
    parser.add_argument("--max-images", type=int, default=60, help="of each source")
    parser.add_argument("--out", type=Path, required=True, help="detector file to write")
    options = parser.parse_args()
    detector = blemish.load(options.detector)
    mixture = read_dataset(RECIPE)
    test = mixture.where(lambda sample: sample.split == "test")
    levels = measure_sensitivity(detector, some(test, options.max_images), source="test images of all sources")
    detector.with_spec(detector.spec.model_copy(update={"sensitivity": levels})).save(options.out)
    print(sensitivity_table(levels))


def some(dataset: Dataset, count: int) -> Dataset:
    """So many images of each source, evenly spread; a source's images share folder and first letter."""
    keys = [(sample.path.parent, sample.path.name[0]) for sample in dataset.samples]
    sizes, seen, kept = Counter(keys), Counter[tuple[Path, str]](), []
    for key, sample in zip(keys, dataset.samples, strict=True):
        if seen[key] * count // sizes[key] != (seen[key] + 1) * count // sizes[key] or sizes[key] <= count:
            kept.append(sample)
        seen[key] += 1
    return replace(dataset, samples=tuple(kept))


if __name__ == "__main__":
    main()
