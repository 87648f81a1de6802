"""Levels of sensitivity of a crack detector, from maps of networks that were trained without what these show.

python benchmarks/wild_sensitivity.py concrete-crack --maps runs/maps/*-left-out-seed0.npz \\
    --factor 0.482 --offset -1.609 --out graded.blemish

The maps are those that ``wild_cracks.py measure`` keeps of validation images; the detector itself was trained on such
images, and its test images choose nothing. Its own thresholds stay. The fractions are those of all images together, not
of the worst domain.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import blemish
from blemish.cli.printing import sensitivity_table
from blemish.inspection.sensitivity import SeenImage, levels_of
from wild_scoring import read_seen

SOURCE = "validation images of surfaces that the networks measured were trained without, and drawings kept apart"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector", help="a file, or the name of a bundled detector")
    parser.add_argument("--maps", type=Path, nargs="+", required=True)
    parser.add_argument("--factor", type=float, default=1.0, help="of the logits, as the detector was bundled with")
    parser.add_argument("--offset", type=float, default=0.0)
    parser.add_argument("--out", type=Path, required=True, help="detector file to write")
    options = parser.parse_args()
    detector = blemish.load(options.detector)
    seen = (image for file in options.maps for image in scaled(file, options.factor, options.offset))
    levels = levels_of(seen, detector.spec.thresholds, source=SOURCE)
    detector.with_spec(detector.spec.model_copy(update={"sensitivity": levels})).save(options.out)
    print(sensitivity_table(levels))


def scaled(file: Path, factor: float, offset: float) -> Iterator[SeenImage]:
    """The images of a file, with the slope and offset of the logits that the detector has."""
    for one in read_seen(file):
        inside = np.clip(one.map, 1e-6, 1 - 1e-6)
        logits = np.log(inside / (1 - inside)) * factor + offset
        yield np.asarray(1 / (1 + np.exp(-logits)), np.float32), one.truth, one.cracked


if __name__ == "__main__":
    main()
