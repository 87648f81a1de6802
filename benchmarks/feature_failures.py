"""What a feature method got most wrong, as a picture: what scored least of each class, and most of normal images.

    BLEMISH_DATA=… python benchmarks/feature_failures.py magnetic-tile patchcore --pictures /tmp/failures

For a cell that `benchmarks/feature_methods.py` has measured into `--out`. All maps of a picture share one scale, from
half of what the false alarms reach (black) to the highest value shown (white), so that rows can be compared.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import blemish
from blemish.images import read_image
from blemish.reports.image_tables import draw_table, mark_errors

from feature_methods import METHODS, SETS, read_set, slug

EACH = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("method", choices=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/features"))
    parser.add_argument("--pictures", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    stem = f"{options.set}_{slug(options.method)}_{options.seed}"
    file = options.out / f"{stem}.json"
    if not file.is_file():
        raise SystemExit(f"There is no {file}; measure that cell with benchmarks/feature_methods.py first.")
    worst = json.loads(file.read_text())["worst"]
    detector = blemish.load(options.out / f"{stem}.blemish")
    dataset = read_set(options.set, options.seed, options.out)
    samples = {str(sample.path.relative_to(dataset.root)): sample for sample in dataset.samples}
    shown = [("normal", path) for path in worst["false_alarms"][:EACH]]
    shown += [(kind, path) for kind, paths in worst["missed"].items() for path in paths[:EACH]]
    pictures, maps = [], []
    for _, path in shown:
        pixels = read_image(samples[path].path)
        score, anomaly_map = detector.score(pixels)
        masked = samples[path].masks is not None and samples[path].defective
        truth = samples[path].read_mask(*pixels.shape[:2]) if masked else np.zeros(pixels.shape[:2], np.bool_)
        pictures.append((pixels, mark_errors(pixels, truth, truth), score))
        maps.append(anomaly_map)
    low = float(np.median([each.max() for each, (kind, _) in zip(maps, shown, strict=True) if kind == "normal"]))
    high = max(max(float(each.max()) for each in maps), low + 1e-9)
    rows = [
        [pixels, marked, np.clip((anomaly_map - low / 2) / (high - low / 2), 0, 1)]
        for (pixels, marked, _), anomaly_map in zip(pictures, maps, strict=True)
    ]
    limit = detector.spec.thresholds.reject
    assert limit is not None
    captions = []
    for (kind, _), (_, _, score) in zip(shown, pictures, strict=True):
        said = {(True, True): "false alarm", (False, False): f"missed: {kind}"}.get(
            (kind == "normal", score >= limit), kind
        )
        captions.append(f"{said}\n{score:.2f}")
    title = f"{options.set}, {options.method}, rejected from {limit:.2f}"
    target = options.pictures / f"{stem}.png"
    draw_table(target, ["image", "label", "map"], rows, captions=captions, title=title)
    print(f"Drew {target}.")


if __name__ == "__main__":
    main()
