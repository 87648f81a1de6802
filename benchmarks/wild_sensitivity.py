"""Levels of sensitivity of a crack detector, measured on what its training held out, written into its file.

export BLEMISH_DATA=… BLEMISH_WEIGHTS=… CRACK_SOURCES=…      # as for wild_cracks.py
python benchmarks/wild_sensitivity.py concrete-crack.blemish --seeds 0 --max-images 500 --out graded.blemish
python benchmarks/wild_sensitivity.py concrete-crack.blemish --test --out graded.blemish

Seeds and --max-images are those of the trainings whose weights the detector holds: they decide what was held out, a
tenth of the images with masks and a fifth of the crack-free ones. Of several seeds only what all held out is taken,
and that is soon too little; then --test takes the test split instead, which counts as an opening of it. The fractions
are those of all images together, not of the worst domain.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import blemish
from blemish.cli.printing import sensitivity_table
from blemish.datasets import Dataset, read_dataset
from blemish.inspection.sensitivity import measure_sensitivity
from blemish.training.splits import split_masked_images
from wild_domains import recipe_without


def held_out_by(seeds: list[int], mixture: Dataset) -> Dataset:
    """What no training with one of these seeds was fitted on."""
    kept: set[Path] | None = None
    for seed in seeds:
        split = split_masked_images(mixture, seed=seed, say=lambda _: None)
        apart = {sample.path for sample in (*split.held_out.samples, *split.calibration.samples)}
        kept = apart if kept is None else kept & apart
    return mixture.where(lambda sample: sample.path in (kept or set()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector", help="a file, or the name of a bundled detector")
    images = parser.add_mutually_exclusive_group(required=True)
    images.add_argument("--seeds", type=int, nargs="+", help="what the trainings with these seeds held out")
    images.add_argument("--test", action="store_true", help="the test split")
    parser.add_argument("--max-images", type=int, help="of each source")
    parser.add_argument("--out", type=Path, required=True, help="detector file to write")
    options = parser.parse_args()
    detector = blemish.load(options.detector)
    with tempfile.TemporaryDirectory() as folder:
        mixture = read_dataset(recipe_without("none", Path(folder), max_images=options.max_images))
    if options.test:
        chosen, source = mixture.where(lambda sample: sample.split == "test"), "the test split of all sources"
    else:
        chosen, source = held_out_by(options.seeds, mixture), "what the training held out, of all sources"
    levels = measure_sensitivity(detector, chosen, source=source)
    detector.with_spec(detector.spec.model_copy(update={"sensitivity": levels})).save(options.out)
    print(sensitivity_table(levels))


if __name__ == "__main__":
    main()
